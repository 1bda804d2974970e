"""Screens above the panes that only tell: the help, and everything known of one pod. Esc leaves them."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import Lines

_WIDEST = 84  # columns of the frame, as its style says
_AROUND = 6  # columns of its border, its padding and the scroll bar


def room(screen: int) -> int:
    """The columns a sheet has for text on a screen of so many."""
    return min(_WIDEST, screen * 96 // 100) - _AROUND


class Sheet(Lines):
    """Lines in as much height as they need."""

    def __init__(self, desk: Desk, said: Sequence[Line]) -> None:
        super().__init__(desk, classes="sheet")
        self._sheet = said
        self.styles.height = len(said)

    def lines(self, width: int, height: int) -> Sequence[Line]:
        return self._sheet


class Told(ModalScreen[None]):
    """A sheet of lines in a frame, scrolled where it is longer than the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+f,space", "scroll(10)", show=False),
        Binding("pageup,ctrl+b", "scroll(-10)", show=False),
    ]

    def __init__(self, desk: Desk, title: str, said: Sequence[Line]) -> None:
        super().__init__()
        self.sheet = Sheet(desk, said)
        self.frame = VerticalScroll(self.sheet, classes="told")
        self.frame.border_title = title
        self.frame.border_subtitle = "esc closes"

    def compose(self) -> ComposeResult:
        yield self.frame

    def action_scroll(self, rows: int) -> None:
        self.frame.scroll_relative(y=rows, animate=False)
