"""One stream of facts, several sinks: the fleet counts them, the board holds them as the scheduler does."""

from collections.abc import Iterable

from k8sai.cluster.sources import Kind, Sink
from k8sai.facts import Object


class Tee:
    """Every sink gets everything, in the order the sinks are named. Each guards itself."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def put(self, kind: Kind, obj: Object) -> None:
        for sink in self._sinks:
            sink.put(kind, obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        for sink in self._sinks:
            sink.drop(kind, obj)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """The list may be an iterator that fails while it arrives: then no sink is told, and the error is the caller's.

        Facts are frozen, so the sinks share them.
        """
        kept = tuple(objects)
        for sink in self._sinks:
            sink.replace(kind, kept)
