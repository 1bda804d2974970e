"""The newest reading of the drains: made beside the screen every two seconds, while a pane of theirs is in front."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.dom import DOMNode

from k8sai.errors import Forbidden, K8saiError
from k8sai.tui.background import begin, in_thread
from k8sai.tui.feed import Feed

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.shown.drains import Drains, Evictions, Ours

_EVERY: Final = 2.0  # seconds between two readings
_SOON: Final = 0.5  # where a drain of this screen has said something
_REST: Final = 2  # times as long as a reading took there is none


class EvictionWatch:
    """Of one feed, for all panes. Costs nothing before the first `renew`."""

    def __init__(self, feed: Feed, now: Callable[[], float]) -> None:
        self._feed = feed
        self._now = now
        self.kept = True  # False: a recording, which has none
        self.read: Drains | None = None
        self.late: K8saiError | None = None  # why the last reading is not the newest
        self.acting: dict[str, str] = {}  # by id what is being begun: "taking it back"
        self._made: Evictions | None = None
        self._ahead = 0.0  # seconds that the server's clock is ahead of the screen's
        self._heard = 0
        self._ended = self._next = 0.0
        self._busy = False

    def now(self) -> float:
        """Epoch seconds by the server's clock, as far as it is known."""
        return self._now() + self._ahead

    def drain(self, key: str) -> "Listed | None":
        """By `NAMESPACE/ID`; None: there is none."""
        found = self.read.found if self.read is not None else ()
        return next((one for one in found if key_of(one) == key), None)

    def ours(self, drain: str) -> "Ours | None":
        """What is heard of a drain that this screen carries out."""
        return self.read.ours.get(drain) if self.read is not None else None

    @property
    def busy(self) -> tuple[str, ...]:
        """The ids of drains that this screen carries out."""
        return self._made.busy if self._made is not None else ()

    def renew(self, host: DOMNode, then: Callable[[], None]) -> None:
        """Read again if that is due, and then call."""
        now = time.perf_counter()
        heard = self._made.heard if self._made is not None else 0
        due = now >= self._next or (heard != self._heard and now >= self._ended + _SOON)
        if self.kept and not self._busy and due:
            self._busy, self._heard = True, heard
            begin(host, partial(self._beside, then), "evictions")

    def at_once(self) -> None:
        """The next `renew` is due."""
        self._next = 0.0

    def evictions(self) -> "Evictions | None":
        """In a thread: what reads and acts."""
        self._made = self._feed.evictions
        return self._made

    async def _beside(self, then: Callable[[], None]) -> None:
        began = time.perf_counter()
        try:
            self._keep(await in_thread(self._make))
        finally:
            self._busy = False
            self._ended = time.perf_counter()
            self._next = self._ended + max(_EVERY, _REST * (self._ended - began))
        then()

    def _make(self) -> "Drains | None":
        evictions = self.evictions()
        return None if evictions is None else evictions.read()

    def _keep(self, made: "Drains | None") -> None:
        """A server that does not answer leaves the picture that was there; one that says no does not."""
        self.kept = made is not None
        self.late = made.refused if made is not None else None
        if made is not None and made.refused is None:
            ahead = made.at - self._now()
            self._ahead = 0.0 if abs(ahead) < 2.0 else ahead
        if self.late is None or self.read is None or isinstance(self.late, Forbidden):
            self.read = made


def key_of(one: "Listed") -> str:
    """`k8sai-system/7f3c2a`."""
    return f"{one.namespace}/{one.id}"
