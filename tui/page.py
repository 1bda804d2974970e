"""A page of facts about an object: headings, words with their values, and small tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from k8sai.tui.ink import Line, Run, flat
from k8sai.tui.words import clean
from k8sai.tui.yaml_text import yaml_lines

_LABEL = 18  # cells
_MOST = 60  # cells of a column that is not the last

Cell = str | Run


class Page:
    """Lines as they are added. Empty values leave no line."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def head(self, text: str) -> None:
        """A heading, with a line of space above it."""
        if self.lines:
            self.lines.append(())
        self.lines.append(((text, "accent"),))

    def fact(self, label: str, value: object, ink: str = "plain") -> None:
        """A word and its value."""
        if value is not None and value != "":
            self.lines.append(((f"{label} ".ljust(_LABEL), "dim"), (clean(str(value)), ink)))

    def facts(self, label: str, values: Iterable[object], ink: str = "plain") -> None:
        """A word and its values, one on each line."""
        for value in values:
            self.fact(label, value, ink)
            label = ""

    def pairs(self, label: str, mapping: Mapping[str, Any] | None) -> None:
        """Labels, annotations and the like."""
        self.facts(label, (f"{key}={value}" for key, value in sorted((mapping or {}).items())))

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """As wide as its longest cells; the last column goes on to the edge."""
        cells = [[_run(cell) for cell in row] for row in rows]
        widths = [max([cell_len(title), *(cell_len(row[n][0]) for row in cells)]) for n, title in enumerate(titles)]
        widths = [min(_MOST, width) for width in widths]
        self._row([(title, "dim") for title in titles], widths)
        for row in cells:
            self._row(row, widths)

    def _row(self, cells: Sequence[Run], widths: Sequence[int]) -> None:
        runs: list[Run] = [("  ", "plain")]
        for (text, ink), width in zip(cells[:-1], widths[:-1], strict=True):
            runs.append((text + " " * max(0, width - cell_len(text)) + "  ", ink))
        self.lines.append((*runs, cells[-1]))

    def yaml(self, thing: Mapping[str, Any]) -> None:
        """A part nobody here knows better, as it is."""
        self.lines += [((("  "), "plain"), *line) for line in yaml_lines(thing)]

    def text(self) -> str:
        """All of it without colours."""
        return "\n".join(flat(line).rstrip() for line in self.lines)


def _run(cell: Cell) -> Run:
    return (clean(cell), "plain") if isinstance(cell, str) else (clean(cell[0]), cell[1])
