"""What is free, node by node and resource by resource: what stranded GPUs and sizes are counted from."""

from collections.abc import Iterable

from msgspec import Struct

from k8sai.fleet.answers import Kind
from k8sai.fleet.chart import product_of
from k8sai.fleet.nodes import Line, NodeEntry
from k8sai.fleet.shares import CARD, cards


class SpareLine(Struct, frozen=True):
    """One resource of a node in its native units; `free` is without what nominated pods have reserved.

    Of DRA devices a unit is a card, and `largest` the most that one new claim could get.
    """

    resource: str
    kind: Kind
    product: str
    free: float
    largest: float
    cards_each: float
    dra: bool = False


class Spare(Struct, frozen=True):
    """A node with something free, in cards; `usable` where it is ready and not cordoned."""

    node: str
    product: str
    usable: bool
    ready: bool
    free: float
    reserved: float
    lines: tuple[SpareLine, ...]


def spares(entries: Iterable[NodeEntry]) -> tuple[Spare, ...]:
    """The nodes that have GPUs free."""
    return tuple(_spare(entry) for entry in entries if entry.known and entry.free > 0)


def _spare(entry: NodeEntry) -> Spare:
    found = (_line(line) for line in entry.lines.values() if not line.unit.primary and line.unit.kind != "monitor")
    return Spare(
        node=entry.name,
        product=product_of(entry),
        usable=entry.usable,
        ready=entry.ready,
        free=cards(entry.free),
        reserved=cards(entry.reserved),
        lines=tuple(line for line in found if line.free > 0),
    )


def _line(line: Line) -> SpareLine:
    unit = line.unit
    if unit.dra:
        free = cards(line.free - line.reserved * unit.weight)
        return SpareLine(unit.resource, unit.kind, unit.product, free, min(free, cards(line.best)), 1.0, True)
    left = line.allocatable - line.used - line.reserved
    if line.extra and unit.weight:  # held through another name of the same silicon
        left -= -(-line.extra // unit.weight)
    return SpareLine(unit.resource, unit.kind, unit.product, float(left), float(left), unit.weight / CARD)
