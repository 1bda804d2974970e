"""What Kueue knows of a cluster, kept up event by event: its objects as facts, who waits where, who holds what.

Source: pkg/cache/queue and pkg/cache/scheduler of Kueue 0.19.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from k8sai.queues import parse, parse_workload
from k8sai.queues.facts import Check, ClusterQueue, Cohort, Flavor, LocalQueue, PriorityClass, Topology
from k8sai.queues.setting import GROUP, Setting
from k8sai.queues.workload import Workload
from k8sai.sim import kinds
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

CLUSTER_QUEUES = kinds.find(GROUP, "clusterqueues")
LOCAL_QUEUES = kinds.find(GROUP, "localqueues")
COHORTS = kinds.find(GROUP, "cohorts")
FLAVORS = kinds.find(GROUP, "resourceflavors")
CHECKS = kinds.find(GROUP, "admissionchecks")
TOPOLOGIES = kinds.find(GROUP, "topologies")
CLASSES = kinds.find(GROUP, "workloadpriorityclasses")
WORKLOADS = kinds.find(GROUP, "workloads")
NAMESPACES = kinds.find("", "namespaces")
_FOLLOWED = frozenset(
    (CLUSTER_QUEUES, LOCAL_QUEUES, COHORTS, FLAVORS, CHECKS, TOPOLOGIES, CLASSES, WORKLOADS, NAMESPACES)
)

Members = dict[str, Workload]  # by namespace/name


@dataclass(slots=True)
class Book:
    """An event costs one entry; only a change of a LocalQueue moves all of its workloads."""

    cluster_queues: dict[str, ClusterQueue] = field(default_factory=dict)
    local_queues: dict[str, LocalQueue] = field(default_factory=dict)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    flavors: dict[str, Flavor] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    topologies: dict[str, Topology] = field(default_factory=dict)
    classes: dict[str, PriorityClass] = field(default_factory=dict)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    workloads: Members = field(default_factory=dict)
    waiting: dict[str, Members] = field(default_factory=dict)  # by ClusterQueue
    holding: dict[str, Members] = field(default_factory=dict)  # by ClusterQueue
    of_local: dict[str, Members] = field(default_factory=dict)  # by LocalQueue
    of_owner: dict[str, Members] = field(default_factory=dict)  # by uid
    parked: dict[str, set[str]] = field(default_factory=dict)  # tried in vain since something last changed
    shapes: dict[str, set[str]] = field(default_factory=dict)  # of those that were parked: their twins are not tried

    def follows(self, resource: Resource) -> bool:
        """Kueue decides by this kind."""
        return resource in _FOLLOWED

    def on_event(self, event: Event) -> None:
        """Take over one write to a kind that it follows."""
        gone, obj = event.type == "DELETED", event.obj
        if event.resource is WORKLOADS:
            self._workload(obj, gone)
        elif event.resource is LOCAL_QUEUES:
            self._local_queue(obj, gone)
        elif event.resource is NAMESPACES:
            _keep(self.namespaces, obj["metadata"]["name"], obj["metadata"].get("labels") or {}, gone)
        else:
            shelf, read = self._shelf(event.resource)
            _keep(shelf, obj["metadata"]["name"], read(obj), gone)

    def _shelf(self, resource: Resource) -> tuple[dict[str, Any], Callable[[Obj], Any]]:
        found: dict[Resource, tuple[dict[str, Any], Callable[[Obj], Any]]] = {
            CLUSTER_QUEUES: (self.cluster_queues, parse.cluster_queue),
            COHORTS: (self.cohorts, parse.cohort),
            FLAVORS: (self.flavors, parse.flavor),
            CHECKS: (self.checks, parse.check),
            TOPOLOGIES: (self.topologies, parse.topology),
            CLASSES: (self.classes, parse.priority_class),
        }
        return found[resource]

    def _workload(self, obj: Obj, gone: bool) -> None:
        new = replace(
            parse_workload.workload(obj), effective={}
        )  # what it asks is counted anew, not as was told before
        old = self.workloads.pop(new.ref, None)
        if old is not None:
            self._take_out(old)
        if not gone:
            self.workloads[new.ref] = new
            self._put_in(new)
        elif old is not None:
            self.parked.get(self.queue_of(old), set()).discard(old.ref)

    def _put_in(self, workload: Workload) -> None:
        self.of_local.setdefault(f"{workload.namespace}/{workload.queue}", {})[workload.ref] = workload
        for owner in workload.owners:
            self.of_owner.setdefault(owner.uid, {})[workload.ref] = workload
        if counts(workload) and workload.admission is not None:
            self.holding.setdefault(workload.admission.cluster_queue, {})[workload.ref] = workload
        elif stands(workload):
            self.waiting.setdefault(self.queue_of(workload), {})[workload.ref] = workload

    def _take_out(self, workload: Workload) -> None:
        self.of_local.get(f"{workload.namespace}/{workload.queue}", {}).pop(workload.ref, None)
        for owner in workload.owners:
            _drop(self.of_owner, owner.uid, workload.ref)
        if workload.admission is not None:
            self.holding.get(workload.admission.cluster_queue, {}).pop(workload.ref, None)
        self.waiting.get(self.queue_of(workload), {}).pop(workload.ref, None)

    def _local_queue(self, obj: Obj, gone: bool) -> None:
        """Who came through this door waits elsewhere from now on."""
        queue = parse.local_queue(obj)
        moved = list(self.of_local.get(queue.ref, {}).values())
        for workload in moved:
            self._take_out(workload)
        _keep(self.local_queues, queue.ref, queue, gone)
        for workload in moved:
            self._put_in(workload)

    # asking

    def queue_of(self, workload: Workload) -> str:
        """The ClusterQueue where it holds quota or waits; "" without a LocalQueue."""
        if counts(workload) and workload.admission is not None:
            return workload.admission.cluster_queue
        local = self.local_queues.get(f"{workload.namespace}/{workload.queue}")
        return local.cluster_queue if local else ""

    def root_of(self, queue: str) -> str | None:
        """What is decided together: `cohort/ROOT`, or `queue/NAME` without a cohort. None in a cycle of cohorts."""
        found = self.cluster_queues.get(queue)
        if found is None or not found.cohort:
            return f"queue/{queue}"
        name, seen = found.cohort, set[str]()
        while name not in seen:
            seen.add(name)
            above = self.cohorts.get(name)
            if above is None or not above.parent:
                return f"cohort/{name}"
            name = above.parent
        return None

    def members(self, root: str) -> list[ClusterQueue]:
        """The ClusterQueues below it."""
        return [queue for queue in self.cluster_queues.values() if self.root_of(queue.name) == root]

    def setting(self, queues: Iterable[ClusterQueue], more: Iterable[Workload], at: float) -> Setting:
        """What is decided by for these queues: their workloads with quota, and `more` that wait."""
        names = {queue.name: queue for queue in queues}
        held = {ref: one for name in names for ref, one in self.holding.get(name, {}).items()}
        return Setting(
            cluster_queues=names,
            local_queues=self.local_queues,
            cohorts=self.cohorts,
            flavors=self.flavors,
            workloads=held | {one.ref: one for one in more},
            checks=self.checks,
            topologies=self.topologies,
            classes=self.classes,
            namespaces=self.namespaces,
            at=at,
        )

    def wake(self, queue: str) -> None:
        """Something changed that may help those who were tried in vain."""
        self.parked.pop(queue, None)
        self.shapes.pop(queue, None)

    def park(self, queue: str, workload: Workload) -> None:
        """It was tried in vain."""
        self.parked.setdefault(queue, set()).add(workload.ref)

    def is_parked(self, queue: str, workload: Workload) -> bool:
        """It is not tried until something changes."""
        return workload.ref in self.parked.get(queue, ())


def stands(workload: Workload) -> bool:
    """It waits, and is neither switched off nor gated."""
    return workload.waits and workload.active and not workload.object["metadata"].get("deletionTimestamp")


def counts(workload: Workload) -> bool:
    """It holds quota that others cannot have; one that was switched off does not any more, evicted or not."""
    return workload.reserves and workload.active


def shape(workload: Workload) -> str:
    """Two of the same shape fare the same in the same queue."""
    sets = [(one.name, one.count, one.requests, one.spec, one.min_count) for one in workload.pod_sets]
    return json.dumps([workload.priority, sets], sort_keys=True, default=dict)


def _keep(shelf: dict[str, Any], key: str, value: Any, gone: bool) -> None:
    if gone:
        shelf.pop(key, None)
    else:
        shelf[key] = value


def _drop(shelf: dict[str, Members], key: str, ref: str) -> None:
    family = shelf.get(key, {})
    family.pop(ref, None)
    if not family:
        shelf.pop(key, None)
