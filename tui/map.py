"""The Map pane: every physical GPU of the cluster in one picture, from all of it down to one card."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from k8sai.errors import K8saiError
from k8sai.fleet.answers import NodeRow
from k8sai.fleet.chart import GROUPINGS
from k8sai.fleet.query import NodeQuery
from k8sai.tui.blank import nothing_matches, what_is_missing
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, Run
from k8sai.tui.keymap import Key
from k8sai.tui.map_cards import Boxes
from k8sai.tui.map_field import MapField
from k8sai.tui.map_plan import SCALES
from k8sai.tui.map_side import Cards, Legend, Said, Side
from k8sai.tui.map_view import View
from k8sai.tui.opening import Opening
from k8sai.tui.pane import Pane, Title
from k8sai.tui.subject import Subject, node, pod
from k8sai.tui.words import clean, without_vendor

_REARRANGE_EVERY = 1.0  # seconds; nodes that move more often cannot be read
_SHARE = 10  # arranging may cost at most a tenth of the time
_WIDE: Final = 130  # columns from which what is under the cursor is told beside the map
_CARD: Final = "\0"  # between node and card in a key

_MOVES: Final[tuple[Key, ...]] = (
    Key("left", "left", "one cell left", "Move", "across(-1)", "Cell left"),
    Key("right", "right", "one cell right", "Move", "across(1)", "Cell right"),
    Key("up,k", "up k", "one line up", "Move", "down(-1)", "Line up"),
    Key("down,j", "down j", "one line down", "Move", "down(1)", "Line down"),
    Key("pageup,ctrl+b", "pgup ctrl-b", "one page up; near: the node before", "Move", "page(-1)", "Page up"),
    Key("pagedown,ctrl+f", "pgdn ctrl-f", "one page down; near: the node after", "Move", "page(1)", "Page down"),
    Key("home,g", "home g", "the first", "Move", "edge(-1)", "First"),
    Key("end,G", "end G", "the last", "Move", "edge(1)", "Last"),
    Key("left_curly_bracket,ctrl+up", "{ ctrl-up", "the group before", "Move", "group(-1)", "Group before"),
    Key("right_curly_bracket,ctrl+down", "} ctrl-down", "the next group", "Move", "group(1)", "Next group"),
)


class Map(Pane):
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
        *_MOVES,
    )

    BINDINGS: ClassVar[list[BindingType]] = [Binding("h", "across(-1)", show=False)]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.view = View()
        self.paused = False
        self.every = False
        self.heading = Title(desk, self)
        self.field = MapField(desk, self.view, self.marked)
        self.cards = Cards(desk, self.view)
        self.side = Side(desk, self.view)
        self.legend = Legend(desk, self.field)
        self.said = Said(desk, self.view)
        self._arranged = -1  # the fleet's count at the last look
        self._due = 0.0
        self._column: int | None = None  # where moving up and down began

    def compose(self) -> ComposeResult:
        yield self.heading
        yield Horizontal(self.field, self.cards, self.side, classes="map")
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
        if subject != self.subject:
            self.filter = Filter()
            self.marked.clear()
        super().arrive({word: value for word, value in subject.items() if word != "node"})
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

    def row(self, name: str) -> NodeRow | None:
        """A node as it is now; None once nothing knows it."""
        try:
            return self.desk.node(name)
        except KeyError:
            return None

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
        runs: list[Run] = [("Map", "strong"), (f" {len(view.names):,} nodes", "accent")]
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
        return (*paused, ("by ", "dim"), (self.view.by, "plain"), (f"{dot}colour ", "dim"), (self.desk.tint, "plain"))

    # --- keys ---------------------------------------------------------------------------------------------------------

    @property
    def _near(self) -> bool:
        return self.view.level in ("node", "card")

    def _go(self, number: int, *, column: bool = False) -> None:
        if not self.view.names:
            return
        before = self.view.at
        if not column:
            self._column = None
        self.view.go(number)
        if self._near:
            self._tell()
        else:
            self.field.moved(before)
            self.said.repaint()
            if self.side.display:
                self.side.repaint()

    def _turn(self, card: int) -> None:
        """Another card of the node."""
        row = self.row(self.view.node)
        if row is not None and row.slots:
            self.view.card = max(0, min(card, len(row.slots) - 1))
        self._tell()

    def action_across(self, step: int) -> None:
        if self._near:
            self._turn(self.view.card + step)
        else:
            self._go(self.view.at + step)

    def action_down(self, step: int) -> None:
        if self._near:
            row = self.row(self.view.node)
            boxes = Boxes(len(row.slots) if row else 0, *self.cards.size)
            self._turn(self.view.card + step * (boxes.across if self.view.level == "node" else 1))
        elif self.view.names:
            if self._column is None:
                self._column = self.view.plan.place(self.view.at)[0]
            self._go(self.view.plan.moved(self.view.at, step, self._column), column=True)

    def action_page(self, step: int) -> None:
        if self._near:
            self._go(self.view.at + step)
        elif self.view.names:
            tall = max(1, self.field.size.height - 1)
            if self._column is None:
                self._column = self.view.plan.place(self.view.at)[0]
            self._go(self.view.plan.moved(self.view.at, step * tall, self._column), column=True)

    def action_edge(self, step: int) -> None:
        if self._near:
            self._turn(0 if step < 0 else 1_000_000)
        else:
            self._go(0 if step < 0 else len(self.view.names) - 1)
            if step < 0:
                self.field.scroll_to(y=0, animate=False)

    def action_group(self, step: int) -> None:
        if self.view.names:
            self._go(self.view.plan.group_start(self.view.at, step))

    def action_nearer(self) -> None:
        if self.view.level == "card":
            self.post_message(self.Go("node", node=self.view.node))
        elif self.view.zoom_in():
            self._show()

    def action_further(self) -> None:
        if self.view.zoom_out():
            self._show()

    async def action_further_or_back(self) -> None:
        if not self.filter.typed and self.view.zoom_out():
            self._show()
        else:
            await self.app.run_action("back")

    def action_grouping(self) -> None:
        self.view.next_grouping()
        self.regroup()

    def action_scale(self) -> None:
        self.view.next_scale()
        self._show()

    def on_map_field_laid(self, message: MapField.Laid) -> None:
        message.stop()
        self._tell()

    def on_map_field_pointed(self, message: MapField.Pointed) -> None:
        message.stop()
        self._go(message.node)
        if message.twice:
            self.action_nearer()

    def on_cards_pointed(self, message: Cards.Pointed) -> None:
        message.stop()
        self._turn(message.card)
        if message.twice:
            self.action_nearer()
