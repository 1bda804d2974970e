"""What commands print, on a screen of text: tables and trees of the view model as lines."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from k8sai.tui.ink import Line
from k8sai.tui.page import Page
from k8sai.tui.words import clean
from k8sai.view import Table, Tree


def add(page: Page, parts: Iterable[Table | Tree], width: int) -> None:
    """Each with a line of space above it; of tables the first columns, as many as fit."""
    for part in parts:
        if page.lines:
            page.lines.append(())
        if isinstance(part, Tree):
            page.lines += tree(part)
            continue
        if part.title:
            page.lines.append(((part.title, "accent"),))
        shown = fitting(part, width)
        rows = [[(row.cells[n].text, row.cells[n].tone) for n in shown] for row in part.rows]
        page.table([part.columns[n].title for n in shown], rows)


def fitting(what: Table, width: int) -> list[int]:
    """The numbers of the columns that are shown; the first always is."""
    found: list[int] = []
    room = width
    for number, column in enumerate(what.columns):
        if column.wide:
            continue
        room -= 2 + max(map(cell_len, (column.title, *(row.cells[number].text for row in what.rows))))
        if found and room < 0:
            break
        found.append(number)
    return found


def tree(what: Tree, depth: int = 0) -> Iterator[Line]:
    """A line per cell, children further in; the top one as a heading."""
    ink = "accent" if not depth and what.cell.tone in ("plain", "dim") else what.cell.tone
    yield (("  " * depth, "plain"), (clean(what.cell.text), ink))
    for child in what.children:
        yield from tree(child, depth + 1)
