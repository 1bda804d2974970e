"""A widget for any number of lines of text: scrolled, searched, wrapped or cut; only what is visible is drawn."""

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run, flat

_SPARE = 2_000  # lines dropped at once from a text that has become too long


class Text(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines of runs. `most` is how many are kept: of a longer text the beginning is dropped."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"text--found"}

    def __init__(self, desk: Desk, *, most: int = 200_000) -> None:
        super().__init__()
        self.desk = desk
        self.most = most
        self.said: list[Line] = []
        self.wrap = True
        self.following = False  # stay with the last line
        self.pattern: re.Pattern[str] | None = None
        self.found: list[int] = []  # numbers of the lines that match
        self.at = -1  # which of them the eye is on
        self._rows: list[tuple[int, int, int, int]] = []  # line, from which character to which, how far indented
        self._widest = 0
        self._room = 0

    # --- what it says -------------------------------------------------------------------------------------------------

    def say(self, lines: Iterable[Line]) -> None:
        """Other lines altogether."""
        self.said = list(lines)[-self.most :]
        self._lay_out()

    def add(self, lines: Sequence[Line]) -> None:
        """More lines at the end."""
        self.said += lines
        if len(self.said) > self.most:
            del self.said[: len(self.said) - self.most + _SPARE]
            self._lay_out()
            return
        first = len(self.said) - len(lines)
        self._extend(first)
        self._look_for(first)
        self._settle()

    def plain(self) -> list[str]:
        """The lines as text."""
        return [flat(line).rstrip() for line in self.said]

    # --- rows ---------------------------------------------------------------------------------------------------------

    def toggle_wrap(self) -> None:
        """Long lines on several rows, or cut at the edge."""
        top = self._rows[self.scroll_offset.y][0] if self.scroll_offset.y < len(self._rows) else 0
        self.wrap = not self.wrap
        self._lay_out()
        self._show_line(top, 0)

    def _lay_out(self) -> None:
        self._rows, self._widest = [], 0
        self._room = self.scrollable_content_region.width
        self._extend(0)
        self.found = []
        self._look_for(0)
        self._settle()

    def _extend(self, first: int) -> None:
        for number in range(first, len(self.said)):
            text = flat(self.said[number])
            self._widest = max(self._widest, cell_len(text))
            if not self.wrap or self._room <= 0:
                self._rows.append((number, 0, len(text), 0))
                continue
            indent = hang(self.said[number], self._room)
            starts = breaks(text, self._room, indent)
            for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
                self._rows.append((number, start, end, indent if start else 0))

    def _settle(self) -> None:
        width = self.scrollable_content_region.width
        self.virtual_size = Size(width if self.wrap else max(width, self._widest), len(self._rows))
        if self.following:
            self.call_after_refresh(self._to_the_end)  # how far that is follows from the size above
        self.refresh()

    def _to_the_end(self) -> None:
        if self.following:
            self.scroll_to(y=max(0, len(self._rows) - self.size.height), animate=False)

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._room:
            self._lay_out()
        else:
            self._settle()

    # --- searching ----------------------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Look for a text, or a regular expression; the first line from the top of the screen on is shown."""
        self.pattern = None
        if text:
            try:
                self.pattern = re.compile(text, re.IGNORECASE)
            except re.error:
                self.pattern = re.compile(re.escape(text), re.IGNORECASE)
        self.found, self.at = [], -1
        self._look_for(0)
        if self.found:
            y = self.scroll_offset.y
            top = self._rows[y][0] if y < len(self._rows) else 0
            self.at = next((n for n, line in enumerate(self.found) if line >= top), 0)
            self._show_line(self.found[self.at])
        self.refresh()

    def step(self, by: int) -> None:
        """The next or the previous line found."""
        if self.found:
            self.at = (self.at + by) % len(self.found)
            self.following = False
            self._show_line(self.found[self.at])
            self.refresh()

    def _look_for(self, first: int) -> None:
        if self.pattern is not None:
            says = self.pattern.search
            self.found += [n for n in range(first, len(self.said)) if says(flat(self.said[n]))]

    def _show_line(self, number: int, above: int = 3) -> None:
        """Scroll to a line unless it is in sight; some lines above it give it a place."""
        row = next((y for y, (line, *_) in enumerate(self._rows) if line == number), 0)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= row < top + height or above == 0:
            self.scroll_to(y=max(0, row - above), animate=False)

    # --- painting -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width, base = self.size.width, self.rich_style
        if top + y >= len(self._rows):
            return Strip.blank(width, base)
        number, start, end, indent = self._rows[top + y]
        line = part(self.said[number], start, end)
        if self.pattern is not None:
            spans = [(m.start() - start, m.end() - start) for m in self.pattern.finditer(flat(self.said[number]))]
            line = marked(line, spans)
        inks = self.desk.inks
        strip = Strip([Segment(" " * indent), *(Segment(text, inks[ink]) for text, ink in line)])
        if 0 <= self.at < len(self.found) and self.found[self.at] == number:
            base += self.get_component_rich_style("text--found", partial=True)
        return strip.apply_style(base).crop_extend(left, left + width, base)

    # --- moving -------------------------------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Up or down; upwards it no longer stays with the last line."""
        if rows < 0:
            self.following = False
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)

    def page(self, direction: int) -> None:
        """A screen up or down."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """The first line, or the last."""
        self.move(direction * (len(self._rows) + 1))

    def sideways(self, cells: int) -> None:
        """Left or right, where lines are cut."""
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False)


def hang(line: Line, width: int) -> int:
    """How far the further rows of a line are indented: to where its last run begins, as values and messages do."""
    before = sum(cell_len(text) for text, _ in line[:-1])
    return before if before <= width // 2 else 2


def breaks(text: str, width: int, indent: int = 0) -> list[int]:
    """Where the rows of a text begin so that none is wider: after a space where one is near, else anywhere.

    All rows but the first have `indent` cells less.
    """
    if len(text) * 2 <= width or cell_len(text) <= width:
        return [0]
    starts, at, room = [0], 0, width
    while cell_len(text[at:]) > room:
        fits = room
        if not text.isascii():
            while fits > 1 and cell_len(text[at : at + fits]) > room:
                fits -= 1
        space = text.rfind(" ", at + room // 2, at + fits + 1)
        at = space + 1 if space > 0 else at + fits
        if at >= len(text):
            break
        starts.append(at)
        room = max(8, width - indent)
    return starts


def part(line: Line, start: int, end: int) -> Line:
    """The characters from `start` to `end` of a line."""
    runs: list[Run] = []
    at = 0
    for text, ink in line:
        piece = text[max(0, start - at) : max(0, end - at)]
        if piece:
            runs.append((piece, ink))
        at += len(text)
    return tuple(runs)


def marked(line: Line, spans: Iterable[tuple[int, int]]) -> Line:
    """The line with the characters of these spans in the ink of what was found."""
    for start, end in spans:
        start, end = max(0, start), min(end, len(flat(line)))
        if start < end:
            text = "".join(piece for piece, _ in part(line, start, end))
            line = (*part(line, 0, start), (text, "mark"), *part(line, end, len(flat(line))))
    return line
