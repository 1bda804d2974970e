"""Where things are on the map: which cell is which node. Pure numbers; nothing here knows a terminal.

A map is lines of cells. Groups (`Band`) follow each other; below its heading, or right of its label, each shows its
nodes in reading order, every node in a cell of the band's width. Small groups stand side by side.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Scale = Literal["dots", "signs", "lines"]
SCALES: Final[tuple[Scale, ...]] = ("dots", "signs", "lines")  # from the furthest
_PER_SIGN: Final = 8  # cards that one Braille character shows
_SIGNS: Final = 32  # cards of one node that are shown as signs; the rest ends in dots
_LABEL: Final = 24  # columns of the label left of small groups
_GAP: Final = 2  # columns between groups that stand side by side
_LINE: Final = 70  # columns that the line of a node needs where several stand side by side


@dataclass(frozen=True, slots=True)
class Size:
    """A group as the plan needs it: how many nodes, and the most cards one of them has."""

    nodes: int
    cards: int


@dataclass(frozen=True, slots=True)
class Band:
    """Where a group is. Its cells begin at (`left`, `top`); `across` of them stand on a line, each `cell` wide."""

    group: int
    first: int  # number of its first node
    nodes: int
    left: int
    top: int
    across: int
    cell: int

    @property
    def lines(self) -> int:
        return -(-self.nodes // self.across)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole map. `label` is the width of the labels left of the groups; 0: each has a heading line above it."""

    scale: Scale
    width: int
    height: int
    label: int
    bands: tuple[Band, ...]
    tops: tuple[int, ...]  # of the rows of bands, with their headings
    rows: tuple[tuple[int, int], ...]  # of each row of bands, the first and the one after the last

    @property
    def nodes(self) -> int:
        return self.bands[-1].first + self.bands[-1].nodes if self.bands else 0

    def band_of(self, node: int) -> Band:
        """The band a node is in."""
        return self.bands[bisect_right(self.bands, node, key=_first) - 1]

    def place(self, node: int) -> tuple[int, int]:
        """The column and line where the cell of a node begins."""
        band = self.band_of(node)
        line, at = divmod(node - band.first, band.across)
        return band.left + at * band.cell, band.top + line

    def bands_on(self, line: int) -> tuple[Band, ...]:
        """The bands that this line shows something of, their headings included, from the left."""
        if not 0 <= line < self.height:
            return ()
        row = bisect_right(self.tops, line) - 1
        first, after = self.rows[row]
        return self.bands[first:after]

    def nodes_on(self, band: Band, line: int) -> range:
        """The numbers of the band's nodes on this line."""
        first = band.first + (line - band.top) * band.across
        end = band.first + band.nodes
        return range(first, min(first + band.across, end)) if line >= band.top and first < end else range(0)

    def at(self, column: int, line: int) -> int | None:
        """The node whose cell is there; None between cells and on headings."""
        for band in self.bands_on(line):
            if band.left <= column < band.left + band.across * band.cell:
                nodes = self.nodes_on(band, line)
                at = (column - band.left) // band.cell
                return nodes[at] if at < len(nodes) else None
        return None

    def near(self, column: int, line: int) -> int | None:
        """The node on this line that is nearest to the column; None where the line shows none."""
        best: tuple[int, int] | None = None
        for band in self.bands_on(line):
            nodes = self.nodes_on(band, line)
            if nodes:
                at = min(max((column - band.left) // band.cell, 0), len(nodes) - 1)
                away = abs(band.left + at * band.cell - column)
                if best is None or away < best[0]:
                    best = away, nodes[at]
        return best[1] if best else None

    def moved(self, node: int, lines: int, column: int | None = None) -> int:
        """The node so many lines below (or above), in about the same column; the last one that way where that is it."""
        at, line = self.place(node)
        wanted = at if column is None else column
        step = 1 if lines > 0 else -1
        target = max(0, min(self.height - 1, line + lines))
        for each in (*range(target, -1 if step < 0 else self.height, step), *range(target, line, -step)):
            found = self.near(wanted, each)
            if found is not None and (each - line) * step > 0:
                return found
        return node

    def group_start(self, node: int, step: int) -> int:
        """The first node of the next group, or of this one and then of the one before."""
        band = self.band_of(node)
        if step < 0 and node > band.first:
            return band.first
        number = max(0, min(len(self.bands) - 1, band.group + step))
        return self.bands[number].first


def _first(band: Band) -> int:
    return band.first


def cell_width(scale: Scale, cards: int, width: int) -> int:
    """Columns of one node."""
    if scale == "dots":
        return max(1, min(-(-cards // _PER_SIGN), width))
    return max(1, min(min(cards, _SIGNS) + 1, width)) if scale == "signs" else max(1, width)


def plan(sizes: Sequence[Size], width: int, scale: Scale, *, labelled: bool, columns: int = 1) -> Plan:
    """The map of these groups at a scale. Labels left of the groups save the headings where groups are small.

    `columns` is how many nodes with lines of their own stand side by side.
    """
    width = max(1, width)
    if labelled and width > 2 * _LABEL and scale != "lines":
        return _side_by_side(sizes, width, scale)
    bands: list[Band] = []
    tops: list[int] = []
    line = first = 0
    for number, size in enumerate(sizes):
        cell = cell_width(scale, size.cards, (width - 1) // columns if scale == "lines" else width - 1)
        across = max(1, (width - 1) // cell)
        tops.append(line)
        band = Band(number, first, size.nodes, 1 if width > 1 else 0, line + 1, across, cell)
        bands.append(band)
        line += 1 + band.lines
        first += size.nodes
    return Plan(scale, width, line, 0, tuple(bands), tuple(tops), tuple((n, n + 1) for n in range(len(bands))))


def _side_by_side(sizes: Sequence[Size], width: int, scale: Scale) -> Plan:
    """Each group right of its label; several on a line where the largest leaves room for that."""
    cells = [cell_width(scale, size.cards, width - _LABEL) for size in sizes]
    widest = max((size.nodes * cell for size, cell in zip(sizes, cells, strict=True)), default=1)
    column = _LABEL + min(widest, width - _LABEL) + _GAP
    columns = max(1, (width + _GAP) // column)
    room = column - _LABEL - _GAP if columns > 1 else width - _LABEL
    bands: list[Band] = []
    tops: list[int] = []
    rows: list[tuple[int, int]] = []
    line = first = tall = 0
    for number, (size, cell) in enumerate(zip(sizes, cells, strict=True)):
        place = number % columns
        if place == 0:
            line += tall
            tall = 0
            tops.append(line)
            rows.append((number, min(number + columns, len(sizes))))
        band = Band(number, first, size.nodes, place * column + _LABEL, line, max(1, room // cell), cell)
        bands.append(band)
        tall = max(tall, band.lines)
        first += size.nodes
    return Plan(scale, width, line + tall, _LABEL, tuple(bands), tuple(tops), tuple(rows))


def fitting(sizes: Sequence[Size], width: int, height: int, scale: Scale | None = None) -> Plan:
    """The nearest scale at which everything fits, else the furthest; or the one asked for."""
    small = len(sizes) * 3 > max(1, height)  # headings would take too much of the height
    if scale is not None:
        return plan(sizes, width, scale, labelled=small)
    for each in reversed(SCALES):
        if each == "lines":
            found = _lines(sizes, width, height)
            if found is not None:
                return found
            continue
        for labelled in (False, True):
            found = plan(sizes, width, each, labelled=labelled)
            if found.height <= height:
                return found
    return plan(sizes, width, "dots", labelled=small)


def _lines(sizes: Sequence[Size], width: int, height: int) -> Plan | None:
    """A line for every node, in as few columns as it fits; None where it does not."""
    nodes = sum(size.nodes for size in sizes)
    for columns in range(1, max(1, width // _LINE) + 1):
        if -(-nodes // columns) + len(sizes) <= height:
            found = plan(sizes, width, "lines", labelled=False, columns=columns)
            if found.height <= height:
                return found
    return None
