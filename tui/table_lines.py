"""The lines of a table: its header and its rows, in columns."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line

Columns = Sequence[tuple[int, int]]  # of each column, the number of its field and its width


def header_line(desk: Desk, fields: Sequence[Field], columns: Columns, gap: int, sort: str, falling: bool) -> Strip:
    """The titles; the one that rows are sorted by says which way."""
    segments: list[Segment] = []
    for number, size in columns:
        field = fields[number]
        title = field.title
        sorted_by = bool(field.sort) and field.sort == sort
        if sorted_by:
            title += desk.glyphs.down if falling else desk.glyphs.up
        (text, _), *rest = fit(((title, "plain"),), size, field, desk.glyphs.dots)
        said = text + "".join(more for more, _ in rest)
        segments += [Segment(" " * gap)] if segments else []
        segments.append(Segment(said, desk.inks["accent"] if sorted_by else None))
    return Strip(segments)


def row_line(
    desk: Desk, fields: Sequence[Field], columns: Columns, gap: int, cells: Sequence[Line], dim: str, ink: str
) -> Strip:
    """One row. An `ink` takes the place of all others where it is said, `dim` that of dim ink."""
    segments: list[Segment] = []
    for number, size in columns:
        if segments:
            segments.append(Segment(" " * gap))
        for text, own in fit(cells[number], size, fields[number], desk.glyphs.dots):
            segments.append(Segment(text, desk.inks[ink or (dim if own == "dim" else own)]))
    return Strip(segments)
