"""Kueue's objects kept in step with a cluster: an event costs the parsing of one object, a Setting is put together when
somebody asks for one, and only if something has changed since.
"""

from collections.abc import Callable, Iterable, Mapping
from threading import Condition
from time import time
from typing import TYPE_CHECKING, Any

from k8sai.cluster.reading import Unseen
from k8sai.cluster.sources import Source
from k8sai.cluster.whole import Whole, WholeLive
from k8sai.queues import parse, parse_workload
from k8sai.queues.facts import Json
from k8sai.queues.setting import (
    CHECKS,
    CLASSES,
    CLUSTER_QUEUES,
    COHORTS,
    FLAVORS,
    LOCAL_QUEUES,
    TOPOLOGIES,
    WORKLOADS,
    Setting,
)

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

NAMESPACES = "namespaces"
# Of each kind what is made of an object, and the field of the Setting it goes to.
_KINDS: dict[str, tuple[Callable[[Json], Any], str]] = {
    CLUSTER_QUEUES: (parse.cluster_queue, "cluster_queues"),
    LOCAL_QUEUES: (parse.local_queue, "local_queues"),
    COHORTS: (parse.cohort, "cohorts"),
    FLAVORS: (parse.flavor, "flavors"),
    WORKLOADS: (parse_workload.workload, "workloads"),
    CHECKS: (parse.check, "checks"),
    TOPOLOGIES: (parse.topology, "topologies"),
    CLASSES: (parse.priority_class, "classes"),
    NAMESPACES: (lambda obj: obj["metadata"].get("labels") or {}, "namespaces"),
}


class LiveQueues:
    """Follows a cluster from `start` to `stop`. Any thread may ask."""

    def __init__(self, connection: "Connection") -> None:
        self._known = Known()
        self._live = WholeLive(connection, _KINDS, self._known)
        self._made: tuple[object, Setting] | None = None

    def start(self) -> None:
        """Returns at once."""
        self._live.start()

    def stop(self) -> None:
        """End the threads; the connection stays open."""
        self._live.stop()

    def wait_synced(self, timeout: float) -> bool:
        """Whether every kind was read, or is known not to be had, waiting for it at most so many seconds."""
        return self._live.wait_synced(timeout)

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands."""
        return self._live.sources()

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._known.version

    def wait(self, version: int, timeout: float) -> bool:
        """Until something has changed since that version, at most so many seconds; whether it has."""
        return self._known.wait(version, timeout)

    def setting(self) -> Setting:
        """As it is now: the same object as before where nothing has changed."""
        sources = self.sources()
        state = (self.version, tuple((source.state, source.namespace) for source in sources))
        if self._made is None or self._made[0] != state:
            within = {source.kind: source.namespace for source in sources if source.namespace}
            self._made = state, self._known.setting(hidden(sources), within)
        return self._made[1]


class Known:
    """The objects by kind and name: a sink. Guards itself."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._objects: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
        self.version = 0

    def put(self, kind: str, obj: Whole) -> None:
        """It is new or changed."""
        name, made = _name(obj.body), _KINDS[kind][0](obj.body)
        with self._changed:
            self._objects[kind][name] = made
            self._tell()

    def drop(self, kind: str, obj: Whole) -> None:
        """It is gone."""
        with self._changed:
            self._objects[kind].pop(_name(obj.body), None)
            self._tell()

    def replace(self, kind: str, objects: Iterable[Whole]) -> None:
        """These are all."""
        found = {_name(obj.body): _KINDS[kind][0](obj.body) for obj in objects}
        with self._changed:
            self._objects[kind] = found
            self._tell()

    def wait(self, version: int, timeout: float) -> bool:
        """As `LiveQueues.wait`."""
        with self._changed:
            return self._changed.wait_for(lambda: self.version != version, timeout)

    def setting(self, hidden: tuple[Unseen, ...] = (), within: Mapping[str, str] | None = None) -> Setting:
        """A copy that later events do not change."""
        with self._changed:
            parts = {field: dict(self._objects[kind]) for kind, (_, field) in _KINDS.items()}
        return Setting(**parts, hidden=hidden, within=within or {}, at=time())

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()


def hidden(sources: Iterable[Source]) -> tuple[Unseen, ...]:
    """What may not be seen: denied, failed, or of one namespace alone. A kind that is not served hides nothing."""
    return tuple(
        Unseen(source.kind, source.message or f"{source.kind} have not been read yet", source.hint)
        for source in sources
        if source.namespace or source.state in ("forbidden", "failed", "starting")
    )


def _name(body: Json) -> str:
    """`namespace/name`, or the name alone."""
    meta = body["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])
