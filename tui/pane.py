"""A pane: one subject of the screen. A new one is a file beside this one and a line in panes.py."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from k8sai.fleet.answers import PodRow
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.direct import Empty
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line
from k8sai.tui.keymap import Key
from k8sai.tui.lines import Lines, beside
from k8sai.tui.opening import Opening
from k8sai.tui.subject import Subject


class Title(Lines):
    """The rule above a pane: what it shows, how many, narrowed by what, sorted and coloured how."""

    def __init__(self, desk: Desk, pane: "Pane") -> None:
        super().__init__(desk, classes="title")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        rule = self.desk.glyphs.rule
        left: Line = ((rule + " ", "dim"), *self.pane.title_line(), (" ", "dim"))
        right: Line = ((" ", "dim"), *self.pane.title_end(), (" " + rule, "dim"))
        line = beside(left, right, width)
        return [
            tuple((rule * len(text), "dim") if text.isspace() and len(text) > 1 else (text, ink) for text, ink in line)
        ]


class Pane(Vertical, Empty):
    """What the app asks of every pane, whatever it is made of.

    Things on a pane (rows, cells of a map) are known by keys. A pane says which is under the cursor (`cursor`), which
    are shown (`shown`), and which object of the cluster a key means (`subject_at`): describe, YAML, logs, why, events
    and owner then work on it. `marked` are the keys that `space` marked; `subjects` is what an action is about.
    Keys of its own go into `own_keys`, with the name of an `action_…` method of the pane: bindings, `?` and the palette
    are made from them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [  # a screen of Textual takes tab for itself: a pane has to ask first
        Binding("tab", "app.turn(1)", show=False),
        Binding("shift+tab", "app.turn(-1)", show=False),
    ]

    stem: ClassVar[str]  # its file, and its name in the app
    title: ClassVar[str]
    home: ClassVar[str] = ""  # the pane in the footer it belongs to, when it is opened on a subject
    words: ClassVar[tuple[str, ...]] = ()  # what `:` knows it by, besides its stem
    about: ClassVar[str] = ""  # one line of help
    own_keys: ClassVar[tuple[Key, ...]] = ()  # beside those of the app

    def __init_subclass__(cls, **options: Any) -> None:
        cls.BINDINGS = [*cls.BINDINGS, *(Binding(key.keys, key.action, show=False) for key in cls.own_keys)]
        super().__init_subclass__(**options)

    class Go(Message):
        """Open another pane, on some subject."""

        def __init__(self, stem: str, **subject: str) -> None:
            super().__init__()
            self.stem = stem
            self.subject = subject

    def __init__(self, desk: Desk) -> None:
        super().__init__(id=self.stem, classes="pane")
        self.desk = desk
        self.filter = Filter()
        self.subject: Mapping[str, str] = {}
        self.complaint = ""  # why the filter cannot be used
        self.marked: set[str] = set()

    # --- what its keys mean -------------------------------------------------------------------------------------------

    def cursor(self) -> str | None:
        """The key under the cursor; None where there is none."""
        return None

    def shown(self) -> Sequence[str]:
        """All keys, in the order they are shown."""
        return ()

    def subject_at(self, key: str) -> Subject | None:
        """The object of the cluster a key means; None for one that means no single object."""
        return None

    def pod(self, key: str) -> PodRow | None:
        """The pod a key is about, in panes that show pods: their keys are namespace/name."""
        return None

    def subjects(self) -> list[Subject]:
        """What an action is about: what is marked and shown, else what is under the cursor."""
        keys = [key for key in self.shown() if key in self.marked] if self.marked else []
        if not keys and (key := self.cursor()) is not None:
            keys = [key]
        found = (self.subject_at(key) for key in keys)
        return [subject for subject in found if subject is not None]

    def mark(self) -> None:
        """Mark what is under the cursor, or take its mark away."""
        if (key := self.cursor()) is not None:
            self.marked ^= {key}
            self.paint_marks()

    def mark_range(self) -> None:
        """Mark everything between the cursor and the nearest mark above it, else below it."""
        keys, at = list(self.shown()), self.cursor()
        if at is None or at not in keys:
            return
        here = keys.index(at)
        marks = [number for number, key in enumerate(keys) if key in self.marked]
        above = [number for number in marks if number < here]
        other = above[-1] if above else next((number for number in marks if number > here), here)
        self.marked.update(keys[min(here, other) : max(here, other) + 1])
        self.paint_marks()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked.clear()
        self.paint_marks()

    def paint_marks(self) -> None:
        """Other things are marked now."""
        self.repaint()

    # --- what the app tells it ----------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        """The pane is opened on a subject; an empty one is everything."""
        self.subject = subject

    def narrow(self, typed: str) -> None:
        """`/` says what to show."""
        self.filter = Filter(typed)

    def tick(self) -> None:
        """The fleet changed or time went on: paint what is visible again."""

    def repaint(self) -> None:
        """A key was pressed that changes how things look: paint now."""

    def refresh_now(self) -> None:
        """Ask the fleet again, and put everything in order."""
        self.repaint()

    def come(self) -> None:
        """It is in front now: take the keys."""
        self.cursor_widget().focus()

    def cursor_widget(self) -> Widget:
        """What has the cursor, and answers the keys that move it."""
        return self

    def point_at(self, key: str) -> None:
        """Put the cursor on a key, where it is shown."""

    def find(self, subject: Subject) -> str | None:
        """The key that means an object, where it is shown."""
        return next((key for key in self.shown() if self.subject_at(key) == subject), None)

    # Keys that not every pane has a use for; those that have say what they do.

    def cycle_sort(self, step: int) -> None:
        """Sort by the next or previous column."""

    def turn_round(self) -> None:
        """The other way round."""

    def pause(self, paused: bool) -> None:
        """Hold what is shown, or go on."""

    def toggle_wide(self) -> None:
        """Every column, or those that fit."""

    def toggle_trouble(self) -> bool | None:
        """Only what has something wrong, or all again; None where nothing can be wrong."""
        return None

    def letters(self) -> Mapping[str, Field]:
        """The keys, with shift, that sort."""
        return {}

    def sort_by(self, sort: str) -> None:
        """Sort by this column, or turn the order round when it is sorted by already."""

    def sheet(self) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """What is shown as headings and rows of text, to be saved; no headings where there is nothing to save."""
        return (), ()

    def open(self, opening: Opening) -> None:
        """What the command's flags ask for, before the pane is first shown; what they do not say stays as it is."""

    # --- what survives a restart --------------------------------------------------------------------------------------

    def remember(self) -> dict[str, Any]:
        """What to keep for the next start, as JSON."""
        return {"filter": "" if self.subject else self.filter.typed}  # on a subject it means nothing elsewhere

    def recall(self, kept: Mapping[str, Any]) -> None:
        """What was kept, before the pane is first shown; whatever cannot be used is left out."""
        if isinstance(typed := kept.get("filter"), str):
            self.filter = Filter(typed)

    def title_line(self) -> Line:
        return ((self.title, "strong"),)

    def title_end(self) -> Line:
        return ()
