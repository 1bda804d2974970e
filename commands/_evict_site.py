"""What the verbs of `evict` that act have in common: the cluster by its own clock, the drain, an operator, Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from k8sai.cluster.options import Options
from k8sai.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.writing import Writer
    from k8sai.commands._evict_voice import Voice
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.running.entering import Door
    from k8sai.evict.running.ground import Ground


T = TypeVar("T")


@dataclass
class Site:
    """A cluster, and the time as its API server tells it."""

    options: Options
    state_namespace: str = ""

    @cached_property
    def connection(self) -> "Connection":
        from k8sai.cluster.connect import connect

        return connect(self.options)

    @cached_property
    def objects(self) -> "LiveObjects":
        from k8sai.cluster.objects import LiveObjects

        return LiveObjects(self.connection)

    @cached_property
    def ground(self) -> "Ground":
        from k8sai.evict.running.ground import Ground

        return Ground(self.connection, self.objects)

    @property
    def writer(self) -> "Writer":
        return self.ground.writer

    def now(self) -> float:
        """Epoch seconds, by the API server's clock."""
        return self.ground.now()

    # --- drains -------------------------------------------------------------------------------------------------------

    def drains(self) -> "tuple[Listed, ...]":
        """All that can be seen. Raises Forbidden, ClusterError."""
        from k8sai.cluster.reading import Reading
        from k8sai.evict.keeping.find import drains

        return self._in_places(lambda namespace: drains(Reading(self.objects), self.writer, namespace, self.now()))

    def drain(self, name: str) -> "Listed":
        """Of this id; of "" the only one that is not over. Raises NotFound, Forbidden, ClusterError."""
        from k8sai.cluster.reading import Reading
        from k8sai.evict.keeping.find import the_drain

        return self._in_places(lambda space: the_drain(Reading(self.objects), self.writer, name, space, self.now()))

    def _in_places(self, look: "Callable[[str], T]") -> "T":
        """In the namespace that was named; else everywhere, or, for who may not look everywhere, where it would be."""
        from k8sai.evict.keeping.names import NAMESPACE

        if self.state_namespace:
            return look(self.state_namespace)
        try:
            self.objects.list("configmaps", labels="k8sai.dev/evict=1")
        except Forbidden as error:
            for namespace in dict.fromkeys((NAMESPACE, self.connection.namespace)):
                try:
                    if found := look(namespace):
                        return found
                except (NotFound, Forbidden):
                    continue
            raise error
        return look("")

    # --- acting -------------------------------------------------------------------------------------------------------

    def home(self, gangs: tuple[str, ...]) -> str:
        """The namespace where a new drain is kept. `gangs` are the namespaces of its gangs. Raises NotFound."""
        return self.ground.home(gangs, self.state_namespace)

    def door(self, voice: "Voice", stop: threading.Event) -> "Door":
        """For an operator."""
        return self.ground.door(voice.tell, voice.wait, stop)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C, SIGTERM or SIGHUP sets the event: the call in flight is finished. The second ends at once."""
    stop = threading.Event()
    numbers = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]
    before = {one: signal.getsignal(one) for one in numbers}

    def told(number: int, frame: FrameType | None) -> None:
        for one, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(one, handler)
        stop.set()

    for one, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(one, told)
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if stop.is_set() and before[signal.SIGINT] is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # we are leaving: another Ctrl-C would be told as a traceback
