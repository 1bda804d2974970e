"""All holders of cards judged idle or not, node by node, so that nobody has to wait for all of them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from time import sleep

from k8sai.fleet.books import Books
from k8sai.fleet.dra import Allocations
from k8sai.fleet.idle import Held, Idleness, Sight, judged
from k8sai.fleet.meters import Meters
from k8sai.fleet.rows import held_since, node_row
from k8sai.fleet.way import Way


def judged_all(
    nodes: Iterable[str], reading: Callable[[], AbstractContextManager[Books]], way: Way, dra: Allocations,
    meters: Meters, sight: Sight,
) -> tuple[Idleness, dict[tuple[str, str], bool]]:  # fmt: skip
    """Who of these nodes' holders is idle, and which cards are, by node and name; `reading` gives the locked books."""
    held: list[Held] = []
    cards: dict[tuple[str, str], bool] = {}
    for name in nodes:
        with reading() as books:
            entry = books.nodes.get(name)
            if entry is not None and entry.pods:
                found = judged(node_row(entry, dra, meters), held_since(entry), sight, meters.on(name))
                held += found.held
                cards.update(found.cards)
        way.give()
        sleep(0)
    return Idleness(tuple(held), sight.at, sight.rule, sight.source, sight.prices.currency), cards
