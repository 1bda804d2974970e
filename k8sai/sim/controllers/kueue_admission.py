"""Kueue's admission cycle: the heads of all queues of a cohort tree are judged, then served one after the other.

One key per tree. A head that cannot be served steps aside until something in its tree changes; in a StrictFIFO queue
nobody gets past it. Source: pkg/scheduler/scheduler.go of Kueue 0.19.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.judge import Judge
from k8sai.queues.order import in_line, place_in, queued_at
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.usage import by_workloads
from k8sai.queues.verdict import Judgement
from k8sai.queues.words import amount
from k8sai.queues.workload import PodSet, Workload
from k8sai.sim.controllers.desk import Desk
from k8sai.sim.controllers.kueue_book import WORKLOADS, Book, shape
from k8sai.sim.controllers.kueue_checks import checks_of
from k8sai.sim.controllers.kueue_conditions import Standing
from k8sai.sim.controllers.kueue_eligible import passed_over, why_not
from k8sai.sim.controllers.kueue_words import path_of, preempted_for, priorities, short_of
from k8sai.sim.objects import Obj

BY = "kueue-admission"
_NO_ROOM = "Workload no longer fits after processing another workload"
_OVERLAP = "Workload has overlapping preemption targets with another workload"
Used = dict[Share, int]


@dataclass(slots=True)
class _Entry:
    """A head and what Kueue thinks of it."""

    workload: Workload
    queue: ClusterQueue
    judgement: Judgement
    usage: Used

    @property
    def rank(self) -> tuple[int, int, float]:
        """Who needs least of others first, then the more important, then who waits longest."""
        return self.judgement.level, -self.workload.priority, queued_at(self.workload)


@dataclass(slots=True)
class _Round:
    """One cycle: what is used as it goes on, and what its victims will give back."""

    setting: Setting
    used: dict[str, Used]
    victims: dict[str, Workload] = field(default_factory=dict)
    touched: bool = False  # somebody before has changed something

    def tree(self, without: Mapping[str, Workload]) -> Tree:
        """The quota tree as if these had gone."""
        used = {name: dict(one) for name, one in self.used.items()}
        for victim in without.values():
            if victim.admission is not None:
                mine = used.setdefault(victim.admission.cluster_queue, {})
                for share, taken in victim.admission.usage.items():
                    mine[share] = mine.get(share, 0) - taken
        return Tree(self.setting.cluster_queues.values(), self.setting.cohorts.values(), used)

    def fits(self, entry: _Entry) -> bool:
        """There is still room for it, after all victims of this cycle have gone."""
        if not self.touched:
            return True
        tree = self.tree(self.victims | {one.workload.ref: one.workload for one in entry.judgement.victims})
        node = tree.queues.get(entry.queue.name)
        return node is not None and all(
            max(0, tree.available(node, share)) >= need for share, need in entry.usage.items()
        )

    def take(self, queue: str, usage: Mapping[Share, int]) -> None:
        """What others of this cycle cannot have any more."""
        self.touched = True
        mine = self.used.setdefault(queue, {})
        for share, taken in usage.items():
            mine[share] = mine.get(share, 0) + taken


class Admission:
    """Serves the trees of cohorts."""

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book
        self.add = desk.queue("kueue-admission", self.cycle)

    def cycle(self, root: str) -> None:
        """One cycle of a tree; another follows while heads come forward."""
        queues = self._book.members(root)
        heads = [(head, queue) for queue in queues if (head := self._head(queue)) is not None]
        if not heads:
            return
        setting = self._book.setting(queues, [head for head, _ in heads], self._desk.clock.now())
        judge = Judge(setting)
        entries = [one for head, queue in heads if (one := self._nominate(judge, setting, head, queue)) is not None]
        turn = _Round(setting, by_workloads(setting))
        for entry in sorted(entries, key=lambda one: one.rank):
            self._serve(turn, entry)
        self.add(root)

    def _head(self, queue: ClusterQueue) -> Workload | None:
        """Who is next: the first in line that is not parked; of a StrictFIFO queue the first, if it is not parked."""
        if queue.active is None or not queue.active.holds:
            return None
        strict, now = queue.strategy == "StrictFIFO", self._desk.clock.now()
        here = self._book.setting([queue], (), now)
        standing = [
            one
            for one in self._book.waiting.get(queue.name, {}).values()
            if (strict or not self._book.is_parked(queue.name, one))
            and in_line(one, now)
            and not passed_over(here, one)
        ]
        place = place_in(here, queue.name)
        if strict:
            first = min(standing, key=place, default=None)
            return None if first is None or self._book.is_parked(queue.name, first) else first
        return self._first_of_its_kind(queue, sorted(standing, key=place))

    def _first_of_its_kind(self, queue: ClusterQueue, standing: list[Workload]) -> Workload | None:
        """Twins of one that was parked are parked in silence."""
        seen = self._book.shapes.get(queue.name, ())
        for workload in standing:
            if shape(workload) not in seen:
                return workload
            self._book.park(queue.name, workload)
        return None

    def _nominate(self, judge: Judge, setting: Setting, head: Workload, queue: ClusterQueue) -> _Entry | None:
        refused = why_not(setting, head, queue, self._desk.store)
        if refused:
            self._step_aside(head, queue, refused)
            return None
        judgement = judge.of(head, queue, reasons=False)
        return _Entry(head, queue, judgement, _usage(head, judgement))

    def _serve(self, turn: _Round, entry: _Entry) -> None:
        judgement, queue = entry.judgement, entry.queue
        victims = {one.workload.ref for one in judgement.victims}
        if not judgement.fits and not victims:
            self._wait(turn, entry)
        elif victims & set(turn.victims):
            self._say(entry.workload, _OVERLAP)
        elif not turn.fits(entry):
            self._say(entry.workload, _NO_ROOM)
        else:
            turn.take(queue.name, entry.usage)
            if victims:
                turn.victims |= {one.workload.ref: one.workload for one in judgement.victims}
                self._preempt(turn, entry)
            else:
                self._admit(entry)

    def _wait(self, turn: _Round, entry: _Entry) -> None:
        """It steps aside; what it could have is kept from others, where it cannot be sure to get it back."""
        queue, judgement = entry.queue, entry.judgement
        if judgement.mode in ("waits", "preempts") and queue.preemption.reclaim != "Any":
            turn.take(queue.name, _reserved(turn, entry))
        self._book.shapes.setdefault(queue.name, set()).add(shape(entry.workload))
        self._step_aside(entry.workload, queue, short_of(judgement, entry.workload, queue))

    def _step_aside(self, workload: Workload, queue: ClusterQueue, message: str) -> None:
        self._book.park(queue.name, workload)
        self._say(workload, message)

    def _say(self, workload: Workload, message: str) -> None:
        """Why it has no quota: its condition, what it asks for, and an event, where that is new."""
        obj = self._desk.find(WORKLOADS, (workload.namespace, workload.name))
        if obj is None:
            return
        told = Standing.of(obj, self._desk.clock.now())
        told.unreserve("Pending", message)
        told.status["resourceRequests"] = [
            {"name": one.name, "resources": {name: amount(name, much) for name, much in workload.asks_of(one).items()}}
            for one in workload.pod_sets
        ]
        if told.status != obj.get("status"):
            self._desk.put_status(WORKLOADS, obj, told.status)
            self._desk.recorder.say(obj, "Pending", message, by=BY, warning=True, action="Pending")

    def _admit(self, entry: _Entry) -> None:
        obj = self._desk.find(WORKLOADS, (entry.workload.namespace, entry.workload.name))
        if obj is None:
            return
        told = Standing.of(obj, self._desk.clock.now())
        judgement = entry.judgement
        told.reserve(admission(entry.workload, entry.queue.name, judgement.assigned, judgement.counts))
        told.status.pop("resourceRequests", None)
        told.sync_checks(checks_of(entry.queue, told.status["admission"]))
        admitted = told.sync_admitted()
        if self._desk.put_status(WORKLOADS, obj, told.status) is None:
            return
        name, waited = entry.queue.name, told.now - _queued_since(entry.workload)
        said = f"Quota reserved in ClusterQueue {name}, wait time since queued was {max(0.0, waited):.0f}s"
        self._desk.recorder.say(obj, "QuotaReserved", said, by=BY, action="QuotaReserved")
        if admitted:
            said = f"Admitted by ClusterQueue {name}, wait time since reservation was 0s"
            self._desk.recorder.say(obj, "Admitted", said, by=BY, action="Admitted")

    def _preempt(self, turn: _Round, entry: _Entry) -> None:
        """Tell the victims to go; it waits until they have."""
        tree = turn.tree({})
        for victim in entry.judgement.victims:
            where = path_of(tree, entry.queue.name), path_of(tree, victim.queue)
            self._evict(
                entry.workload, victim.workload, victim.reason, preempted_for(entry.workload, victim.reason, *where)
            )
        message = short_of(entry.judgement, entry.workload, entry.queue)
        message += f". Pending the preemption of {len(entry.judgement.victims)} workload(s)"
        self._step_aside(entry.workload, entry.queue, message)

    def _evict(self, preemptor: Workload, victim: Workload, right: str, message: str) -> None:
        obj = self._desk.find(WORKLOADS, (victim.namespace, victim.name))
        if obj is None or victim.holds("Evicted"):
            return
        told = Standing.of(obj, self._desk.clock.now())
        told.say("Preempted", True, right, message)
        told.evict("Preempted", message)
        if self._desk.put_status(WORKLOADS, obj, told.status) is None:
            return
        say, more = self._desk.recorder.say, priorities(preemptor, victim)
        say(obj, "EvictedDueToPreempted", message, by=BY, action="EvictedDueToPreempted")
        say(obj, "Preempted", f"{message}; {more}", by=BY, action="Preempted")
        gone = (
            f"Preempted workload {victim.ref} (UID: {victim.uid}) in ClusterQueue {self._book.queue_of(victim)}; {more}"
        )
        say(preemptor.object, "PreemptedWorkload", gone, by=BY, action="PreemptedWorkload")


def admission(
    workload: Workload, queue: str, assigned: Mapping[str, Mapping[str, str]], counts: Mapping[str, int] | None = None
) -> Obj:
    """`status.admission`: which flavor each pod set has of each resource, how much, and for how many pods."""
    sets = []
    for pod_set in workload.pod_sets:
        flavors = dict(assigned.get(pod_set.name) or {})
        count = (counts or {}).get(pod_set.name, pod_set.count)
        asks = {name: much for name, much in _asks(workload, pod_set, counts).items() if name in flavors}
        usage = {name: amount(name, much) for name, much in asks.items()}
        sets.append({"name": pod_set.name, "flavors": flavors, "resourceUsage": usage, "count": count})
    return {"clusterQueue": queue, "podSetAssignments": sets}


def _asks(workload: Workload, pod_set: PodSet, counts: Mapping[str, int] | None) -> Mapping[str, int]:
    """What a pod set takes, with fewer pods where only so many are admitted."""
    if counts and pod_set.name in counts:
        return {name: much * counts[pod_set.name] for name, much in pod_set.requests.items()}
    return workload.asks_of(pod_set)


def _usage(workload: Workload, judgement: Judgement) -> Used:
    total: Used = {}
    for pod_set in workload.pod_sets:
        flavors = judgement.assigned.get(pod_set.name) or {}
        for resource, much in _asks(workload, pod_set, judgement.counts).items():
            if flavors.get(resource):
                share = Share(flavors[resource], resource)
                total[share] = total.get(share, 0) + much
    return total


def _reserved(turn: _Round, entry: _Entry) -> Used:
    """Of what it asks the part within its own limits."""
    kept: Used = {}
    used = turn.used.get(entry.queue.name, {})
    for share, much in entry.usage.items():
        quota = entry.queue.quota(share)
        if quota is None:
            continue
        if not entry.judgement.level:
            kept[share] = max(0, min(much, quota.nominal - used.get(share, 0)))
        elif quota.borrowing_limit is None:
            kept[share] = much
        else:
            kept[share] = min(much, quota.nominal + quota.borrowing_limit - used.get(share, 0))
    return kept


def _queued_since(workload: Workload) -> float:
    requeued = workload.condition("Requeued")
    return requeued.at if requeued else workload.created
