"""Lines of the map as the terminal gets them. A page of dots has thousands of pieces, and few that differ."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Run

_MOST: Final = 20_000  # pieces kept
_DEFAULT: Final = "39"  # the terminal's own colour


class _Piece(NamedTuple):
    """A text in an ink: its columns, and the codes that switch on its colour, and everything else.

    `raw` is the same as the app's filters have not seen it: what something is put under.
    """

    segment: Segment
    raw: Segment
    cells: int
    ground: str
    colour: str

    def cut(self, cells: int) -> "_Piece":
        """The beginning of it."""
        text = set_cell_size(self.segment.text, cells)
        return _Piece(Segment(text, self.segment.style), Segment(text, self.raw.style), cells, self.ground, self.colour)


class Pieced(Strip):
    """A line of pieces. What follows each other mostly differs in its colour alone: only that is told."""

    __slots__ = ("_pieces", "_told")

    def __init__(self, pieces: Sequence[_Piece], cell_length: int) -> None:
        super().__init__([piece.segment for piece in pieces], cell_length)
        self._pieces = pieces
        self._told = ""

    def raw(self) -> Strip:
        """The same before the app's filters: for a cursor or a mark to be put on it."""
        return Strip([piece.raw for piece in self._pieces], self.cell_length)

    def render(self, console: Console) -> str:
        if not self._told:
            ground = colour = ""
            told: list[str] = []
            for segment, _, _, its_ground, its_colour in self._pieces:
                if its_ground != ground or not colour:
                    told.append(f"\x1b[0;{its_ground}{its_colour}m")
                elif its_colour != colour:
                    told.append(f"\x1b[{its_colour}m")
                told.append(segment.text)
                ground, colour = its_ground, its_colour
            self._told = "".join(told) + "\x1b[0m"
        return self._told


class Inked:
    """Inks on a background, ready for the terminal: adding up styles per piece would take half a frame."""

    def __init__(self, desk: Desk, widget: Widget) -> None:
        self._desk = desk
        self._widget = widget
        self._base: Style | None = None
        self._styles: dict[str, Style] = {}  # by ink
        self._codes: dict[str, tuple[Style, str, str]] = {}  # the same after the app's filters, with what tells them
        self._pieces: dict[Run, _Piece] = {}

    def forget(self) -> None:
        """Another theme."""
        self._base = None
        self._styles.clear()
        self._codes.clear()
        self._pieces.clear()

    def style(self, ink: str) -> Style:
        """An ink on the background."""
        found = self._styles.get(ink)
        if found is None:
            if self._base is None:
                self._base = self._widget.rich_style
            found = self._styles[ink] = self._base + self._desk.inks[ink]
        return found

    def strip(self, runs: Iterable[Run], width: int) -> Pieced:
        """The runs one after the other, as wide as that."""
        pieces, made = self._pieces, list[_Piece]()
        if len(pieces) > _MOST:
            pieces.clear()
        room = width
        for run in runs:
            if run[0]:
                found = pieces.get(run)
                if found is None:
                    found = pieces[run] = self._piece(*run)
                room -= found.cells
                made.append(found)
        if room > 0:
            made.append(self._piece(" " * room, "plain"))
        while room < 0:  # the last column is a scrollbar's
            last = made.pop()
            room += last.cells
            if room > 0:
                made.append(last.cut(room))
                break
        return Pieced(made, width)

    def _piece(self, text: str, ink: str) -> _Piece:
        found = self._codes.get(ink)
        if found is None:
            found = self._codes[ink] = self._told(ink)
        style, ground, colour = found
        return _Piece(Segment(text, style), Segment(text, self.style(ink)), cell_len(text), ground, colour)

    def _told(self, ink: str) -> tuple[Style, str, str]:
        segments = [Segment(" ", self.style(ink))]
        for each in self._widget.get_line_filters():
            segments = each.apply(segments, self._widget.background_colors[1])
        style = segments[0].style or Style()
        console = self._widget.app.console
        ground = _codes(style.without_color + Style(bgcolor=style.bgcolor), console)
        return style, ground + ";" if ground else "", _codes(Style(color=style.color), console) or _DEFAULT


def _codes(style: Style, console: Console) -> str:
    """What switches the style on."""
    return Strip([Segment(" ", style)]).render(console).partition("m")[0].removeprefix("\x1b[").strip()


def over(strip: Strip, column: int, width: int, style: Style, *, inked: bool = False) -> Strip:
    """The strip with a style on a part of it; `inked` keeps the colours of what is written there."""
    left, middle, right = strip.crop(0, column), strip.crop(column, column + width), strip.crop(column + width)
    if inked:
        segments = [Segment(segment.text, (segment.style or Style()) + style) for segment in middle]
    else:
        segments = [Segment(segment.text, style) for segment in middle]
    return Strip.join([left, Strip(segments, middle.cell_length), right])
