"""Kueue 0.19 as far as it is played: what an event means to whom.

A change costs what it touches: one Workload, one queue, or the tree of one cohort, whose next admission cycle is asked
for. Without queues there is nothing to do.
"""

from k8sai.queues.order import line
from k8sai.queues.workload import Workload
from k8sai.sim.controllers.desk import JOBS, Desk, key_of
from k8sai.sim.controllers.jobsets import JOBSETS
from k8sai.sim.controllers.kueue_admission import Admission
from k8sai.sim.controllers.kueue_book import (
    CLASSES,
    CLUSTER_QUEUES,
    COHORTS,
    LOCAL_QUEUES,
    NAMESPACES,
    WORKLOADS,
    Book,
    counts,
)
from k8sai.sim.controllers.kueue_jobs import HeldJobs
from k8sai.sim.controllers.kueue_queues import Queues
from k8sai.sim.controllers.kueue_workloads import Workloads
from k8sai.sim.kueue_hooks import held
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

_BATCH = 1.0  # seconds until Kueue looks at the workloads of a ClusterQueue that was started again


class Kueue:
    """The controllers of Kueue, and the book they share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.book = Book()
        self._jobs = HeldJobs(desk, self.book)
        self._workloads = Workloads(desk, self.book)
        self._admission = Admission(desk, self.book)
        self._queues = Queues(desk, self.book)

    def on_event(self, event: Event) -> None:
        """Hear of any write."""
        if event.resource is JOBS or event.resource is JOBSETS:
            if held(event.obj) and (self.book.cluster_queues or self.book.local_queues):
                self._jobs.add((event.resource.kind, *key_of(event.obj)))
        elif event.resource is WORKLOADS:
            self._workload(event)
        elif event.resource is LOCAL_QUEUES or event.resource is CLUSTER_QUEUES:
            self._queue(event)
        elif self.book.follows(event.resource):
            self._ground(event)

    def in_line(self, queue: str) -> tuple[Workload, ...] | None:
        """Who waits at a ClusterQueue, in order, tried or not; None where there is no such queue."""
        found = self.book.cluster_queues.get(queue)
        if found is None:
            return None
        waiting = self.book.waiting.get(queue, {}).values()
        return line(self.book.setting([found], waiting, self._desk.clock.now()), queue)

    def cluster_queue_of(self, namespace: str, name: str) -> str | None:
        """Where a LocalQueue leads; None where there is no such LocalQueue."""
        found = self.book.local_queues.get(f"{namespace}/{name}")
        return found.cluster_queue if found else None

    # what an event means

    def _workload(self, event: Event) -> None:
        ref = "/".join(key_of(event.obj))
        old = self.book.workloads.get(ref)
        before = self.book.queue_of(old) if old else ""
        self.book.on_event(event)
        new = self.book.workloads.get(ref)
        after = self.book.queue_of(new) if new else ""
        for one, queue in ((old, before), (new, after)):
            if one is not None:
                self._queues.add(queue)
                self._queues.add_local(f"{one.namespace}/{one.queue}")
                self._owners(one)
        if new is not None:
            self._workloads.add(key_of(event.obj))
        if old is not None:
            self._left(old, before, new, after)
        if new is not None and not counts(new) and (old is None or before != after or _may_fare_otherwise(old, new)):
            self.book.parked.get(after, set()).discard(ref)
            self._try(after)

    def _left(self, old: Workload, before: str, new: Workload | None, after: str) -> None:
        """It gave quota back, or its place in line to the next."""
        here = new is not None and before == after
        if counts(old) and not (here and new is not None and counts(new)):
            self._wake(before)
        elif not here:
            self._try(before)

    def _owners(self, workload: Workload) -> None:
        for owner in workload.owners:
            if owner.kind in ("Job", "JobSet"):
                self._jobs.add((owner.kind, workload.namespace, owner.name))

    def _queue(self, event: Event) -> None:
        first = not self.book.cluster_queues and not self.book.local_queues
        if event.resource is LOCAL_QUEUES:
            self._local_queue(event)
        else:
            self._cluster_queue(event)
        if first:
            self._all_jobs()

    def _all_jobs(self) -> None:
        """Those that were there before the first queue, or before their priority class."""
        for resource in (JOBS, JOBSETS):
            for job in self._desk.store.list(resource):
                if held(job):
                    self._jobs.add((resource.kind, *key_of(job)))

    def _local_queue(self, event: Event) -> None:
        ref = "/".join(key_of(event.obj))
        before = self.book.local_queues.get(ref)
        self.book.on_event(event)
        self._queues.add_local(ref)
        if event.old is not None and event.type != "DELETED" and event.old.get("spec") == event.obj.get("spec"):
            return
        for workload in self.book.of_local.get(ref, {}).values():
            self._workloads.add((workload.namespace, workload.name))
        for queue in {one.cluster_queue for one in (before, self.book.local_queues.get(ref)) if one}:
            self._queues.add(queue)
            self._wake(queue)

    def _cluster_queue(self, event: Event) -> None:
        name = event.obj["metadata"]["name"]
        before = self.book.root_of(name)
        was = self.book.cluster_queues.get(name)
        self.book.on_event(event)
        new = self.book.cluster_queues.get(name)
        turned = was is None or new is None or _works(was.active) != _works(new.active)
        changed = event.old is None or new is None or event.old.get("spec") != event.obj.get("spec")
        if not turned and not changed:
            return
        self._queues.add(name)
        self._wake_tree(before)
        self._wake(name)
        if was is not None and was.stop != "None" and new is not None and new.stop == "None":
            self._desk.clock.after(_BATCH, lambda: self._all_workloads(name), settles=True)
        elif changed or not _works(new and new.active):
            self._all_workloads(name)
        for ref, local in self.book.local_queues.items():
            if local.cluster_queue == name:
                self._queues.add_local(ref)

    def _all_workloads(self, queue: str) -> None:
        for members in (self.book.waiting, self.book.holding):
            for workload in members.get(queue, {}).values():
                self._workloads.add((workload.namespace, workload.name))

    def _ground(self, event: Event) -> None:
        """Flavors, cohorts, checks, topologies, classes, namespaces: all queues may fare otherwise."""
        before = {self.book.root_of(name) for name in self.book.cluster_queues}
        self.book.on_event(event)
        if event.resource is NAMESPACES and event.old is not None and _labels(event.old) == _labels(event.obj):
            return
        if event.resource is COHORTS and event.old is not None and event.old.get("spec") == event.obj.get("spec"):
            return
        if event.resource is CLASSES:
            self._all_jobs()
        for name in self.book.cluster_queues:
            self._queues.add(name)
        for root in before | {self.book.root_of(name) for name in self.book.cluster_queues}:
            self._wake_tree(root)

    # asking for a cycle

    def _try(self, queue: str) -> None:
        root = self.book.root_of(queue)
        if root is not None and queue in self.book.cluster_queues:
            self._admission.add(root)

    def _wake(self, queue: str) -> None:
        self._wake_tree(self.book.root_of(queue))

    def _wake_tree(self, root: str | None) -> None:
        """Something changed that may help anybody of a tree."""
        if root is not None:
            for member in self.book.members(root):
                self.book.wake(member.name)
            self._admission.add(root)


def _may_fare_otherwise(old: Workload, new: Workload) -> bool:
    """It is tried again: it changed itself, or lost its quota, or may come again."""
    same = (old.object["spec"], _turned(old)) == (new.object["spec"], _turned(new))
    return not same or old.admission_gates != new.admission_gates or old.requeue_at != new.requeue_at


def _turned(workload: Workload) -> tuple[object, ...]:
    found = (workload.condition(kind) for kind in ("Evicted", "Requeued"))
    return tuple((one.holds, one.reason) if one else None for one in found)


def _works(active: object) -> bool:
    return bool(getattr(active, "holds", False))


def _labels(obj: Obj) -> Obj:
    return obj["metadata"].get("labels") or {}
