"""The Map pane: every physical GPU of the cluster in one picture, from all of it down to one card."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from k8sai.errors import K8saiError
from k8sai.fleet.chart import GROUPINGS
from k8sai.fleet.query import NodeQuery
from k8sai.tui.blank import nothing_matches, what_is_missing
from k8sai.tui.desk import Desk
from k8sai.tui.direct import Empty
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, Run
from k8sai.tui.keymap import Key
from k8sai.tui.map_moves import MOVES, MapMoves
from k8sai.tui.map_plan import SCALES
from k8sai.tui.map_side import Legend
from k8sai.tui.opening import Opening
from k8sai.tui.pane import Title
from k8sai.tui.subject import Subject, node, pod
from k8sai.tui.words import clean, without_vendor

_REARRANGE_EVERY = 1.0  # seconds; nodes that move more often cannot be read
_SHARE = 10  # arranging may cost at most a tenth of the time
_WIDE: Final = 130  # columns from which what is under the cursor is told beside the map
_CARD: Final = "\0"  # between node and card in a key


class Beside(Horizontal, Empty):
    """What stands side by side."""


class Map(MapMoves):
    """A cell per GPU; `View` says what is looked at, `MapField` paints it, this turns keys into moves."""

    stem = "map"
    title = "Map"
    words = ("slots", "gpus", "ma")
    about = "every GPU in one picture, from the cluster down to a card"
    own_keys = (
        Key("enter,plus,equals_sign", "enter +", "nearer: cluster, group, node, card", "Look", "nearer", "Map: nearer"),
        Key("escape", "esc", "clear the filter, else further away, else back", "Look", "further_or_back", "Map: back"),
        Key("minus,underscore", "-", "further away", "Look", "further", "Map: further away"),
        Key("b", "b", "group by product, zone, NVLink clique", "Look", "grouping", "Map: group by the next thing"),
        Key("z", "z", "size: what fits, a character, signs, a line per node", "Look", "scale", "Map: other size"),
        *MOVES,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.paused = False
        self.every = False
        self.heading = Title(desk, self)
        self.legend = Legend(desk, self.field)
        self._arranged = -1  # the fleet's count at the last look
        self._due = 0.0

    def compose(self) -> ComposeResult:
        yield self.heading
        yield Beside(self.field, self.cards, self.side, classes="map")
        yield self.legend
        yield self.said

    def on_mount(self) -> None:
        self.cards.display = False
        self.side.display = False

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _query(self) -> NodeQuery:
        return NodeQuery(
            text=self.filter.text,
            labels=self.filter.labels,
            product=self.subject.get("product", ""),
            gpu_only=not self.every,
        )

    def regroup(self) -> None:
        """Put the nodes into their groups anew."""
        began = time.perf_counter()
        self._arranged = self.desk.fleet.arranged()
        try:
            self.view.arrange(self.desk.fleet.chart(self.view.by, self._query()))
            self.complaint = ""
        except K8saiError as error:  # a filter half typed: keep what is shown, and say why
            self.complaint = error.message
        ended = time.perf_counter()
        self._due = ended + max(_REARRANGE_EVERY, _SHARE * (ended - began))
        self._show()

    def _show(self) -> None:
        """The level, or what is on it, has changed."""
        near = self.view.level in ("node", "card")
        self.cards.display, self.field.display = near, not near
        self.side.display = not near and self.app.size.width >= _WIDE
        width, height = self.field.size
        self.field.blank = () if self.view.names else self._blank(width or self.app.size.width, height or 10)
        self.field.arranged()
        self._tell()
        if self.is_mounted and self.app.focused in (self.field, self.cards, None):
            self.come()

    def _blank(self, width: int, height: int) -> Sequence[Line]:
        if self.filter.typed:
            return nothing_matches(self.filter.typed, width, height)
        return what_is_missing(self.desk, width, height)

    def _tell(self) -> None:
        for each in (self.heading, self.cards, self.side, self.legend, self.said):
            if each.display:
                each.repaint()

    def on_resize(self) -> None:
        self.side.display = self.view.level in ("cluster", "group") and self.app.size.width >= _WIDE

    # --- what the app asks --------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        group = {word: value for word, value in subject.items() if word != "node"}
        back = subject == self.subject and bool(self.view.names)
        if subject != self.subject:
            self.filter = Filter()
            self.marked.clear()
        super().arrive(group)
        if back:  # as it was left, at once; if nodes have come or gone, the next frame shows that
            self._due = 0.0
            self.field.look()
            self._tell()
        else:
            self.regroup()
        if (named := subject.get("node")) and self.view.point_at(named):
            self.field.reveal()
        self.come()

    def come(self) -> None:
        self.cursor_widget().focus()

    def cursor_widget(self) -> Widget:
        return self.cards if self.cards.display else self.field

    def narrow(self, typed: str) -> None:
        super().narrow(typed)
        self.regroup()

    def tick(self) -> None:
        if not self.paused:
            fleet = self.desk.fleet
            stale = fleet.arranged() != self._arranged or not self.view.names
            if stale and time.perf_counter() >= self._due:
                self.regroup()
            if self.field.display:
                self.field.look()
                self.field.look_ahead()
        self._tell()

    def repaint(self) -> None:
        self.field.repaint()
        self._tell()

    def refresh_now(self) -> None:
        self.regroup()

    def pause(self, paused: bool) -> None:
        self.paused = paused
        self._due = 0.0
        self._tell()

    def toggle_every(self) -> None:
        self.every = not self.every
        self.regroup()

    def open(self, opening: Opening) -> None:
        if opening.nodes:
            self.filter = Filter(opening.nodes)

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "by": self.view.by, "scale": self.view.scale}

    def recall(self, kept: Mapping[str, Any]) -> None:
        super().recall(kept)
        if kept.get("by") in GROUPINGS:
            self.view.by = kept["by"]
        if kept.get("scale") in SCALES:
            self.view.scale = kept["scale"]

    def cursor(self) -> str | None:
        view = self.view
        if not view.names:
            return None
        return f"{view.node}{_CARD}{view.card}" if view.level in ("node", "card") else view.node

    def shown(self) -> Sequence[str]:
        return self.view.names

    def point_at(self, key: str) -> None:
        if self.view.point_at(key.partition(_CARD)[0]):
            self.field.reveal()
            self._tell()

    def subject_at(self, key: str) -> Subject | None:
        name, _, card = key.partition(_CARD)
        row = self.row(name) if card else None
        if row is not None and int(card) < len(row.slots):
            holder = row.slots[int(card)].holder
            if holder is not None and any(each.uid == holder.uid for each in row.holders):
                return pod(holder.namespace, holder.name)
        return node(name)

    def sheet(self) -> tuple[Sequence[str], list[Sequence[str]]]:
        tallies = [(group, self.desk.tally(group.nodes)) for group in self.view.every]
        titles = (self.view.by.upper(), "NODES", "CARDS", "USED", "FREE", "UNHEALTHY")
        return titles, [
            (group.name, str(len(group.nodes)), *(f"{each:g}" for each in (t.cards, t.used, t.free, t.unhealthy)))
            for group, t in tallies
        ]

    # --- the title ----------------------------------------------------------------------------------------------------

    def title_line(self) -> Line:
        view, arrow = self.view, self.desk.glyphs.arrow
        count = f" {len(view.names):,} node{'s' if len(view.names) != 1 else ''}"
        runs: list[Run] = [("Map", "strong"), (count, "accent")]
        if product := self.subject.get("product"):
            runs += [(" of ", "dim"), (clean(product), "strong")]
        if view.level == "group" or (view.level in ("node", "card") and len(view.groups) < len(view.every)):
            runs += [(f" {arrow} ", "dim"), (without_vendor(clean(view.groups[0].name)) or "none", "strong")]
        if view.level in ("node", "card"):
            runs += [(f" {arrow} ", "dim"), (view.node, "strong")]
        if view.level == "card":
            runs += [(f" {arrow} ", "dim"), (f"card {view.card}", "strong")]
        dot = f" {self.desk.glyphs.dot} "
        if self.filter.typed:
            runs += [(dot, "dim"), (f"/{self.filter.typed}", "warn")]
        if self.marked:
            runs += [(dot, "dim"), (f"{len(self.marked)} marked", "accent")]
        if self.complaint:
            runs += [(dot, "dim"), (self.complaint, "bad")]
        return tuple(runs)

    def title_end(self) -> Line:
        dot = f" {self.desk.glyphs.dot} "
        paused: list[Run] = [(" PAUSED ", "mark"), (dot, "dim")] if self.paused else []
        near = self.view.level in ("node", "card")  # how nodes are grouped is of no use there, and room is short
        groups: list[Run] = [] if near else [("by ", "dim"), (self.view.by, "plain"), (dot, "dim")]
        return (*paused, *groups, ("colour ", "dim"), (self.desk.tint, "plain"))
