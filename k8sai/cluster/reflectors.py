"""Reflectors of several kinds, each in its own thread, that begin and end together."""

from collections.abc import Iterable
from threading import Condition
from time import monotonic

from k8sai.cluster.reflector import SETTLED, Listed, Pace, Reflector, Taker
from k8sai.cluster.sources import Source


class Reflectors:
    """They follow from `start` to `stop`. They end by nothing else: what cannot be read now is tried again."""

    def __init__(self, listings: Iterable[Listed], sink: Taker, pace: Pace | None = None) -> None:
        self._changed = Condition()
        self._reflectors = tuple(Reflector(listing, sink, self._told, pace or Pace()) for listing in listings)

    def start(self) -> None:
        """Returns at once."""
        for reflector in self._reflectors:
            reflector.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End all threads; after that the sink is called no more. Waits at most `timeout` seconds in all."""
        for reflector in self._reflectors:
            reflector.stop()
        deadline = monotonic() + timeout
        for reflector in self._reflectors:
            reflector.join(max(0.0, deadline - monotonic()))

    def wait_synced(self, timeout: float) -> bool:
        """Wait until every kind is there, or known not to be; False when that takes longer (seconds)."""
        with self._changed:
            return self._changed.wait_for(lambda: all(s.state in SETTLED for s in self.sources()), timeout)

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands; cheap enough for every frame."""
        return tuple(reflector.source() for reflector in self._reflectors)

    def _told(self) -> None:
        with self._changed:
            self._changed.notify_all()
