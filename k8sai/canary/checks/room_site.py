"""The cluster that is asked for room, read once: every try after that is arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from k8sai.facts import Pod
from k8sai.fit.cluster import Cluster
from k8sai.fit.reading import Reader, unread
from k8sai.queues.setting import CLUSTER_QUEUES, Setting, read_by
from k8sai.scheduling.intake import bound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.sources import Source


@dataclass
class Site:
    """`stable` are the labels of the stable side's pods; None where it has none of its own. `running` are the pods that
    the canary has already; `backend` says which flags of `start` it takes.
    """

    cluster: Cluster
    objects: "Objects"
    reading: "Reading"
    namespace: str
    stable: Mapping[str, str] | None = None
    sources: "tuple[Source, ...]" = ()
    backend: str = ""
    running: int = 0
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.objects)

    @cached_property
    def kueue(self) -> Setting | None:
        """None where the cluster has no Kueue."""
        return read_by(self.reading, self.namespace) if self.reading.served(CLUSTER_QUEUES) else None

    @cached_property
    def replicas(self) -> list[Pod]:
        """The pods of the stable side that hold a node."""
        if not self.stable:
            return []
        return [pod for pod in self.cluster.roster.all() if bound(pod) and self._stable(pod)]

    def going(self, count: int) -> frozenset[str]:
        """The uids of so many of them, never of all."""
        return frozenset(pod.metadata.uid for pod in self.replicas[: min(count, len(self.replicas) - 1)])

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """What was not read of the cluster itself, in sentences."""
        return tuple(f"{gap.meaning.format(gap.what)}: {gap.why}" for gap in unread(self.sources))

    def _stable(self, pod: Pod) -> bool:
        meta = pod.metadata
        labels = meta.labels or {}
        return meta.namespace == self.namespace and (self.stable or {}).items() <= labels.items()


def site_of(
    connection: "Connection",
    objects: "Objects",
    reading: "Reading",
    namespace: str,
    stable: Mapping[str, str] | None = None,
    *,
    backend: str = "",
    running: int = 0,
) -> Site:
    """Reads nodes, pods and devices. Raises ClusterError where nobody answers."""
    from k8sai.cluster.live import read_once
    from k8sai.cluster.tee import Tee

    cluster = Cluster()
    sources = read_once(connection, Tee(*cluster.sinks))
    return Site(cluster, objects, reading, namespace, stable, tuple(sources), backend, running)
