"""A cluster as it is and as it changes: one reflector per kind, each in its own thread, all into one sink."""

from collections.abc import Iterable
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

from k8sai.cluster.decode import Wire
from k8sai.cluster.listing import Listing
from k8sai.cluster.once import read_once
from k8sai.cluster.reflector import SETTLED, Pace, Reflector
from k8sai.cluster.sources import KINDS, Kind, Sink, Source

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

__all__ = ["Live", "read_once"]


class Live:
    """Follows a cluster from `start` to `stop`. It ends by nothing else: what cannot be read now is tried again."""

    def __init__(
        self,
        connection: "Connection",
        sink: Sink,
        *,
        namespace: str = "",
        kinds: Iterable[Kind] = KINDS,
        node_selector: str = "",
        wire: Wire = "auto",
        pace: Pace | None = None,
    ) -> None:
        self._changed = Condition()
        self._reflectors = tuple(
            Reflector(
                Listing(connection, kind, namespace=namespace, node_selector=node_selector, wire=wire),
                sink,
                self._told,
                pace or Pace(),
            )
            for kind in kinds
        )

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
