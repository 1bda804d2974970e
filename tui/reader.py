"""A screen of text above the panes: describe, YAML, events, why, logs. Read in a thread, searched, saved and copied."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from k8sai.errors import K8saiError
from k8sai.tui.background import begin, in_thread
from k8sai.tui.desk import Desk
from k8sai.tui.help import key_lines
from k8sai.tui.ink import Line, Run
from k8sai.tui.keymap import TEXT_KEYS, Key
from k8sai.tui.lines import Lines, beside
from k8sai.tui.prompt import Prompt
from k8sai.tui.saving import save_text
from k8sai.tui.text import Text
from k8sai.tui.told import Told, room

if TYPE_CHECKING:
    from k8sai.tui.frame import Frame

Read = Callable[[], Sequence[Line]]
_COPIED = 100_000  # characters; terminals drop more


class Reader(ModalScreen[None]):
    """`read` is asked in a thread; what it raises is the text. `name` is what a saved file is called."""

    KEYS: ClassVar[tuple[Key, ...]] = TEXT_KEYS
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("esc", "close"),
        ("/", "search"),
        ("n N", "next, previous"),
        ("w", "wrap"),
        ("c", "copy"),
        ("ctrl-s", "save"),
        ("?", "help"),
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.keys, key.action, key.words, show=False) for key in TEXT_KEYS if key.action),
        Binding("ctrl+c", "app.help_quit", show=False),
    ]

    def __init__(self, app: "Frame", title: str, name: str, read: Read, *, suffix: str = "txt") -> None:
        super().__init__(classes="reader")
        self.cockpit = app
        self.desk = app.desk
        self.heading = Heading(app.desk, self)
        self.text = Text(app.desk)
        self.hints = Hints(app.desk, self)
        self.prompt = Prompt()
        self.subject_title = title
        self.file = name
        self.suffix = suffix
        self.state = ""  # what goes on, said at the right of the title
        self._read = read

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.text
        yield self.hints
        yield self.prompt

    def on_mount(self) -> None:
        self.text.focus()
        self.action_again()

    def tell(self, state: str) -> None:
        """Say at the right of the title what goes on."""
        self.state = state
        self.heading.repaint()

    def words(self) -> Line:
        """What the title says after the name."""
        return ()

    # --- reading ------------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        self.tell(f"reading {self.desk.glyphs.dots}")
        begin(self, self._ask, "reading")

    async def _ask(self) -> None:
        try:
            lines = await in_thread(self._read)
        except K8saiError as error:
            lines = sentence(error)
        self.text.say(lines)
        self.tell("")

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, rows: int) -> None:
        self.text.move(rows)

    def action_page(self, direction: int) -> None:
        self.text.page(direction)

    def action_edge(self, direction: int) -> None:
        self.text.edge(direction)

    def action_sideways(self, cells: int) -> None:
        self.text.sideways(cells)

    def action_wrap(self) -> None:
        self.text.toggle_wrap()
        self.heading.repaint()

    def action_found(self, by: int) -> None:
        self.text.step(by)
        self.heading.repaint()

    def action_help(self) -> None:
        self.app.push_screen(Told(self.desk, "Keys", key_lines(self.KEYS, room(self.app.size.width))))

    def action_copy(self) -> None:
        text = "\n".join(self.text.plain())
        self.app.copy_to_clipboard(text[:_COPIED])
        cut = f" (the first {_COPIED:,} characters)" if len(text) > _COPIED else ""
        self.cockpit.say(f"Given to the terminal to copy{cut}; not every terminal takes it.", wrong=False)

    def action_save(self) -> None:
        lines, at = self.text.plain(), self.desk.now()
        name = f"{self.desk.feed.context}-{self.file}"

        async def save() -> None:
            try:
                path = await in_thread(lambda: save_text(self.cockpit.saves, name, at, self.suffix, lines))
            except K8saiError as error:
                self.cockpit.say(error.message)
            else:
                self.cockpit.say(f"Saved to {path}", wrong=False)

        begin(self, save, "saving")

    # --- searching ----------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        pattern = self.text.pattern
        self.prompt.open("/", pattern.pattern if pattern is not None else "")

    def on_prompt_changed(self, message: Prompt.Changed) -> None:
        message.stop()
        self.text.search(message.text)
        self.heading.repaint()

    def on_prompt_closed(self, message: Prompt.Closed) -> None:
        message.stop()
        if not message.kept:
            self.text.search("")
        self.text.focus()
        self.heading.repaint()


def sentence(error: K8saiError) -> list[Line]:
    """What went wrong, and the next command."""
    hint: list[Line] = [(), ((error.hint, "key"),)] if error.hint else []
    return [((error.message, "bad"),), *hint]


class Heading(Lines):
    """The rule above the text: what it is of, what was found in it, and what goes on."""

    def __init__(self, desk: Desk, reader: Reader) -> None:
        super().__init__(desk, classes="title")
        self.reader = reader

    def lines(self, width: int, height: int) -> Sequence[Line]:
        rule, dot = self.desk.glyphs.rule, f" {self.desk.glyphs.dot} "
        text = self.reader.text
        left: list[Run] = [(rule + " ", "dim"), (self.reader.subject_title, "strong"), *self.reader.words()]
        if text.pattern is not None:
            at = f"{text.at + 1} of " if text.found else ""
            left += [(dot, "dim"), (f"/{text.pattern.pattern}", "warn"), (f" {at}{len(text.found)}", "dim")]
        if not text.wrap:
            left += [(dot, "dim"), ("long lines are cut", "dim")]
        return [beside(tuple(left), ((" ", "dim"), (self.reader.state, "warn"), (" " + rule, "dim")), width)]


class Hints(Lines):
    """The last line: the keys most needed here."""

    def __init__(self, desk: Desk, reader: Reader) -> None:
        super().__init__(desk, classes="hints")
        self.reader = reader

    def lines(self, width: int, height: int) -> Sequence[Line]:
        runs: list[Run] = []
        left = width
        for key, words in self.reader.HINTS:
            left -= len(key) + len(words) + 3
            if left < 0:
                break
            runs += [(f" {key}", "key"), (f" {words} ", "dim")]
        return [tuple(runs)]
