"""The view model: what is to be said, without saying how it looks. Commands print it, the TUI draws it."""

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["plain", "good", "warn", "bad", "dim"]
Align = Literal["left", "right"]


def several(count: int, one: str, many: str = "") -> str:
    """`1 node`, `3 nodes`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A short text and what it means to the reader."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `wide` columns show with `-o wide` only; `shrink` columns may be cut where a terminal is narrow, and
    `spare` ones are the first to be left out there.
    """

    title: str
    align: Align = "left"
    wide: bool = False
    shrink: bool = False
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `key` is stable over time, so that a screen keeps its cursor and `-o name` its meaning."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; each row has one cell per column. The first `named` columns together name a row."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    named: int = 1


@dataclass(frozen=True, slots=True)
class Tree:
    """A cell with children."""

    cell: Cell
    children: tuple["Tree", ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence beside the data: what is hidden, stale or worth knowing, and the next command."""

    text: str
    tone: Tone = "plain"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one command or screen says: tables and trees in order, and the notes that go with them."""

    parts: tuple[Table | Tree, ...]
    notes: tuple[Note, ...] = field(default=())
