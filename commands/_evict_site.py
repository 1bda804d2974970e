"""What the verbs of `evict` that act have in common: the cluster by its own clock, the drain, an operator, Ctrl-C."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, TypeVar

from k8sai.cluster.options import Options
from k8sai.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.writing import Writer
    from k8sai.commands._evict_said import Voice
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.running.entering import Door


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
    def writer(self) -> "Writer":
        from k8sai.cluster.writing import Writer

        return Writer(self.connection)

    @cached_property
    def objects(self) -> "LiveObjects":
        from k8sai.cluster.objects import LiveObjects

        return LiveObjects(self.connection)

    @cached_property
    def _ahead(self) -> float:
        """Seconds that the server's clock is ahead of ours; it tells whole ones, so less than one is none."""
        from k8sai.evict.planning.survey import clock

        ahead = clock(self.connection).at - time.time()
        return 0.0 if abs(ahead) < 1.5 else ahead

    def now(self) -> float:
        """Epoch seconds, by the API server's clock."""
        return time.time() + self._ahead

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
        from k8sai.evict.keeping.names import NAMESPACE

        if self.state_namespace:
            if not self._exists(self.state_namespace):
                raise NotFound(
                    f"there is no namespace {self.state_namespace}",
                    f"`kubectl create namespace {self.state_namespace}`",
                )
            return self.state_namespace
        return next((one for one in (NAMESPACE, *gangs[:1]) if self._exists(one)), "default")

    def _exists(self, namespace: str) -> bool:
        try:
            self.objects.get("namespaces", "", namespace)
        except NotFound:
            return False
        except Forbidden:
            return True  # the first write tells
        return True

    def door(self, voice: "Voice", stop: threading.Event) -> "Door":
        """For an operator."""
        from k8sai.evict.methods.all import METHODS
        from k8sai.evict.running.entering import Door
        from k8sai.evict.running.proving import prove
        from k8sai.evict.switches.all import next_start, next_stop

        def pause(seconds: float) -> None:
            stop.wait(seconds)

        return Door(
            self.connection,
            self.writer,
            self.objects,
            METHODS,
            SimpleNamespace(next_stop=next_stop, next_start=next_start),
            prove,
            now=self.now,
            pause=pause,
            told=voice.tell,
            watched=voice.wait,
            stop=stop,
        )


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
