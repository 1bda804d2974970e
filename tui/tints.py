"""What cards are coloured by: the names of who holds them, their priority, how busy they are, or their state alone."""

from collections.abc import Callable, Sequence
from typing import Final

from k8sai.fleet.glance import Who
from k8sai.fleet.index import Fleet
from k8sai.tui.ink import HEATS, Hues

TINTS: Final = ("namespace", "owner", "queue", "priority", "utilisation", "state")
NAMED: Final = ("namespace", "owner", "queue")  # by a name, each in a colour of its own


class Tints:
    """Inks by what is coloured by; names keep theirs for as long as this lives."""

    def __init__(self, fleet: Fleet) -> None:
        self._hues = {
            "namespace": Hues(lambda: [total.name for total in fleet.namespaces()]),
            "owner": Hues(),
            "queue": Hues(lambda: [total.name for total in fleet.queues()]),
        }
        self._ranks: dict[int, str] = {}
        self._priorities: Callable[[], Sequence[int]] = fleet.priorities

    def named(self, tint: str, name: str) -> str:
        """The ink of a namespace, queue, or owner (as namespace/owner)."""
        return self._hues[tint].of(name)

    def of(self, tint: str, who: Who, busy: float | None = None) -> str:
        """The ink of a card that somebody holds; `busy` is how much so, 0 to 1."""
        if tint == "namespace":
            return self._hues[tint].of(who.namespace)
        if tint == "owner":
            return self._hues[tint].of(f"{who.namespace}/{who.owner}" if who.owner else "")
        if tint == "queue":
            return self._hues[tint].of(who.queue)
        if tint == "priority":
            return self.priority(who.priority)
        return heat(busy) if tint == "utilisation" else "key"

    def priority(self, value: int) -> str:
        """The ink of a priority among those there are: the lowest is the coolest."""
        if value not in self._ranks:
            ranks = sorted({*self._priorities(), value})
            self._ranks = {each: f"heat{_spread(at, len(ranks))}" for at, each in enumerate(ranks)}
        return self._ranks[value]


def name_of(tint: str, who: Who) -> str:
    """What a holder is called where cards are coloured by this."""
    if tint == "owner":
        return who.owner or "(no owner)"
    if tint == "queue":
        return who.queue or "(no queue)"
    return f"priority {who.priority:,}" if tint == "priority" else who.namespace


def heat(busy: float | None) -> str:
    """The ink of how busy a card is, 0 to 1: the cooler the less; dim where nobody knows."""
    return "dim" if busy is None else f"heat{min(HEATS - 1, max(0, int(busy * HEATS)))}"


def _spread(at: int, of: int) -> int:
    return at * (HEATS - 1) // (of - 1) if of > 1 else 0
