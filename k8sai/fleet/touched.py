"""Which nodes look different since somebody looked: who shows thousands of them asks for those few again."""

from collections import deque
from itertools import islice
from typing import Final

_MOST: Final = 20_000  # remembered; who comes later than that looks at all of them


class Touched:
    """Names in the order in which they changed, and how many there ever were: that number is a mark."""

    def __init__(self) -> None:
        self._names: deque[str] = deque(maxlen=_MOST)
        self._count = 0

    def add(self, name: str) -> None:
        """This node has changed."""
        self._names.append(name)
        self._count += 1

    def add_all(self) -> None:
        """Any node may have changed."""
        self._names.clear()
        self._count += 1

    def since(self, mark: int) -> tuple[int, frozenset[str] | None]:
        """The mark of this moment, and the nodes that changed after another; None: it may be any of them."""
        missed = self._count - mark
        if mark < 0 or missed > len(self._names):
            return self._count, None
        return self._count, frozenset(islice(reversed(self._names), missed))
