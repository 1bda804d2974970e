"""Nodes in groups, as a map shows them: by product, by zone or by NVLink clique."""

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Final, Literal

from msgspec import Struct

from k8sai.fleet.identity import natural
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.shares import CARD, cards

Grouping = Literal["product", "zone", "clique"]
GROUPINGS: Final[tuple[Grouping, ...]] = ("product", "zone", "clique")


class Tally(Struct, frozen=True):
    """What a group has, in cards. `free` is what a new pod could get; what is free on cordoned, not-ready or gone
    nodes is `blocked`."""

    cards: float = 0
    used: float = 0
    free: float = 0
    unhealthy: float = 0
    blocked: float = 0


class Group(Struct, frozen=True):
    """Nodes alike, by name; `most` is the largest number of cards that one of them has. No name: no such label."""

    name: str
    nodes: tuple[str, ...]
    most: int


def chart(entries: Iterable[NodeEntry], by: Grouping) -> tuple[Group, ...]:
    """The groups: products from the largest, zones and cliques by name; what has no such label comes last."""
    groups: dict[str, list[NodeEntry]] = {}
    name_of = _NAMES[by]
    for entry in entries:
        name = name_of(entry)
        found = groups.get(name)
        if found is None:
            groups[name] = [entry]
        else:
            found.append(entry)
    if by == "product":
        order = sorted(groups, key=lambda name: (not name, -len(groups[name]), name))
    else:
        order = sorted(groups, key=lambda name: (not name, natural(name)))
    return tuple(_group(name, groups[name]) for name in order)


def _group(name: str, entries: list[NodeEntry]) -> Group:
    most = max((entry.capacity for entry in entries), default=0)
    return Group(name, tuple(entry.name for entry in entries), max(1, ceil(most / CARD)))


def tally(entries: Sequence[NodeEntry]) -> Tally:
    """What these nodes have together."""
    return Tally(
        cards=cards(sum(entry.capacity for entry in entries)),
        used=cards(sum(entry.used for entry in entries)),
        free=cards(sum(entry.free for entry in entries if entry.free > 0 and entry.usable)),
        unhealthy=cards(sum(entry.capacity - entry.allocatable for entry in entries)),
        blocked=cards(sum(entry.free for entry in entries if entry.free > 0 and not entry.usable)),
    )


def product_of(entry: NodeEntry) -> str:
    """The product its labels name, else that of what it offers."""
    return entry.product or next((line.unit.product for line in entry.lines.values() if line.unit.product), "")


_NAMES: Final[dict[Grouping, Callable[[NodeEntry], str]]] = {
    "product": product_of,
    "zone": lambda entry: entry.zone,
    "clique": lambda entry: entry.clique,
}
