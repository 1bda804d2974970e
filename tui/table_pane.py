"""A pane that is one table."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from k8sai.errors import K8saiError
from k8sai.tui.blank import nothing_matches, what_is_missing
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, Run, flat
from k8sai.tui.pane import Pane, Title
from k8sai.tui.subject import Subject, pod
from k8sai.tui.table import VirtualTable

_RESORT_EVERY = 1.0  # seconds; rows that move more often cannot be read
_AT_ONCE = 0.02  # seconds an ordering may take within the frame of a key
_RESORT_SHARE = 10  # sorting may cost at most one tenth of the time


class TablePane(Pane):
    """A pane that is one table. Subclasses say `fields`, `order` and `cells`, and what Enter does in `choose`.

    One that can tell what is wrong says so with `finds_trouble`, and heeds `only_trouble` in `order`; one that shows
    things of namespaces says `namespaced`, and heeds `desk.namespace`.
    """

    fields: ClassVar[tuple[Field, ...]]
    sorts_first: ClassVar[str] = "name"
    finds_trouble: ClassVar[bool] = False
    namespaced: ClassVar[bool] = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.sort = self.sorts_first
        self.reverse = False
        self.table = VirtualTable(desk, self.fields, self)
        self.table.marked = self.marked
        self.heading = Title(desk, self)
        self.only_trouble = False
        self._resort_at = 0.0
        self._cost = 0.0  # seconds the last ordering took
        self._due: bool | None = None  # an ordering that waits for the next frame, and whether it forgets the cursor
        self._seen_version = -1
        self._last_keys: Sequence[str] = ()
        self._last_from: object = None  # what they were made from

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.table

    def on_mount(self) -> None:
        self._show_sort()

    # --- for subclasses -----------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        """The keys of all rows in the wanted order. May raise Usage when the filter cannot be used."""
        return ()

    def order_from(self) -> object:
        """All that the order is made from: while it is equal nobody needs to ask for it. None: nobody knows."""
        return None

    def cells(self, key: str) -> tuple[Line, ...]:
        """A row, one line per field."""
        return ()

    def cursor(self) -> str | None:
        return self.table.cursor_key

    def shown(self) -> Sequence[str]:
        return self.table.keys

    def subject_at(self, key: str) -> Subject | None:
        found = self.pod(key)
        return None if found is None else pod(found.namespace, found.name)

    def paint_marks(self) -> None:
        self.table.remark()
        self.heading.repaint()

    def mark(self) -> None:
        super().mark()
        self.table.action_move(1)  # as k9s does: marking many is holding the key

    def paint_rest(self) -> None:
        """Paint what the pane has besides its table."""
        self.heading.repaint()

    def choose(self, key: str) -> None:
        """Enter on a row."""

    def pointed(self, key: str) -> None:
        """The cursor went to a row."""

    def count(self) -> int:
        """How many things are shown."""
        return len(self.table.keys)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        """What to say when there is nothing to show and no filter is to blame."""
        return what_is_missing(self.desk, width, height)

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def keys(self) -> Sequence[str]:
        began = time.perf_counter()
        try:
            self._last_from = self.order_from()
            self._last_keys = self.order()
            self.complaint = ""
        except K8saiError as error:  # a filter half typed: keep what is shown, and say why
            self.complaint = error.message
        ended = time.perf_counter()
        self._cost = ended - began
        self._resort_at = ended + max(_RESORT_EVERY, _RESORT_SHARE * self._cost)
        return self._last_keys

    def blank(self, width: int, height: int) -> Sequence[Line]:
        if self.filter.typed:
            return nothing_matches(self.filter.typed, width, height)
        return self.missing(width, height)

    # --- what the app calls -------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        elsewhere = subject != self.subject
        if elsewhere:
            self.filter = Filter()
            self.marked.clear()
        super().arrive(subject)
        if elsewhere or self._seen_version < 0:
            self._seen_version = self.desk.fleet.version
            self.table.reorder(forget=elsewhere)
            self.paint_rest()
        else:  # as it was left, at once; what has changed since comes with the next frame
            self._reorder_later()
            self.paint_rest()

    def narrow(self, typed: str) -> None:
        super().narrow(typed)
        self.reorder(forget=True)

    def tick(self) -> None:
        version = self.desk.fleet.version
        if not self.table.paused and version != self._seen_version and time.perf_counter() >= self._resort_at:
            self._seen_version = version
            self._renew()
        else:
            self.table.repaint()
        self.paint_rest()

    def _renew(self, *, forget: bool = False) -> None:
        """What is shown, as it is now: in a new order only if there may be one."""
        made_from = self.order_from()
        if forget or made_from is None or made_from != self._last_from or self.complaint:
            self.table.reorder(forget=forget)
        else:
            self.table.repaint()

    def repaint(self) -> None:
        self.table.repaint()
        self.paint_rest()

    def refresh_now(self) -> None:
        self.table.reorder()
        self.paint_rest()

    def cursor_widget(self) -> Widget:
        return self.table

    def point_at(self, key: str) -> None:
        self.table.point_at(key)

    def toggle_wide(self) -> None:
        self.table.toggle_wide()

    def toggle_trouble(self) -> bool | None:
        if not self.finds_trouble:
            return None
        self.only_trouble = not self.only_trouble
        self.reorder(forget=True)
        return self.only_trouble

    def sheet(self) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        titles = [field.title for field in self.fields]
        return titles, ([flat(cell).strip() for cell in self.cells(key)] for key in self.table.keys)

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "sort": self.sort, "reverse": self.reverse, "wide": self.table.wide}

    def recall(self, kept: Mapping[str, Any]) -> None:
        super().recall(kept)
        if kept.get("sort") in {field.sort for field in self.fields if field.sort}:
            self.sort, self.reverse = kept["sort"], kept.get("reverse") is True
        self.table.wide = kept.get("wide") is True

    def reorder(self, *, forget: bool = False) -> None:
        """A key asks for another order: at once, or where that takes long after the key itself has been painted."""
        if self._cost <= _AT_ONCE:
            self.table.reorder(forget=forget)
        else:
            self._reorder_later(forget=forget)
        self.paint_rest()

    def _reorder_later(self, *, forget: bool = False) -> None:
        if self._due is None:
            self.call_after_refresh(self._reorder_now)
        self._due = forget or bool(self._due)
        self.table.refresh()

    def _reorder_now(self) -> None:
        forget, self._due = bool(self._due), None
        self._renew(forget=forget)
        self.paint_rest()

    def pause(self, paused: bool) -> None:
        # A key that asks for another order still gets it.
        if paused == self.table.paused:
            return
        self.table.paused = paused
        if not paused:
            self._resort_at = 0.0
        self.repaint()

    # --- sorting ------------------------------------------------------------------------------------------------------

    def sort_by(self, sort: str) -> None:
        self.reverse = not self.reverse if sort == self.sort else False
        self.sort = sort
        self._show_sort()
        self.reorder(forget=True)

    def turn_round(self) -> None:
        self.sort_by(self.sort)

    def cycle_sort(self, step: int) -> None:
        sorts = [field.sort for field in self.fields if field.sort]
        at = sorts.index(self.sort) if self.sort in sorts else -1
        self.sort_by(sorts[(at + step) % len(sorts)])

    def letters(self) -> Mapping[str, Field]:
        return {field.letter: field for field in self.fields if field.letter}

    @property
    def falling(self) -> bool:
        """Whether the largest is on top now."""
        return any(field.falling for field in self.fields if field.sort == self.sort) != self.reverse

    def _show_sort(self) -> None:
        self.table.sort = self.sort
        self.table.falling = self.falling

    def on_virtual_table_chosen(self, message: VirtualTable.Chosen) -> None:
        message.stop()
        self.choose(message.key)

    def on_virtual_table_moved(self, message: VirtualTable.Moved) -> None:
        message.stop()
        self.pointed(message.key)

    def on_virtual_table_sort_asked(self, message: VirtualTable.SortAsked) -> None:
        message.stop()
        self.sort_by(message.sort)

    # --- the title ----------------------------------------------------------------------------------------------------

    def title_line(self) -> Line:
        dot = f" {self.desk.glyphs.dot} "
        runs = list(self.subject_line())
        if self.filter.typed:
            runs += [(dot, "dim"), (f"/{self.filter.typed}", "warn")]
        if self.only_trouble:
            runs += [(dot, "dim"), ("only what is wrong", "warn")]
        if self.marked and (count := sum(key in self.marked for key in self.table.keys)):
            runs += [(dot, "dim"), (f"{count} marked", "accent")]
        if self.complaint:
            runs += [(dot, "dim"), (self.complaint, "bad")]
        return tuple(runs)

    def subject_line(self) -> Line:
        """What is shown, how many, and of whom."""
        runs: list[Run] = [(self.title, "strong"), (f" {self.count():,}", "accent")]
        for word, value in self.subject.items():
            if value and not word.startswith("_"):
                runs += [(f" {self.desk.glyphs.dot} ", "dim"), (f"{word} ", "dim"), (value, "strong")]
        if self.namespaced and self.desk.namespace and not self.subject.get("namespace"):
            runs += [(f" {self.desk.glyphs.dot} ", "dim"), ("namespace ", "dim"), (self.desk.namespace, "strong")]
        return tuple(runs)

    def title_end(self) -> Line:
        glyphs = self.desk.glyphs
        runs: list[Run] = []
        if self.table.paused:
            runs += [(" PAUSED ", "mark"), (f" {glyphs.dot} ", "dim")]
        title = next((field.title for field in self.fields if field.sort == self.sort), self.sort)
        runs += [("by ", "dim"), (title + (glyphs.down if self.falling else glyphs.up), "plain")]
        runs += [(f" {glyphs.dot} colour ", "dim"), (self.desk.tint, "plain")]
        return tuple(runs)
