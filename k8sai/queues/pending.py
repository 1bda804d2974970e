"""The waiting list: who waits where, how long, for what, and whether it would fit now.

A verdict is the same for all workloads of one shape in one queue and made once: lists are long, shapes are few.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.ages import epoch, human
from k8sai.queues import words
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.judging.judge import Judge
from k8sai.queues.order import in_line, line, queued_at
from k8sai.queues.positions import Position, Positions, Standing
from k8sai.queues.quota import Tree
from k8sai.queues.reasons import of_workload
from k8sai.queues.rows import CYCLE, activity
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, Setting
from k8sai.queues.shown.blocker import blocker, by_kueue
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Judgement
from k8sai.queues.workload import Owner, Workload

# What only Kueue can know, or knows better: believed as it stands.
_THEIRS: Final = frozenset(
    {
        "Misconfigured",
        "LimitRange",
        "BadRequests",
        "DeviceMappingMissing",
        "WaitingForPodsReady",
        "UnsatisfiedAdmissionChecks",
        "WaitingForPreemptedWorkloads",
    }
)
_FITS: Final = {"fits": "now", "borrows": "borrow", "preempts": "preempt", "waits": "waits"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that has no quota. `code` is one word, `fits` what would happen were it next: now, borrow, preempt, waits,
    never, or "" where that cannot be known; `blocker` is what or who is in its way.

    `known` is False where the Workload itself may not be read and only its place in line is known.
    """

    workload: Workload
    queue: str  # ClusterQueue, "" where its LocalQueue leads nowhere
    position: Position | None
    code: str
    fits: str = ""
    blocker: str = ""
    judged: Judgement | None = None
    known: bool = True

    @property
    def gpus(self) -> int:
        """All it asks for."""
        return sum(amount for resource, amount in self.workload.asks().items() if words.gpu(resource))


def pending(
    setting: Setting, positions: Positions, refs: Collection[str], court: "Court | None" = None
) -> tuple[Waiting, ...]:
    """Who waits at these LocalQueues (`namespace/name`): by ClusterQueue and place in line, those in no line last."""
    court = court or Court(setting)
    found = [court.waiting(one, positions) for one in setting.workloads.values() if one.waits and _at(one, refs)]
    known = {one.workload.ref for one in found}
    told = (
        one for one in positions.standing.values() if one.ref not in known and f"{one.namespace}/{one.queue}" in refs
    )
    found += [_only_told(setting, one) for one in told if one.ref not in setting.workloads]
    return tuple(sorted(found, key=_order))


def _at(workload: Workload, refs: Collection[str]) -> bool:
    return f"{workload.namespace}/{workload.queue}" in refs


def _order(one: Waiting) -> tuple[str, float, float, str]:
    place = one.position.cluster_queue if one.position else float("inf")
    return one.queue, place, one.workload.created, one.workload.ref


def _only_told(setting: Setting, one: Standing) -> Waiting:
    """What Kueue's list of positions says of a Workload that may not be read."""
    kind, _, name = one.owner.partition("/")
    owners = (Owner("", kind, name, ""),) if one.owner else ()
    created = epoch(one.created) if one.created else 0.0
    workload = Workload(one.namespace, one.name, "", created, one.queue, (), one.priority, owners=owners)
    local = setting.local_queues.get(f"{one.namespace}/{one.queue}")
    return Waiting(workload, local.cluster_queue if local else "", one.position, "", known=False)


@dataclass
class Court:
    """Judges the workloads of one setting."""

    setting: Setting
    tree: Tree = field(init=False)
    _judge: Judge = field(init=False)
    _judged: dict[Any, Judgement] = field(default_factory=dict, init=False)
    _heads: dict[str, Workload | None] = field(default_factory=dict, init=False)
    _ages: dict[str, list[float]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.tree = tree_of(self.setting)
        self._judge = Judge(self.setting, self.tree)

    def waiting(self, workload: Workload, positions: Positions) -> Waiting:
        """Its entry in the list."""
        queue = self.setting.cluster_queue_of(workload)
        local = self.setting.local_queues.get(f"{workload.namespace}/{workload.queue}")
        position = positions.of(workload)
        name = local.cluster_queue if local else ""
        stopped = self._stopped(workload, queue)
        if queue is None:
            said = of_workload(workload)
            code, short = stopped or (said.code if said else "PendingEvaluation", by_kueue(said))
            return Waiting(workload, name, position, code, "", short)
        judged = self.judgement(workload, queue)
        fits = fits_word(judged)
        code, blocker = stopped or self._reason(workload, queue, judged)
        return Waiting(workload, name, position, code, fits, blocker, judged)

    def judgement(self, workload: Workload, queue: ClusterQueue) -> Judgement:
        """Made once for all workloads of the same shape."""
        key = self._shape(workload, queue)
        if key not in self._judged:
            self._judged[key] = self._judge.of(workload, queue, reasons=False)
        return self._judged[key]

    def _shape(self, workload: Workload, queue: ClusterQueue) -> Any:
        sets = tuple(
            (
                one.name,
                one.count,
                one.min_count,
                tuple(sorted(workload.asks_of(one).items())),
                one.topology,
                repr([one.spec.get(key) for key in ("nodeSelector", "affinity", "tolerations", "resourceClaims")]),
            )
            for one in workload.pod_sets
        )
        younger = self._younger(workload, queue) if queue.preemption.within == "LowerOrNewerEqualPriority" else 0
        return queue.name, workload.namespace, workload.priority, sets, younger

    def _younger(self, workload: Workload, queue: ClusterQueue) -> int:
        """How many that hold quota there are younger: they are what it may evict by age, and no others."""
        if queue.name not in self._ages:
            held = self.setting.reserving.get(queue.name, ())
            self._ages[queue.name] = sorted(queued_at(one) for one in held)
        ages = self._ages[queue.name]
        return len(ages) - bisect_right(ages, queued_at(workload))

    # --- one word, and what is in the way -----------------------------------------------------------------------------

    def _stopped(self, workload: Workload, queue: ClusterQueue | None) -> tuple[str, str] | None:
        """It stands in no line, or its line does not move."""
        return next(iter((*self._own(workload), *self._queues(workload, queue))), None)

    def _own(self, workload: Workload) -> Iterator[tuple[str, str]]:
        if not workload.active:
            yield "Deactivated", ""
        if workload.admission_gates:
            yield "AdmissionGated", ", ".join(workload.admission_gates)
        if workload.requeue_at is not None and workload.requeue_at > self.setting.at:
            yield "RequeueBackoff", f"tried again in {human(workload.requeue_at - self.setting.at)}"

    def _queues(self, workload: Workload, queue: ClusterQueue | None) -> Iterator[tuple[str, str]]:
        ref = f"{workload.namespace}/{workload.queue}"
        local = self.setting.local_queues.get(ref)
        if local is None:
            if not self.setting.blind(LOCAL_QUEUES):
                yield ("LocalQueueMissing", f"no lq/{ref}") if workload.queue else ("NotQueued", "")
            return
        if local.stop != "None":
            yield "Suspended", f"lq/{local.name} is stopped"
        if queue is None:
            if not self.setting.blind(CLUSTER_QUEUES):
                yield "ClusterQueueMissing", f"no cq/{local.cluster_queue}"
            return
        active, reason, _ = activity(queue, self.tree)
        if active is False:
            if reason == "Stopped":
                yield "Suspended", f"cq/{queue.name} is stopped"
            elif reason == CYCLE:
                yield CYCLE, f"cohort/{queue.cohort}"
            else:
                yield "ClusterQueueInactive", f"cq/{queue.name}: {reason}"

    def _reason(self, workload: Workload, queue: ClusterQueue, judged: Judgement) -> tuple[str, str]:
        said = of_workload(workload)
        if said is not None and said.code in _THEIRS:
            more = f"{said.preempting} being evicted" if said.preempting else ""
            return said.code, more
        head = self._head(queue)
        if head is not None and head.ref != workload.ref and in_line(workload, self.setting.at):
            return "BehindHead", f"{head.title} goes first"
        if not judged.fits:
            return judged.code, blocker(judged, self.tree, queue)
        if said is not None and said.code == "TopologyPlacementFailed":
            return said.code, ""
        return "PendingEvaluation", ""

    def _head(self, queue: ClusterQueue) -> Workload | None:
        """Who must go first; None where nobody must."""
        if queue.strategy != "StrictFIFO":
            return None
        if queue.name not in self._heads:
            self._heads[queue.name] = next(iter(line(self.setting, queue.name)), None)
        return self._heads[queue.name]


def fits_word(judged: Judgement) -> str:
    """now, borrow, preempt, waits or never. Preemption for which no victims suffice is waiting."""
    if judged.mode == "preempts" and not judged.victims:
        return "waits"
    return _FITS.get(judged.mode, "never")


def refs_of(setting: Setting, *, queue: str = "", namespace: str = "") -> frozenset[str]:
    """The LocalQueues of a ClusterQueue or of a namespace, also those that are only named by a workload; else all."""
    locals_ = {
        one.ref for one in setting.local_queues.values() if _meant(one.cluster_queue, one.namespace, queue, namespace)
    }
    if queue:
        return frozenset(locals_)
    named = {f"{one.namespace}/{one.queue}" for one in setting.workloads.values() if namespace in ("", one.namespace)}
    return frozenset(locals_ | named)


def _meant(cluster_queue: str, own: str, queue: str, namespace: str) -> bool:
    return queue in ("", cluster_queue) and namespace in ("", own)


def queues_of(setting: Setting, refs: Iterable[str]) -> tuple[str, ...]:
    """The ClusterQueues that these LocalQueues lead to, whose lines are worth asking for."""
    found = {setting.local_queues[ref].cluster_queue for ref in refs if ref in setting.local_queues}
    return tuple(sorted(name for name in found if name))
