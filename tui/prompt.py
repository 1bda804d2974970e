"""The line that `/` and `:` open at the bottom of a screen."""

from collections.abc import Callable, Sequence
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

Mode = Literal["/", ":"]
Candidates = Callable[[str], Sequence[str]]
_MOST = 50  # lines remembered of each kind


class Prompt(Horizontal):
    """Hidden until asked for. Says every change of a filter, and the finished line of a command.

    Tab goes through what `candidates` offers for the line as it was typed; up and down through lines given before.
    """

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

    def __init__(self, candidates: Candidates = lambda line: ()) -> None:
        super().__init__(classes="prompt")
        self.mode: Mode = "/"
        self.sign = Static("/", classes="prompt-sign")
        self.input = Input(classes="prompt-input", compact=True, select_on_focus=False)
        self.given: dict[Mode, list[str]] = {"/": [], ":": []}
        self._candidates = candidates
        self._suggester = _First(candidates)
        self._recalled = 0  # lines back from the newest
        self._typed = ""  # the line before tab completed it
        self._turn = -1  # which candidate is shown
        self.display = False

    def compose(self) -> ComposeResult:
        yield self.sign
        yield self.input

    def open(self, mode: Mode, text: str = "") -> None:
        """Show it, with the filter as it stands."""
        self.mode = mode
        self.sign.update(mode)
        self.input.suggester = self._suggester if mode == ":" else None
        self._recalled = 0
        self._turn = -1
        with self.input.prevent(Input.Changed):
            self.input.value = text
        self.input.cursor_position = len(text)
        self.display = True
        self.screen.set_focus(self.input)  # at once: what is typed next is for this line

    def _close(self, kept: bool) -> None:
        self.display = False
        text = self.input.value
        if kept and text.strip():
            given = self.given[self.mode]
            given[:] = [*(line for line in given if line != text), text][-_MOST:]
        self.post_message(self.Closed(self.mode, text, kept))

    def _say(self, text: str) -> None:
        self.input.value = text
        self.input.cursor_position = len(text)

    def _recall(self, step: int) -> None:
        given = self.given[self.mode]
        self._recalled = max(0, min(len(given), self._recalled + step))
        self._say(given[-self._recalled] if self._recalled else "")

    def _complete(self, step: int) -> None:
        if self._turn < 0:
            self._typed = self.input.value
        found = self._candidates(self._typed)
        if found:
            self._turn = (self._turn + step) % len(found) if self._turn >= 0 else (0 if step > 0 else len(found) - 1)
            self._say(found[self._turn])

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self.display and self.mode == "/":
            self.post_message(self.Changed(message.value))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._close(True)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("tab", "shift+tab"):  # completes a command, as a shell does, and never leaves the line
            event.stop()
            event.prevent_default()
            if self.mode == ":":
                self._complete(1 if event.key == "tab" else -1)
            return
        self._turn = -1
        if event.key == "escape":
            event.stop()
            self._close(False)
        elif event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._recall(1 if event.key == "up" else -1)


class _First(Suggester):
    """Shows the rest of the first candidate behind the cursor."""

    def __init__(self, candidates: Candidates) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._candidates = candidates

    async def get_suggestion(self, value: str) -> str | None:
        return next(iter(self._candidates(value)), None) if value else None
