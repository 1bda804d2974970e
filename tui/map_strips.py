"""Lines of the map as the terminal gets them. A page of dots has thousands of pieces, and few that differ."""

from collections.abc import Callable, Iterable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Run

_MOST: Final = 20_000  # pieces kept


class Inked:
    """Inks on a background, ready for the terminal: adding up styles per piece would take half a frame."""

    def __init__(self, desk: Desk, ground: Callable[[], Style]) -> None:
        self._desk = desk
        self._ground = ground
        self._base: Style | None = None
        self._styles: dict[str, Style] = {}  # by ink
        self._pieces: dict[Run, Segment] = {}

    def forget(self) -> None:
        """Another theme."""
        self._base = None
        self._styles.clear()
        self._pieces.clear()

    def style(self, ink: str) -> Style:
        """An ink on the background."""
        found = self._styles.get(ink)
        if found is None:
            if self._base is None:
                self._base = self._ground()
            found = self._styles[ink] = self._base + self._desk.inks[ink]
        return found

    def strip(self, runs: Iterable[Run]) -> Strip:
        """The runs one after the other."""
        pieces, made = self._pieces, list[Segment]()
        if len(pieces) > _MOST:
            pieces.clear()
        for run in runs:
            if run[0]:
                found = pieces.get(run)
                if found is None:
                    found = pieces[run] = Segment(run[0], self.style(run[1]))
                made.append(found)
        return Strip(made)


def over(strip: Strip, column: int, width: int, style: Style, *, inked: bool = False) -> Strip:
    """The strip with a style on a part of it; `inked` keeps the colours of what is written there."""
    left, middle, right = strip.crop(0, column), strip.crop(column, column + width), strip.crop(column + width)
    if inked:
        segments = [Segment(segment.text, (segment.style or Style()) + style) for segment in middle]
    else:
        segments = [Segment(segment.text, style) for segment in middle]
    return Strip.join([left, Strip(segments, middle.cell_length), right])
