"""The keys of the map: moves among cells and cards, nearer and further, and the mouse."""

from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from k8sai.fleet.answers import NodeRow
from k8sai.tui.desk import Desk
from k8sai.tui.keymap import Key
from k8sai.tui.map_cards import Boxes
from k8sai.tui.map_field import MapField
from k8sai.tui.map_side import Cards, Said, Side
from k8sai.tui.map_view import View
from k8sai.tui.pane import Pane

MOVES: Final[tuple[Key, ...]] = (
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


class MapMoves(Pane):
    """A pane that looks at `view`; its subclass shows it, in `regroup`, `_show` and `_tell`."""

    stem = "map"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("h", "across(-1)", show=False)]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.view = View()
        self.field = MapField(desk, self.view, self.marked)
        self.cards = Cards(desk, self.view)
        self.side = Side(desk, self.view)
        self.said = Said(desk, self.view)
        self._column: int | None = None  # where moving up and down began

    def regroup(self) -> None:
        """Put the nodes into their groups anew."""

    def _show(self) -> None:
        """The level, or what is on it, has changed."""

    def _tell(self) -> None:
        """Say again what is said about the map."""

    def row(self, name: str) -> NodeRow | None:
        """A node as it is now; None once nothing knows it."""
        try:
            return self.desk.node(name)
        except KeyError:
            return None

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
