"""A table of any length that paints only what is visible: 100,000 rows cost what 50 cost."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from k8sai.tui.columns import Field, layout, natural
from k8sai.tui.desk import Desk
from k8sai.tui.direct import Direct
from k8sai.tui.ink import Line
from k8sai.tui.keymap import MOVES
from k8sai.tui.table_lines import header_line, row_line

_MOST = 1000  # painted rows kept
_NARROW = 100  # cells; narrower screens put one space between columns, wider ones two


class Rows(Protocol):
    """What a table shows. Rows are known by keys that stay the same while order and content change."""

    def keys(self) -> Sequence[str]:
        """All rows in the wanted order."""

    def cells(self, key: str) -> tuple[Line, ...]:
        """One line per field. Asked for visible rows only."""

    def blank(self, width: int, height: int) -> Sequence[Line]:
        """What to say where there are no rows."""


class VirtualTable(ScrollView, Direct, can_focus=True):
    """A header line, a row cursor that stays with its row, columns that only ever grow, and no animation."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(key.keys, key.action, key.words, show=False) for key in MOVES]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--cursor-blurred",
        "table--marked",
    }

    class Chosen(Message):
        """Enter or a double click on a row."""

        def __init__(self, table: "VirtualTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: "VirtualTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class SortAsked(Message):
        """A click on a column's title."""

        def __init__(self, table: "VirtualTable", sort: str) -> None:
            super().__init__()
            self.table = table
            self.sort = sort

    def __init__(self, desk: Desk, fields: Sequence[Field], rows: Rows, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk
        self.fields = tuple(fields)
        self.rows = rows
        self.keys: Sequence[str] = ()
        self.index = 0  # the cursor's row
        self.held_key: str | None = None  # the row the cursor stays with, once it was moved
        self.wide = False
        self.sort = ""
        self.falling = False
        self.paused = False
        self.marked: set[str] = set()  # keys of rows that are painted as marked
        self._cells: dict[str, tuple[Line, ...]] = {}
        self._before: dict[str, tuple[Line, ...]] = {}  # what they were when they were read last
        self._strips: dict[str, Strip] = {}
        self._wanted = [natural(field) for field in self.fields]
        self._columns: tuple[tuple[int, int], ...] = ()
        self._measured_for = 0
        self._room = Size()
        self._blank: Sequence[Line] = ()

    # --- what changes -------------------------------------------------------------------------------------------------

    @property
    def cursor_key(self) -> str | None:
        """The key under the cursor; None in an empty table."""
        return self.keys[self.index] if 0 <= self.index < len(self.keys) else None

    def reorder(self, *, forget: bool = False) -> None:
        """Ask for the order again. The cursor stays with its row; `forget` sends it to the top."""
        if forget:
            self.held_key = None
            self.index = 0
            self._wanted = [natural(field) for field in self.fields]
        offset = self.index - self.scroll_offset.y
        self.keys = self.rows.keys()
        self.index = self._index_of(self.held_key)
        self._resize()
        if forget:
            self.scroll_to(0, 0, animate=False)
        elif self.held_key is not None:
            self.scroll_to(y=max(0, self.index - offset), animate=False)
        self._reveal()
        self.repaint()

    def repaint(self) -> None:
        """Read the visible rows again (unless paused) and paint."""
        if not self.paused:
            self._before, self._cells = self._cells, {}
        if len(self._strips) > _MOST:
            self._strips.clear()
        self._measure()
        self.refresh()

    def remark(self) -> None:
        """Paint what is marked now, from what was read already."""
        self._strips.clear()
        self.refresh()

    def point_at(self, key: str) -> None:
        """Put the cursor on a row, wherever it is."""
        self.held_key = key
        self.index = self._index_of(key)
        self._reveal()
        self.refresh()

    def toggle_wide(self) -> None:
        """Every column, wider than the screen, or those that fit."""
        self.wide = not self.wide
        self._measured_for = 0
        self.scroll_to(0, animate=False)
        self.repaint()

    def _index_of(self, key: str | None) -> int:
        if key is not None:
            if self.index < len(self.keys) and self.keys[self.index] == key:
                return self.index
            try:
                return self.keys.index(key)
            except ValueError:
                self.held_key = None
        return max(0, min(self.index, len(self.keys) - 1))

    # --- measuring ----------------------------------------------------------------------------------------------------

    @property
    def _page(self) -> int:
        """Rows that fit below the header."""
        return max(1, self.scrollable_content_region.height - 1)

    @property
    def _gap(self) -> int:
        return 1 if self.size.width < _NARROW else 2

    def _visible(self) -> Sequence[str]:
        top = self.scroll_offset.y
        return self.keys[top : top + self._page + 1]

    def _read(self, key: str) -> tuple[Line, ...]:
        cells = self._cells.get(key)
        if cells is None:
            cells = self._cells[key] = self.rows.cells(key)
            if self._before.get(key) != cells:
                self._strips.pop(key, None)
        return cells

    def _measure(self) -> None:
        """Widths from the visible rows: they grow with what is seen and never shrink, so that nothing jitters."""
        width = self.scrollable_content_region.width
        grown = False
        for key in self._visible():
            for number, line in enumerate(self._read(key)):
                size = sum(cell_len(text) for text, _ in line)
                if size > self._wanted[number]:
                    self._wanted[number] = size
                    grown = True
        if grown or width != self._measured_for:
            self._measured_for = width
            self._columns = layout(self.fields, self._wanted, width, self._gap, self.wide)
            self._strips.clear()
            self._resize()

    def _resize(self) -> None:
        width = sum(size for _, size in self._columns) + self._gap * max(0, len(self._columns) - 1)
        fitting = self.scrollable_content_region.width
        self.virtual_size = Size(max(width, fitting) if self.wide or width > fitting else fitting, len(self.keys) + 1)

    def on_resize(self) -> None:
        if self.size == self._room:  # it only came to the front again
            return
        self._room = self.size
        self._measured_for = 0
        self._measure()
        self._reveal()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._measure()

    def undress(self) -> None:
        self._strips.clear()

    # --- painting -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width = self.scrollable_content_region.width
        if self._measured_for != width:  # a first frame, or a scrollbar came or went
            self._measure()
        base = self.rich_style
        if y == 0 and self.keys:
            style = self._part("table--header")
            titles = header_line(self.desk, self.fields, self._columns, self._gap, self.sort, self.falling)
            return titles.crop_extend(left, left + width, style).apply_style(base + style)
        if not self.keys:
            return self._blank_line(y, width).apply_style(base)
        index = top + y - 1
        if index >= len(self.keys):
            return Strip.blank(width, base)
        key = self.keys[index]
        if index == self.index:
            style = self._part("table--cursor") if self.has_focus else self._part("table--cursor-blurred")
            return self._row(key, bare=True).crop_extend(left, left + width, style).apply_style(base + style)
        marked = key in self.marked
        ground = base + self._part("table--marked") if marked else base
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._row(key, bare=marked).apply_style(ground)
        return strip.crop_extend(left, left + width, ground)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _row(self, key: str, *, bare: bool = False) -> Strip:
        """One row; `bare` drops dim ink, which no cursor's background leaves readable."""
        one_ink = bare and self.app.native_ansi_color  # colours in reverse would make blots
        dim, ink = "plain" if bare else "dim", "plain" if one_ink else ""
        cells = self._read(key)
        return row_line(self.desk, self.fields, self._columns, self._gap, cells, dim, ink)

    def _blank_line(self, y: int, width: int) -> Strip:
        if y == 0:
            self._blank = self.rows.blank(width, self._page)
        line = self._blank[y] if y < len(self._blank) else ()
        return Strip([Segment(text, self.desk.inks[ink]) for text, ink in line]).adjust_cell_length(width)

    # --- keys and mouse -----------------------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        if not self.keys:
            return
        self.index = max(0, min(index, len(self.keys) - 1))
        self.held_key = self.keys[self.index]
        self.post_message(self.Moved(self, self.held_key))
        self._reveal()
        self.refresh()

    def _reveal(self) -> None:
        """Scroll as little as brings the cursor into view; once there is a view."""
        if not self.scrollable_content_region.height:
            return
        top = self.scroll_offset.y
        if self.index < top:
            self.scroll_to(y=self.index, animate=False)
        elif self.index >= top + self._page:
            self.scroll_to(y=self.index - self._page + 1, animate=False)

    def action_move(self, rows: int) -> None:
        self._go(self.index + rows)

    def action_page(self, direction: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + direction * self._page, animate=False)
        self._go(self.index + direction * self._page)

    def action_edge(self, direction: int) -> None:
        self._go(0 if direction < 0 else len(self.keys) - 1)

    def action_sideways(self, cells: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False)

    def action_choose(self) -> None:
        if (key := self.cursor_key) is not None:
            self.post_message(self.Chosen(self, key))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            at = event.x + self.scroll_offset.x
            for number, size in self._columns:
                if at < size:
                    if sort := self.fields[number].sort:
                        self.post_message(self.SortAsked(self, sort))
                    return
                at -= size + self._gap
            return
        index = self.scroll_offset.y + event.y - 1
        if index < len(self.keys):
            self._go(index)
            if event.chain == 2:
                self.action_choose()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
