"""The line that `/` and `:` open at the bottom of the screen."""

from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from k8sai.tui.panes import PANES

Mode = Literal["/", ":"]


class Prompt(Horizontal):
    """Hidden until asked for. Says every change of a filter, and the finished line of a command."""

    class Changed(Message):
        """The filter as it is being typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Enter (`kept`) or esc."""

        def __init__(self, mode: Mode, text: str, kept: bool) -> None:
            super().__init__()
            self.mode = mode
            self.text = text
            self.kept = kept

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self.mode: Mode = "/"
        self.sign = Static("/", id="prompt-sign")
        self.input = Input(id="prompt-input", compact=True, select_on_focus=False)
        self._commands = SuggestFromList([*(pane.stem for pane in PANES), "quit", "help"], case_sensitive=False)
        self.display = False

    def compose(self) -> ComposeResult:
        yield self.sign
        yield self.input

    def open(self, mode: Mode, text: str = "") -> None:
        """Show it, with the filter as it stands."""
        self.mode = mode
        self.sign.update(mode)
        self.input.suggester = self._commands if mode == ":" else None
        with self.input.prevent(Input.Changed):
            self.input.value = text
        self.input.cursor_position = len(text)
        self.display = True
        self.input.focus()

    def _close(self, kept: bool) -> None:
        self.display = False
        self.post_message(self.Closed(self.mode, self.input.value, kept))

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self.display and self.mode == "/":
            self.post_message(self.Changed(message.value))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._close(True)

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self._close(False)
        elif event.key == "tab":  # completes a command, as a shell does, and never leaves the line
            event.stop()
            event.prevent_default()
            if self.mode == ":":
                self.input.action_cursor_right()
