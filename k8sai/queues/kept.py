"""The queues of a cluster as a screen keeps them: followed from the first look on, or read once from a recording."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from k8sai.cluster.objects import LiveObjects, Objects
from k8sai.cluster.sources import Source
from k8sai.queues.live import LiveQueues
from k8sai.queues.positions import Ask
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS, Setting, read

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

KINDS = (CLUSTER_QUEUES, LOCAL_QUEUES, COHORTS, WORKLOADS)  # what the tree and its waiting lists are made of


class Queues(Protocol):
    """Nothing is asked for before `start`, which may be called again and again. Any thread may ask."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End."""

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands; `starting` before `start` too. It does not wait."""

    @property
    def version(self) -> int:
        """Grows with every change."""

    def setting(self) -> Setting:
        """As it is now. Costs by the number of objects: not for frames."""

    @property
    def ask(self) -> Ask | None:
        """How to ask Kueue itself for positions, which may wait; None where there is nobody to ask."""


class FollowedQueues(LiveQueues):
    """Of a server."""

    def __init__(self, connection: "Connection", objects: Callable[[], LiveObjects]) -> None:
        super().__init__(connection)
        self._objects = objects
        self._started = False

    def start(self) -> None:
        if not self._started:
            self._started = True
            super().start()

    def stop(self) -> None:
        if self._started:
            super().stop()

    @property
    def ask(self) -> Ask | None:
        return self._objects().ask


class RecordedQueues:
    """Out of a file, read when they are wanted."""

    def __init__(self, objects: Objects, at: float) -> None:
        """`at` is when the recording was true (seconds since 1970)."""
        self._objects = objects
        self._at = at
        self._started = False
        self._setting = Setting(at=at)
        self._sources = tuple(Source(kind, "starting") for kind in KINDS)
        self.version = 0

    def start(self) -> None:
        if not self._started:
            self._started = True
            Thread(target=self.read, name="k8sai-queues", daemon=True).start()

    def stop(self) -> None:
        """Nothing goes on."""

    def sources(self) -> tuple[Source, ...]:
        return self._sources

    def setting(self) -> Setting:
        return self._setting

    @property
    def ask(self) -> Ask | None:
        return None

    def read(self) -> None:
        """All of it, now."""
        found = replace(read(self._objects), at=self._at)
        counts = {
            CLUSTER_QUEUES: len(found.cluster_queues),
            LOCAL_QUEUES: len(found.local_queues),
            COHORTS: len(found.cohorts),
            WORKLOADS: len(found.workloads),
        }
        self._setting = found
        self._sources = tuple(self._source(kind, counts[kind], found) for kind in KINDS)
        self.version += 1

    def _source(self, kind: str, count: int, found: Setting) -> Source:
        gap = next((gap for gap in found.hidden if gap.what == kind), None)
        if gap is not None:
            return Source(kind, "forbidden", message=gap.why, hint=gap.hint)
        return Source(kind, "once" if self._objects.served(kind) else "absent", count, self._at)
