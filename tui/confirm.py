"""A question with a consequence: y does it, everything else leaves things as they are."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import wrap
from k8sai.tui.told import Sheet


class Confirm(ModalScreen[bool]):
    """`question` names what it is about; `sentences` say what will be, `command` does the same in a shell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("escape,n,q", "answer(False)", show=False),
        Binding("ctrl+c", "app.help_quit", show=False),
    ]

    def __init__(self, desk: Desk, question: str, sentences: Sequence[str], command: str, width: int) -> None:
        super().__init__()
        self.question = question
        said: list[Line] = [((part, "plain"),) for one in sentences for part in wrap(one, width)]
        said += [(), (("In a shell: ", "dim"),), *(((part, "key"),) for part in wrap(command, width))]
        self.frame = VerticalScroll(Sheet(desk, said), classes="told")
        self.frame.border_title = question
        self.frame.border_subtitle = "y does it, esc leaves it"

    def compose(self) -> ComposeResult:
        yield self.frame

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
