"""The newest look at the queues: made anew when something has changed, at most once a second, and beside the screen."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.dom import DOMNode

from k8sai.cluster.sources import Source
from k8sai.tui.background import begin, in_thread
from k8sai.tui.feed import Feed

if TYPE_CHECKING:
    from k8sai.queues.kept import Queues
    from k8sai.queues.setting import Setting
    from k8sai.tui.queues_look import Look

_EVERY: Final = 1.0  # seconds at least between two looks; rows that move more often cannot be read
_REST: Final = 9  # times as long as a look took
_AGAIN: Final = 10.0  # seconds after which time alone may have changed something: who backs off comes back
_FEW: Final = 200  # objects that are looked at within a frame


class QueueWatch:
    """Of one feed, for all panes. Costs nothing before `start`."""

    def __init__(self, feed: Feed, now: Callable[[], float]) -> None:
        self._feed = feed
        self._now = now
        self.look: Look | None = None
        self._seen: object = None
        self._next = 0.0  # when there may be another look
        self._stale = 0.0  # when there should be
        self._busy = False

    @property
    def queues(self) -> "Queues | None":
        """None where nothing of them was kept."""
        return self._feed.queues

    def start(self) -> None:
        """Begin to read, once somebody looks."""
        if self.queues is not None:
            self.queues.start()

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands that the tree is made of."""
        from k8sai.queues.kept import KINDS

        every = self.queues.sources() if self.queues is not None else ()
        return tuple(source for source in every if source.kind in KINDS)

    @property
    def few(self) -> bool:
        """So little that a frame can wait for it."""
        queues = self.queues
        return queues is None or sum(source.count for source in queues.sources()) <= _FEW

    def clock(self) -> float:
        """The time that ages are counted to: now, or that of the recording."""
        still = all(source.state in ("once", "absent") for source in self.sources())
        return self.look.at if still and self.look is not None else self._now()

    def renew(self, host: DOMNode, then: Callable[[], None]) -> None:
        """Look again if that is due, and then call: at once where there is little to look at."""
        queues = self.queues
        if queues is None or self._busy or self._reads() or not self._due(queues):
            return
        self._seen = self._state(queues)
        if self.few:
            self._keep(self._make(queues))
            then()
        else:
            self._busy = True
            begin(host, partial(self._beside, queues, then), "queues")

    def at_once(self) -> None:
        """The next `renew` is due, whatever was looked at before."""
        self._seen, self._next = None, 0.0

    async def _beside(self, queues: "Queues", then: Callable[[], None]) -> None:
        try:
            self._keep(await in_thread(lambda: self._make(queues)))
        finally:
            self._busy = False
        then()

    def _make(self, queues: "Queues") -> "tuple[Look, float]":
        from k8sai.tui.queues_look import look  # what it is made with is not for every start

        began = time.perf_counter()
        setting = queues.setting()
        return look(self._dated(setting)), time.perf_counter() - began

    def _dated(self, setting: "Setting") -> "Setting":
        """What depends on the time is as of now, not as of the last change."""
        live = any(source.state == "live" for source in self.sources())
        return replace(setting, at=self._now()) if live else setting

    def _keep(self, made: "tuple[Look, float]") -> None:
        self.look, cost = made
        done = time.perf_counter()
        self._next, self._stale = done + max(_EVERY, _REST * cost), done + max(_AGAIN, 10 * _REST * cost)

    def _reads(self) -> bool:
        """The first picture is not complete yet."""
        return any(source.state == "starting" and not source.message for source in self.sources())

    def _due(self, queues: "Queues") -> bool:
        now = time.perf_counter()
        return now >= self._next and (self._state(queues) != self._seen or now >= self._stale)

    def _state(self, queues: "Queues") -> object:
        return queues.version, tuple((source.state, source.namespace) for source in queues.sources())
