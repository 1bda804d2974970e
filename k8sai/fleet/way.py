"""Who waits in front of the screen goes first: threads that count events or add up stand aside for a moment.

Python runs one thread at a time. A key is some ten milliseconds of work in many short steps, and after each of them a
thread that counts may take its turn: together they keep the key waiting for longer than it takes.
"""

from threading import Event, get_ident
from time import perf_counter


class Way:
    """Taken by one thread, the screen's; given by all others. Nobody waits longer than the taker said."""

    def __init__(self) -> None:
        self._until = 0.0
        self._owner = 0
        self._left = Event()

    def take(self, seconds: float) -> None:
        """Others stand aside from now on, for so long at most."""
        self._owner = get_ident()
        self._left.clear()
        self._until = perf_counter() + seconds

    def leave(self) -> None:
        """Others go on."""
        self._until = 0.0
        self._left.set()

    def give(self) -> None:
        """Called by others between two pieces of work: waits while the way is taken. Costs next to nothing if not."""
        if self._until:
            left = self._until - perf_counter()
            if left > 0 and get_ident() != self._owner:
                self._left.wait(left)
