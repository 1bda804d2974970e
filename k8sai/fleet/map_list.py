"""The map as lines: a line per group of nodes, with a character per node where bars may stand for cards."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Final

from msgspec import Struct

from k8sai.fleet.answers import NodeRow, Slot
from k8sai.fleet.chart import GROUPINGS, Grouping
from k8sai.fleet.identity import natural
from k8sai.fleet.tables import GLYPHS, amount
from k8sai.view import Cell, Column, Row, Table

_MOST: Final = 64  # nodes that are drawn; the rest is a number
_WRONG: Final = ("unhealthy", "leaked", "unknown")
# The dots of a Braille character from the bottom, two cards on each of its four lines.
DOTS: Final = (0x40, 0x80, 0x04, 0x20, 0x02, 0x10, 0x01, 0x08)
BRAILLE: Final = 0x2800


class Land(Struct, frozen=True):
    """Nodes alike: by what, its name (empty: no such label), and the nodes."""

    by: Grouping
    name: str
    nodes: tuple[NodeRow, ...]


def every(nodes: Iterable[NodeRow]) -> tuple[Land, ...]:
    """The nodes by product, then all of them by zone and by NVLink clique, where some node says that."""
    found: list[Land] = []
    rows = tuple(nodes)
    for by in GROUPINGS:
        groups: dict[str, list[NodeRow]] = {}
        for row in rows:
            groups.setdefault(getattr(row, by), []).append(row)
        if by == "product" or set(groups) - {""}:
            order = sorted(groups, key=lambda name: (not name, natural(name)))
            found += [Land(by, name, tuple(groups[name])) for name in order]
    return tuple(found)


def table(lands: Sequence[Land], *, bars: bool) -> Table:
    """What each group has; FREE is what a new pod could get there."""
    columns = (
        Column("BY"),
        Column("GROUP", shrink=True),
        Column("NODES", "right"),
        Column("CARDS", "right"),
        Column("USED", "right"),
        Column("FREE", "right"),
        Column("UNHEALTHY", "right"),
        *((Column("MAP"),) if bars else ()),
    )
    return Table(columns, tuple(_row(land, bars=bars) for land in lands), "groups of nodes")


def _row(land: Land, *, bars: bool) -> Row:
    figures = [row.figures for row in land.nodes]
    free = sum(row.figures.free for row in land.nodes if row.largest_free != 0 and row.figures.free > 0)
    free = free if not any(isnan(each.free) for each in figures) else float("nan")
    unhealthy = sum(each.unhealthy for each in figures)
    cells = (
        Cell(land.by, "dim"),
        Cell(land.name.removeprefix("NVIDIA-") or "none"),
        Cell(str(len(land.nodes))),
        Cell(amount(sum(each.capacity for each in figures))),
        Cell(amount(sum(each.used for each in figures))),
        Cell(amount(free), "good" if free > 0 else "dim"),
        Cell(amount(unhealthy), "bad" if unhealthy > 0 else "dim"),
        *((Cell(drawn(land.nodes)),) if bars else ()),
    )
    return Row(f"{land.by} {land.name}", cells)


def drawn(nodes: Sequence[NodeRow]) -> str:
    """A character per node: its dots are the cards that are held, a sign stands for what is wrong."""
    text = "".join(sign(row.slots) for row in nodes[:_MOST])
    return text + (f"+{len(nodes) - _MOST}" if len(nodes) > _MOST else "")


def sign(slots: Sequence[Slot]) -> str:
    """One node as a character."""
    states = [slot.state for slot in slots]
    for state in _WRONG:
        if state in states:
            return GLYPHS[state]
    lit = [at for at, state in enumerate(states[: len(DOTS)]) if state not in ("free", "cordoned")]
    if not lit:
        return "·" if "free" in states else GLYPHS["cordoned"] if states else GLYPHS["unknown"]
    return chr(BRAILLE + sum(DOTS[at] for at in lit))
