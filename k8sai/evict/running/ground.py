"""Where an operator stands: the cluster by its own clock, where a drain is kept, and a door to act through."""

import threading
import time
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING

from k8sai.cluster.writing import Writer
from k8sai.errors import Forbidden, NotFound
from k8sai.evict.keeping.names import NAMESPACE
from k8sai.evict.running.entering import Door

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.evict.running.hands import News


class Ground:
    """Of one connection."""

    def __init__(self, connection: "Connection", objects: "Objects") -> None:
        self.connection = connection
        self.objects = objects
        self.writer = Writer(connection)

    @cached_property
    def _ahead(self) -> float:
        """Seconds that the server's clock is ahead of ours; it tells whole ones, so less than one is none."""
        from k8sai.evict.planning.survey import clock

        ahead = clock(self.connection).at - time.time()
        return 0.0 if abs(ahead) < 1.5 else ahead

    def now(self) -> float:
        """Epoch seconds, by the API server's clock. The first call asks it."""
        return time.time() + self._ahead

    def home(self, gangs: tuple[str, ...], wanted: str = "") -> str:
        """The namespace where a new drain is kept. `gangs` are the namespaces of its gangs. Raises NotFound."""
        if not wanted:
            return next((one for one in (NAMESPACE, *gangs[:1]) if self._exists(one)), "default")
        if self._exists(wanted):
            return wanted
        raise NotFound(f"there is no namespace {wanted}", f"`kubectl create namespace {wanted}`")

    def _exists(self, namespace: str) -> bool:
        try:
            self.objects.get("namespaces", "", namespace)
        except NotFound:
            return False
        except Forbidden:
            return True  # the first write tells
        return True

    def door(self, told: "Callable[[News], None]", watched: Callable[[str], None], stop: threading.Event) -> Door:
        """For an operator that ends once `stop` is set."""
        from k8sai.evict.methods.all import METHODS
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
            told=told,
            watched=watched,
            stop=stop,
        )
