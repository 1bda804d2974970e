"""What commands print, on a screen of text: tables and trees of the view model as lines."""

from collections.abc import Iterable, Iterator

from k8sai.tui.ink import Line
from k8sai.tui.page import Page
from k8sai.tui.words import clean
from k8sai.view import Table, Tree


def add(page: Page, parts: Iterable[Table | Tree], *, wide: bool = False) -> None:
    """Each with a line of space above it."""
    for part in parts:
        if page.lines:
            page.lines.append(())
        if isinstance(part, Tree):
            page.lines += tree(part)
            continue
        if part.title:
            page.lines.append(((part.title, "accent"),))
        shown = [number for number, column in enumerate(part.columns) if wide or not column.wide]
        rows = [[(row.cells[n].text, row.cells[n].tone) for n in shown] for row in part.rows]
        page.table([part.columns[n].title for n in shown], rows)


def tree(what: Tree, depth: int = 0) -> Iterator[Line]:
    """A line per cell, children further in; the top one as a heading."""
    ink = "accent" if not depth and what.cell.tone in ("plain", "dim") else what.cell.tone
    yield (("  " * depth, "plain"), (clean(what.cell.text), ink))
    for child in what.children:
        yield from tree(child, depth + 1)
