"""The cluster that is asked for room, read once: every try after that is arithmetic.

The scheduler's rules and ResourceQuotas are those of `fit`, Kueue's those of `queue simulate`: there each pod of a
server is a Workload of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from k8sai.canary.checks.room import Answer, Short
from k8sai.canary.facts import Demand, Json
from k8sai.facts import Pod
from k8sai.fit.answer import Answer as Fit
from k8sai.fit.ask import Asked
from k8sai.fit.cluster import Cluster
from k8sai.fit.manifests import read as read_pods
from k8sai.fit.quota import requests
from k8sai.fit.reading import Reader, insist, unread
from k8sai.fit.say import sentence
from k8sai.fit.short import amount
from k8sai.queues.setting import CLUSTER_QUEUES, Setting, read_by
from k8sai.queues.words import gpu
from k8sai.scheduling.intake import bound
from k8sai.view import several

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.sources import Source

_PLACE: Final = "the canary"  # where errors say that pods are described


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


def judged(site: Site, demand: Sequence[Demand], gone: frozenset[str] = frozenset()) -> Answer:
    """Nodes and quotas, then volumes, then Kueue: the first that has no room. `gone` are pods that end before.

    Raises Forbidden and ClusterError where nodes may not be read, Usage and BadQuantity for pods that are none.
    """
    from k8sai.canary.checks.room_queue import queued
    from k8sai.canary.checks.room_volumes import pinned, tied

    insist(site.sources)
    documents = [workload(one, site.namespace, number) for number, one in enumerate(demand) if one.count]
    asked = read_pods(documents, site.namespace, _PLACE, site.reader.runtime)
    asked = replace(asked, each=_each(asked))
    ties = tied(site, asked, gone)
    found = site.cluster.answer(site.reader, pinned(asked, ties), gone)
    doubts = _doubts(site, found)
    why = " and ".join(dict.fromkeys(one.why for one in demand if one.count))
    if not found.fits:
        if ties and site.cluster.answer(site.reader, asked, gone).fits:
            return Answer(Short(why, "volume", ties.sentence))
        if doubts and not site.reader.blind("resourcequotas"):
            return Answer(notes=(f"{why}: {sentence(found, guessed=True).rstrip('.')}", *doubts))
        return Answer(_short(why, found), doubts)
    queue = queued(site, documents, why, gone)
    return Answer(queue.short, (*doubts, *queue.notes))


def workload(demand: Demand, namespace: str, number: int = 0) -> Json:
    """Such pods as a Deployment makes them. Its labels are the pods' own: among them the queue, where one is named."""
    labels = (demand.template.get("metadata") or {}).get("labels") or {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"canary-{number}" if number else "canary", "namespace": namespace, "labels": labels},
        "spec": {"replicas": demand.count, "template": demand.template},
    }


def _each(asked: Asked) -> str:
    """`8 GPUs`, where all pods ask for as many; "" where they ask for none, or by claims."""
    found = {sum(value for name, value in requests(group).items() if gpu(name)) for group in asked.groups}
    return several(found.pop(), "GPU") if len(found) == 1 and found != {0} else ""


def _doubts(site: Site, found: Fit) -> tuple[str, ...]:
    """What was not read and could change the answer."""
    gaps = site.reader.hidden if found.fits else site.reader.doubtful
    return (*site.unseen, *(f"{gap.meaning.format(gap.what)}: {gap.why}" for gap in gaps))


def _short(why: str, found: Fit) -> Short:
    """The deficit is what the pods ask for that found no place, in devices; of a quota what it lacks."""
    said = sentence(found).rstrip(".").removeprefix("No: ").removeprefix("No, and ")
    never = found.verdict == "never"
    if found.placed == found.asked.count and found.barriers:
        missing = {key: f"{value.normalize():f}" for one in found.barriers for key, value in one.missing.items()}
        return Short(why, "quota", said, missing, never=never)
    return Short(why, "nodes", said, _lacking(found), never=never)


def _lacking(found: Fit) -> dict[str, str]:
    total: dict[str, int] = {}
    left = found.placed  # pods are placed in the order of their groups
    for group in found.asked.groups:
        placed = min(left, group.count)
        left -= placed
        for name, value in requests(group).items():
            if "/" in name and group.count > placed:
                total[name] = total.get(name, 0) + value * (group.count - placed)
    return {name: amount(name, value).split()[0] for name, value in total.items()}
