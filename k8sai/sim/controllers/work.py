"""The work queue all controllers share: keys wait once, are handled in order, and never in the middle of a write."""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

Handle = Callable[[Hashable], None]


@dataclass(slots=True)
class Work:
    """First in, first out; a key that already waits for the same controller is not added again.

    `wake` is called when the queue stops being empty: the owner of the event loop arranges for `step` to run.
    `failed` gets what a controller raised; the others go on.
    """

    wake: Callable[[], None] = lambda: None
    failed: Callable[[str, Exception], None] | None = None
    _items: deque[tuple[str, Hashable]] = field(default_factory=deque)
    _waiting: set[tuple[str, Hashable]] = field(default_factory=set)
    _handlers: dict[str, Handle] = field(default_factory=dict)

    def handler(self, name: str, handle: Handle) -> Callable[[Hashable], None]:
        """Register a controller; returns the function that adds a key for it."""
        self._handlers[name] = handle

        def add(key: Hashable) -> None:
            item = (name, key)
            if item in self._waiting:
                return
            if not self._items:
                self.wake()
            self._waiting.add(item)
            self._items.append(item)

        return add

    def idle(self) -> bool:
        """Nothing waits."""
        return not self._items

    def step(self) -> None:
        """Handle the oldest key."""
        name, key = item = self._items.popleft()
        self._waiting.discard(item)
        try:
            self._handlers[name](key)
        except Exception as error:
            if self.failed is None:
                raise
            self.failed(name, error)

    def drain(self, limit: int = 1_000_000) -> None:
        """Handle everything, also what is added meanwhile. RuntimeError beyond `limit` keys: controllers at war."""
        for _ in range(limit):
            if not self._items:
                return
            self.step()
        raise RuntimeError(f"the controllers do not come to rest; next would be {self._items[0]}")
