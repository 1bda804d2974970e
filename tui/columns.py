"""Columns of a table on a screen: which of them fit, and how wide each is."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from k8sai.tui.ink import Line
from k8sai.view import Align

_EXTRA = 6  # columns of this rank and above show only where none need be cut for them


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `rank` 0 always shows; of the others the highest leaves first when the screen is narrow.

    `stretch` columns give room and take what is left; `sort` is the order the source knows it by, `letter` its key with
    shift, `falling` whether that order has the largest on top; `middle` cuts long text in the middle, because
    names differ at their ends.
    """

    title: str
    align: Align = "left"
    rank: int = 0
    least: int = 3
    most: int = 40
    stretch: bool = False
    sort: str = ""
    letter: str = ""
    falling: bool = False
    middle: bool = False


def natural(field: Field) -> int:
    """The width a column starts from: its title, and room for the sort mark so that sorting moves nothing."""
    return cell_len(field.title) + bool(field.sort)


def layout(
    fields: Sequence[Field], wanted: Sequence[int], width: int, gap: int, wide: bool = False
) -> tuple[tuple[int, int], ...]:
    """The columns to show as (number, width), left to right.

    `wanted` is the widest text of each column. With `wide` every column shows, wider than the screen if it must be.
    """
    asked = [min(field.most, want) for field, want in zip(fields, wanted, strict=True)]
    shown = list(range(len(fields)))
    if wide:
        return tuple((n, asked[n]) for n in shown)
    floor = [min(asked[n], field.least) if field.stretch else asked[n] for n, field in enumerate(fields)]
    shown = _fitting(fields, shown, asked, width, gap, _EXTRA)
    shown = _fitting(fields, shown, floor, width, gap, 1)
    sizes = {n: asked[n] for n in shown}
    over = sum(sizes.values()) + gap * (len(shown) - 1) - width
    _shrink(sizes, {n: floor[n] for n in shown if fields[n].stretch}, {n: fields[n].rank for n in shown}, over)
    for n in shown:  # what is left goes to those that wanted more than their usual most
        if over < 0 and fields[n].stretch and wanted[n] > sizes[n]:
            more = min(-over, wanted[n] - sizes[n])
            sizes[n] += more
            over += more
    return tuple((n, sizes[n]) for n in shown)


def _fitting(
    fields: Sequence[Field], shown: list[int], sizes: Sequence[int], width: int, gap: int, lowest: int
) -> list[int]:
    """The columns left when those of rank `lowest` and above leave, the highest first, until the rest fits."""
    shown = list(shown)
    while len(shown) > 1 and sum(sizes[n] for n in shown) + gap * (len(shown) - 1) > width:
        leaving = max(shown, key=lambda n: (fields[n].rank, n))
        if fields[leaving].rank < lowest:
            break
        shown.remove(leaving)
    return shown


def _shrink(sizes: dict[int, int], floors: dict[int, int], ranks: dict[int, int], over: int) -> None:
    """Take `over` cells from the columns in `floors`, none below its floor: first from those that matter least."""
    for n in sorted(floors, key=lambda n: (-ranks[n], -n)):
        less = max(0, min(over, sizes[n] - floors[n]))
        sizes[n] -= less
        over -= less


def fit(line: Line, width: int, field: Field, dots: str) -> Line:
    """The line in exactly `width` cells: padded on its free side, or cut where it loses least."""
    length = sum(cell_len(text) for text, _ in line)
    if length == width:
        return line
    if length < width:
        space = (" " * (width - length), "plain")
        return (space, *line) if field.align == "right" else (*line, space)
    if field.middle and len(line) == 1 and width >= 8:
        text, ink = line[0]
        tail = (width - 1) // 2
        return ((set_cell_size(text, width - 1 - tail) + dots + set_cell_size(text[::-1], tail)[::-1], ink),)
    return _cut(line, width, dots)


def _cut(line: Line, width: int, dots: str) -> Line:
    if width < 1:
        return ()
    left = width - 1
    runs = []
    for text, ink in line:
        size = cell_len(text)
        if size > left:
            runs.append((set_cell_size(text, left) + dots, ink))
            return tuple(runs)
        runs.append((text, ink))
        left -= size
    return tuple(runs)
