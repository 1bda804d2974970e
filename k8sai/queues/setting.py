"""Everything Kueue decides by, as it was at one moment; what could not be read is named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import time
from typing import TypeVar

from k8sai.cluster.objects import Objects
from k8sai.cluster.reading import Reading, Unseen
from k8sai.queues import parse, parse_workload
from k8sai.queues.facts import Check, ClusterQueue, Cohort, Flavor, Json, LocalQueue, PriorityClass, Topology
from k8sai.queues.workload import Workload

_T = TypeVar("_T", ClusterQueue, Cohort, Flavor, Check, Topology, PriorityClass)

GROUP = "kueue.x-k8s.io"
CLUSTER_QUEUES = f"clusterqueues.{GROUP}"
LOCAL_QUEUES = f"localqueues.{GROUP}"
COHORTS = f"cohorts.{GROUP}"
FLAVORS = f"resourceflavors.{GROUP}"
WORKLOADS = f"workloads.{GROUP}"
CHECKS = f"admissionchecks.{GROUP}"
TOPOLOGIES = f"topologies.{GROUP}"
CLASSES = f"workloadpriorityclasses.{GROUP}"


@dataclass(frozen=True)
class Setting:
    """`at` is when it was true (seconds since 1970). `namespaces` are labels by name. Change it with `replace`."""

    cluster_queues: Mapping[str, ClusterQueue] = field(default_factory=dict)
    local_queues: Mapping[str, LocalQueue] = field(default_factory=dict)  # by namespace/name
    cohorts: Mapping[str, Cohort] = field(default_factory=dict)  # objects only: see quota.Tree for implied ones
    flavors: Mapping[str, Flavor] = field(default_factory=dict)
    workloads: Mapping[str, Workload] = field(default_factory=dict)  # by namespace/name
    checks: Mapping[str, Check] = field(default_factory=dict)
    topologies: Mapping[str, Topology] = field(default_factory=dict)
    classes: Mapping[str, PriorityClass] = field(default_factory=dict)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hidden: tuple[Unseen, ...] = ()
    within: Mapping[str, str] = field(default_factory=dict)  # kinds that are hidden outside of one namespace: which
    at: float = field(default_factory=time)

    def blind(self, kind: str) -> bool:
        """Some of this kind (`workloads.kueue.x-k8s.io`) could not be read."""
        return any(gap.what == kind for gap in self.hidden)

    def cluster_queue_of(self, workload: Workload) -> ClusterQueue | None:
        """Where it holds quota, else where its LocalQueue leads. None: nowhere that can be seen."""
        if workload.admission is not None and workload.reserves:
            return self.cluster_queues.get(workload.admission.cluster_queue)
        local = self.local_queues.get(f"{workload.namespace}/{workload.queue}")
        return self.cluster_queues.get(local.cluster_queue) if local else None

    @cached_property
    def reserving(self) -> Mapping[str, tuple[Workload, ...]]:
        """Workloads that hold quota, by the name of their ClusterQueue."""
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads.values():
            if workload.reserves and workload.admission is not None:
                found.setdefault(workload.admission.cluster_queue, []).append(workload)
        return {name: tuple(ones) for name, ones in found.items()}

    @cached_property
    def waiting(self) -> Mapping[str, tuple[Workload, ...]]:
        """Workloads without quota that are not finished, by the name of the ClusterQueue; "" for those without one."""
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads.values():
            if workload.waits:
                local = self.local_queues.get(f"{workload.namespace}/{workload.queue}")
                found.setdefault(local.cluster_queue if local else "", []).append(workload)
        return {name: tuple(ones) for name, ones in found.items()}


def read(objects: Objects, namespace: str = "") -> Setting:
    """Of a cluster or a recording. What may not be read is in `hidden`; a cluster without Kueue gives an empty one.

    LocalQueues and Workloads that may not be read everywhere are read in `namespace`, and said to be hidden elsewhere.
    """
    return read_by(Reading(objects), namespace)


def read_by(reading: Reading, namespace: str = "") -> Setting:
    """The same for a question that reads other things too: what it has read is not read again."""

    def inside(kind: str) -> list[Json]:
        found = reading.list(kind)
        return reading.list(kind, namespace) if reading.blind(kind) and namespace else found

    return Setting(
        cluster_queues=_named(parse.cluster_queue(one) for one in reading.list(CLUSTER_QUEUES)),
        local_queues={one.ref: one for one in map(parse.local_queue, inside(LOCAL_QUEUES))},
        cohorts=_named(parse.cohort(one) for one in reading.list(COHORTS)),
        flavors=_named(parse.flavor(one) for one in reading.list(FLAVORS)),
        workloads={one.ref: one for one in map(parse_workload.workload, inside(WORKLOADS))},
        checks=_named(parse.check(one) for one in reading.list(CHECKS)),
        topologies=_named(parse.topology(one) for one in reading.list(TOPOLOGIES)),
        classes=_named(parse.priority_class(one) for one in reading.list(CLASSES)),
        namespaces=_labels(reading.list("namespaces")),
        hidden=reading.hidden,
        within={
            kind: namespace
            for kind in (LOCAL_QUEUES, WORKLOADS)
            if reading.blind(kind) and namespace and reading.listed(kind, namespace)
        },
    )


def _named(found: "Iterable[_T]") -> "dict[str, _T]":
    return {one.name: one for one in found}


def _labels(found: Iterable[Json]) -> dict[str, Mapping[str, str]]:
    return {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in found}
