"""Beside and below the map: the cards of a node, what is under the cursor, and what the colours mean."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from k8sai.fleet.answers import NodeRow
from k8sai.fleet.tables import amount, percent, status
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import STATE_INK, look_of, short, slot_run
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import Lines
from k8sai.tui.map_cards import Boxes, card_lines, one_card
from k8sai.tui.map_field import MapField
from k8sai.tui.map_paint import legend, looks_of
from k8sai.tui.map_view import View
from k8sai.tui.nodes import holders
from k8sai.tui.words import age, clean, without_vendor

_LISTED = 32  # cards told one by one
_LEGEND_FROM = 34  # lines of the screen, as in the frame


class Cards(Lines):
    """The node under the cursor, a box per card; or one card of it."""

    can_focus = True

    class Pointed(Message):
        """A click on a card; twice opens it."""

        def __init__(self, card: int, twice: bool) -> None:
            super().__init__()
            self.card = card
            self.twice = twice

    def __init__(self, desk: Desk, view: View) -> None:
        super().__init__(desk, classes="cards")
        self.view = view

    def lines(self, width: int, height: int) -> Sequence[Line]:
        row = _row(self.desk, self.view.node)
        if row is None:
            return [((f" {self.view.node} is gone: it was deleted, and no pod names it", "bad"),)]
        if not row.slots:
            return [((f" {self.view.node} has no cards", "dim"),)]
        at = min(self.view.card, len(row.slots) - 1)
        draw = one_card if self.view.level == "card" else card_lines
        return draw(self.desk, row, at, width, height)

    def on_click(self, event: events.Click) -> None:
        row = _row(self.desk, self.view.node)
        if row is not None and self.view.level == "node":
            card = Boxes(len(row.slots), *self.size).at(event.x, event.y)
            if card is not None:
                self.post_message(self.Pointed(card, event.chain == 2))


class Side(Lines):
    """What is under the cursor, in full, where the screen is wide."""

    def __init__(self, desk: Desk, view: View) -> None:
        super().__init__(desk, classes="side")
        self.view = view

    def lines(self, width: int, height: int) -> Sequence[Line]:
        row = _row(self.desk, self.view.node) if self.view.names else None
        if row is None:
            return []
        side = "│ " if self.desk.glyphs.rule == "─" else "| "
        told = [fit(line, width - 2, Field(""), self.desk.glyphs.dots) for line in self._told(row)]
        return [((side, "dim"), *line) for line in (*told, *[()] * height)][:height]

    def _told(self, row: NodeRow) -> list[Line]:
        desk, figures, state = self.desk, row.figures, status(row)
        lines: list[Line] = [((row.name, "strong"),), ((without_vendor(clean(row.product)), "plain"),)]
        for word, value in (("zone", row.zone), ("clique", clean(row.clique)), ("age", age(row.created, desk.now()))):
            if value:
                lines.append(((f"{word:<7}", "dim"), (value, "plain")))
        lines.append((("status ", "dim"), (state.text, state.tone)))
        free = "good" if row.largest_free > 0 else "dim"
        held = (f"{amount(figures.used)} of {amount(figures.allocatable)}", "plain")
        lines.append((("held   ", "dim"), held, (f"  {amount(figures.free)} free", free)))
        if row.utilization is not None:
            lines.append((("busy   ", "dim"), (percent(row.utilization), "accent")))
        lines.append(())
        since = {pod.uid: pod.since for pod in desk.fleet.pods_on(row.name)}
        for number, slot in enumerate(row.slots[:_LISTED]):
            sign, ink = slot_run(slot, desk.glyphs, desk.slot_ink)
            runs: list[Run] = [(f"{number:>2} ", "dim"), (sign, ink), (" ", "plain")]
            if slot.holder is not None:
                name, who = desk.holder_name(slot.holder)
                runs += [(name, who), (f"/{slot.holder.name}", "plain")]
                runs.append((f" {age(since.get(slot.holder.uid, ''), desk.now())}", "dim"))
                if slot.utilization is not None:
                    runs.append((f" {percent(slot.utilization)}", "accent"))
                if slot.idle:
                    runs.append((" idle", "warn"))
            else:
                runs.append((short(slot.state), STATE_INK[slot.state]))
            lines.append(tuple(runs))
        return lines


class Said(Lines):
    """One line: what is under the cursor."""

    def __init__(self, desk: Desk, view: View) -> None:
        super().__init__(desk, classes="said")
        self.view = view

    def lines(self, width: int, height: int) -> Sequence[Line]:
        row = _row(self.desk, self.view.node) if self.view.names else None
        if row is None:
            return []
        near = self.view.level in ("node", "card")
        runs = self._card(row) if near and row.slots else self._node(row)
        return [fit(tuple(runs), width, Field(""), self.desk.glyphs.dots)]

    def _node(self, row: NodeRow) -> list[Run]:
        desk, figures, state = self.desk, row.figures, status(row)
        dot = f" {desk.glyphs.dot} "
        runs: list[Run] = [(f" {row.name}", "strong"), (f" {without_vendor(clean(row.product))}", "plain")]
        runs += [(dot, "dim"), (f"{amount(figures.used)}/{amount(figures.allocatable)} held", "plain")]
        free = "good" if row.largest_free > 0 else "dim"
        runs += [(dot, "dim"), (f"{amount(figures.free)} free", free)]
        if state.tone != "good":
            runs += [(dot, "dim"), (state.text, state.tone)]
        if row.holders:
            runs += [(dot, "dim"), *holders(row, desk)]
        idle = sum(bool(slot.idle) for slot in row.slots)
        if idle:
            runs += [(dot, "dim"), (f"{idle} idle", "warn")]
        if row.utilization is not None:
            runs += [(dot, "dim"), (f"{percent(row.utilization)} busy", "accent")]
        for value in (clean(row.clique), row.zone):
            if value:
                runs += [(dot, "dim"), (value, "dim")]
        return runs

    def _card(self, row: NodeRow) -> list[Run]:
        desk = self.desk
        at = min(self.view.card, len(row.slots) - 1)
        slot = row.slots[at]
        dot = f" {desk.glyphs.dot} "
        look = look_of(slot)
        runs: list[Run] = [(f" {row.name} card {at}", "strong"), (dot, "dim")]
        runs.append((short(look), STATE_INK[look]))
        if slot.holder is not None:
            holder = slot.holder
            name, who = desk.holder_name(holder)
            runs += [(dot, "dim"), (name, who), (f"/{holder.name}", "plain")]
            since = next((pod.since for pod in desk.fleet.pods_on(row.name) if pod.uid == holder.uid), "")
            told = (clean(holder.owner), f"queue {holder.queue}" if holder.queue else "", age(since, desk.now()))
            runs += [run for each in told if each for run in ((dot, "dim"), (each, "plain"))]
        if slot.utilization is not None:
            runs += [(dot, "dim"), (f"{percent(slot.utilization)} busy", "accent")]
        if slot.device:
            runs += [(dot, "dim"), (clean(slot.device), "dim")]
        return runs


class Legend(Lines):
    """What the colours and signs mean."""

    def __init__(self, desk: Desk, field: MapField) -> None:
        super().__init__(desk, classes="legend")
        self.field = field

    def lines(self, width: int, height: int) -> Sequence[Line]:
        view = self.field.view
        near = view.level in ("node", "card")
        scale = "signs" if near else view.plan.scale
        said = self.app.size.height >= _LEGEND_FROM  # the footer says what the signs mean
        if near:
            here = self.desk.glances([view.node])
            return [legend(self.desk, scale, width, looks_of(here), lambda: here, signs_too=not said)]
        field = self.field
        return [legend(self.desk, scale, width, field.looks, lambda: field.seen, signs_too=not said)]


def _row(desk: Desk, name: str) -> NodeRow | None:
    try:
        return desk.node(name)
    except KeyError:
        return None
