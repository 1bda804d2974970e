"""The line played out: cycle by cycle who would be given quota, until nothing more fits.

In a cycle the head of every ClusterQueue is judged against the same picture; then they are taken one after the other:
less borrowing first, then priority, then age; who no longer fits tries again in the next cycle. The tournament of fair
sharing is not played. Source: schedule and makeClassicalIterator of pkg/scheduler/scheduler.go of Kueue 0.19.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from k8sai.queues.facts import Admission, Assigned, ClusterQueue, Condition, PodSet, Share, Workload
from k8sai.queues.judge import Judge
from k8sai.queues.order import line, place_in, queued_at
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.simulate_door import refused
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Judgement

MOST: Final = 200  # admissions; a longer line is not played to its end
_CYCLES: Final = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """A workload that is given quota, after evicting `judgement.victims` if there are any."""

    workload: Workload
    queue: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Played:
    """`setting` is as it settles; `whole`: nothing more would fit. By namespace/name of everybody who had a turn:
    `last` is the judgement of its last one, `turns` how many steps were before it.
    """

    setting: Setting
    steps: tuple[Step, ...]
    last: Mapping[str, Judgement]
    turns: Mapping[str, int]
    whole: bool = True

    def before(self, workload: Workload) -> tuple[Step, ...]:
        """Who is given quota before its turn; all of them where it never has one."""
        return self.steps[: self.turns.get(workload.ref, len(self.steps))]


def play(setting: Setting) -> Played:
    """With everybody who waits in the setting."""
    return _Game(setting).played()


def admitted(setting: Setting, workload: Workload, judgement: Judgement) -> Setting:
    """As it would be once the workload holds what it was judged to get."""
    given = replace(workload, admission=_admission(workload, judgement), conditions=_holding(workload, setting.at))
    return replace(setting, workloads={**setting.workloads, workload.ref: given})


def evicted(setting: Setting, victims: Iterable[Workload]) -> Setting:
    """As it would be once these have given back their quota and wait again; their place in line is the old one."""
    waiting = {one.ref: replace(one, admission=None, conditions=_evicted(one, setting.at)) for one in victims}
    return replace(setting, workloads={**setting.workloads, **waiting})


def _admission(workload: Workload, judgement: Judgement) -> Admission:
    return Admission(judgement.queue, tuple(_assigned(workload, one, judgement) for one in workload.pod_sets))


def _assigned(workload: Workload, pod_set: PodSet, judgement: Judgement) -> Assigned:
    """With the fewer pods of a partial admission."""
    count, asked = judgement.counts.get(pod_set.name, pod_set.count), workload.asks_of(pod_set)
    given = {name: amount * count // pod_set.count for name, amount in asked.items()} if pod_set.count else asked
    return Assigned(pod_set.name, judgement.assigned.get(pod_set.name, {}), given, count)


def _holding(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", True, "QuotaReserved", at=at),
        Condition("Admitted", True, "Admitted", at=at),
    )


def _evicted(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", False, "Pending", at=at),
        Condition("Evicted", True, "Preempted", at=at),
    )


@dataclass
class _Entry:
    """The head of a queue in a cycle."""

    queue: ClusterQueue
    workload: Workload
    judgement: Judgement

    @property
    def rank(self) -> tuple[int, int, float]:
        return self.judgement.level, -self.workload.priority, queued_at(self.workload)


@dataclass
class _Game:
    setting: Setting
    tree: Tree = field(init=False)
    lines: dict[str, list[Workload]] = field(init=False)
    steps: list[Step] = field(default_factory=list)
    last: dict[str, Judgement] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    hopeless: dict[object, Judgement] = field(default_factory=dict)  # by shape: what fared so fares so again
    thrown_out: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tree = tree_of(self.setting).copy()
        names = [name for name in self.setting.waiting if name in self.tree.queues]
        self.lines = {name: self.admissible(line(self.setting, name)) for name in names}

    def admissible(self, standing: Iterable[Workload]) -> list[Workload]:
        return [one for one in standing if refused(self.setting, one, tree=self.tree) is None]

    def played(self) -> Played:
        cycles = 0
        while cycles < _CYCLES and len(self.steps) < MOST:
            cycles += 1
            if not self.cycle():
                return Played(self.setting, tuple(self.steps), self.last, self.turns)
        return Played(self.setting, tuple(self.steps), self.last, self.turns, whole=False)

    def cycle(self) -> bool:
        """False where nothing happened: nobody was taken and nobody was put aside."""
        judge = Judge(self.setting, self.tree)
        entries = [entry for name in self.lines if (entry := self.head(name, judge)) is not None]
        chosen = [one for one in entries if one.judgement.fits or one.judgement.victims]
        aside = [self.put_aside(one) for one in entries if one not in chosen]
        touched: set[str] = set()
        taken = [self.take(one, touched) for one in sorted(chosen, key=lambda one: one.rank)]
        return any(aside) or any(taken)

    def head(self, name: str, judge: Judge) -> _Entry | None:
        queue, standing = self.setting.cluster_queues[name], self.lines[name]
        while standing and (known := self.hopeless.get(_shape(name, standing[0]))) is not None:
            self.judged(standing.pop(0), known)
        if not standing:
            return None
        found = judge.of(standing[0], queue, reasons=False)
        self.judged(standing[0], found)
        return _Entry(queue, standing[0], found)

    def judged(self, workload: Workload, found: Judgement) -> None:
        self.last[workload.ref] = found
        self.turns[workload.ref] = len(self.steps)

    def put_aside(self, entry: _Entry) -> bool:
        """Of a StrictFIFO queue nobody passes the head."""
        if entry.queue.strategy == "StrictFIFO":
            return False
        self.lines[entry.queue.name].pop(0)
        self.hopeless[_shape(entry.queue.name, entry.workload)] = entry.judgement
        return True

    def take(self, entry: _Entry, touched: set[str]) -> bool:
        """Also where it no longer fits: then another one was taken in this cycle, and it stays where it is."""
        victims = [victim.workload for victim in entry.judgement.victims]
        if touched & {one.ref for one in victims} or self.thrown_out & {one.ref for one in victims}:
            return False
        node = self.tree.queues[entry.queue.name]
        usage = usage_of(entry.workload, entry.judgement)
        after = self.tree.without(victims)
        if any(after.available(after.queues[node.name], share) < amount for share, amount in usage.items()):
            return False
        after.add(after.queues[node.name], usage)
        self.tree = after
        touched.update(one.ref for one in victims)
        self.lines[entry.queue.name].remove(entry.workload)
        self.turns[entry.workload.ref] = len(self.steps)
        self.steps.append(Step(entry.workload, entry.queue.name, entry.judgement))
        if victims:
            self.throw_out(victims)
        self.setting = admitted(self.setting, entry.workload, entry.judgement)
        return True

    def throw_out(self, victims: list[Workload]) -> None:
        """They wait again, once; and what did not fit before may fit now."""
        self.thrown_out.update(one.ref for one in victims)
        self.setting = evicted(self.setting, victims)
        self.hopeless.clear()
        for victim in victims:
            queue = self.setting.cluster_queue_of(self.setting.workloads[victim.ref])
            if queue is not None and queue.name in self.tree.queues:
                standing = [*self.lines.get(queue.name, ()), self.setting.workloads[victim.ref]]
                self.lines[queue.name] = sorted(standing, key=place_in(self.setting, queue.name))


def usage_of(workload: Workload, judgement: Judgement) -> dict[Share, int]:
    """What it would hold, per share."""
    return _admission(workload, judgement).usage


def _shape(queue: str, workload: Workload) -> object:
    """Who asks for the same at the same queue with the same priority is judged the same."""
    sets = tuple((one.count, tuple(sorted(workload.asks_of(one).items())), repr(one.spec.get("nodeSelector")),
                  repr(one.spec.get("affinity")), repr(one.spec.get("tolerations")), one.topology, one.min_count)
                 for one in workload.pod_sets)  # fmt: skip
    return queue, workload.priority, sets
