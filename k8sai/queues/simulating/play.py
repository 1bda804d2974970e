"""The line played out: cycle by cycle who would be given quota, until nothing more fits.

In a cycle the head of every ClusterQueue is judged against the same picture; then they are taken one after the other:
less borrowing first, then priority, then age; who no longer fits tries again in the next cycle. The tournament of fair
sharing is not played. Source: schedule and makeClassicalIterator of pkg/scheduler/scheduler.go of Kueue 0.19.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.order import line, place_in, queued_at
from k8sai.queues.quota import Tree
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.door import refused
from k8sai.queues.simulating.given import admitted, evicted, usage_of
from k8sai.queues.verdict import Judgement
from k8sai.queues.workload import Workload

MOST: Final = 200  # admissions; a longer line is not played to its end
_CYCLES: Final = 2000
_PATIENCE: Final = 200


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
    steps: tuple[Step, ...] = ()
    last: Mapping[str, Judgement] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True

    def before(self, workload: Workload) -> tuple[Step, ...]:
        """Who is given quota before its turn; all of them where it never has one."""
        return self.steps[: self.turns.get(workload.ref, len(self.steps))]


def play(
    setting: Setting, subjects: Iterable[Workload] = (), *, moved: bool = True, land: Land | None = None
) -> Played:
    """With everybody who waits in the trees of the subjects' queues; without subjects in all of them.

    `moved`: something has changed, so Kueue looks at everybody anew, and it is played to the end. Else it has looked
    already at whoever has its word; then it ends with the turn of the last subject.
    """
    asked = tuple(subjects)
    return _Game(setting, asked, moved, land).played()


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
    subjects: tuple[Workload, ...]
    moved: bool
    land: Land | None
    judge: Judge = field(init=False)  # one for the whole game: it follows what happens
    lines: dict[str, list[Workload]] = field(init=False)
    steps: list[Step] = field(default_factory=list)
    last: dict[str, Judgement] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    own: set[str] = field(init=False)  # the subjects' queues
    hopeless: dict[object, Judgement] = field(default_factory=dict)  # by shape: what fared so fares so again
    thrown_out: set[str] = field(default_factory=set)
    left: int = _PATIENCE  # judgements that others than the subjects' queues may still cost
    whole: bool = True

    def __post_init__(self) -> None:
        self.judge = Judge(self.setting, rooms=self.land)
        own = {queue.name for one in self.subjects if (queue := self.setting.cluster_queue_of(one)) is not None}
        self.own = own & self.tree.queues.keys()
        names = [name for name in self.setting.waiting if name in self.tree.queues and self.concerns(name)]
        self.lines = {name: self.standing(name) for name in names}

    @property
    def tree(self) -> Tree:
        """What is reserved now."""
        return self.judge.scene.tree

    def concerns(self, name: str) -> bool:
        """It takes from the same quota as a subject."""
        roots = {self.tree.queues[own].path[-1] for own in self.own}
        return not self.subjects or self.tree.queues[name].path[-1] in roots

    def standing(self, name: str) -> list[Workload]:
        """Who may have a turn: of other queues nobody whom Kueue has told to wait, unless something has changed."""
        told = not self.moved and name not in self.own
        here = (one for one in line(self.setting, name) if not (told and one.condition("QuotaReserved") is not None))
        return [one for one in here if refused(self.setting, one, tree=self.tree) is None]

    def played(self) -> Played:
        cycles = 0
        while not self.done():
            cycles += 1
            if cycles > _CYCLES or len(self.steps) >= MOST:
                self.whole = False
                break
            if not self.cycle():
                break
        return Played(self.setting, tuple(self.steps), self.last, self.turns, self.whole)

    def done(self) -> bool:
        """Nobody stands in line any more about whom was asked."""
        if self.moved or not self.subjects:
            return False
        standing = {one.ref for name in self.own for one in self.lines.get(name, ())}
        return not any(one.ref in standing for one in self.subjects)

    def cycle(self) -> bool:
        """False where nothing happened: nobody was taken and nobody was put aside."""
        entries = [entry for name in [*self.lines] if (entry := self.head(name)) is not None]
        chosen = [one for one in entries if one.judgement.fits or one.judgement.victims]
        aside = [self.put_aside(one) for one in entries if one not in chosen]
        touched: set[str] = set()
        taken = [self.take(one, touched) for one in sorted(chosen, key=lambda one: one.rank)]
        return any(aside) or any(taken)

    def head(self, name: str) -> _Entry | None:
        queue, standing = self.setting.cluster_queues[name], self.lines[name]
        while standing and (known := self.hopeless.get(_shape(name, standing[0]))) is not None:
            self.judged(standing.pop(0), known)
        if not standing or not self.patient(name):
            return None
        found = self.judge.of(standing[0], queue, reasons=False)
        self.judged(standing[0], found)
        return _Entry(queue, standing[0], found)

    def patient(self, name: str) -> bool:
        """A tree in which thousands wait is not played to its end: the subjects' own queues go on."""
        if self.subjects and name not in self.own:
            self.left -= 1
            if self.left < 0:
                self.whole = False
                self.lines[name] = []
                return False
        return True

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
        if self.thrown_out & {one.ref for one in victims}:
            return self.put_aside(entry)
        if touched & {one.ref for one in victims}:
            return False
        node = self.tree.queues[entry.queue.name]
        usage = usage_of(entry.workload, entry.judgement)
        after = self.tree.without(victims)
        if any(after.available(after.queues[node.name], share) < amount for share, amount in usage.items()):
            return False
        touched.update(one.ref for one in victims)
        self.lines[entry.queue.name].remove(entry.workload)
        self.turns[entry.workload.ref] = len(self.steps)
        self.steps.append(Step(entry.workload, entry.queue.name, entry.judgement))
        if victims:
            self.throw_out(victims)
        self.goes_on(admitted(self.setting, entry.workload, entry.judgement, self.land), [entry.workload])
        return True

    def goes_on(self, setting: Setting, changed: list[Workload]) -> None:
        """Only these were given quota or lost it."""
        self.judge.scene.follow(setting, changed)
        self.setting = setting

    def throw_out(self, victims: list[Workload]) -> None:
        """They wait again, once; and what did not fit before may fit now."""
        self.thrown_out.update(one.ref for one in victims)
        self.goes_on(evicted(self.setting, victims), victims)
        self.hopeless.clear()
        for victim in victims:
            queue = self.setting.cluster_queue_of(self.setting.workloads[victim.ref])
            if queue is not None and queue.name in self.tree.queues:
                standing = [*self.lines.get(queue.name, ()), self.setting.workloads[victim.ref]]
                self.lines[queue.name] = sorted(standing, key=place_in(self.setting, queue.name))


def _shape(queue: str, workload: Workload) -> object:
    """Who asks for the same at the same queue with the same priority is judged the same."""
    sets = tuple((one.count, tuple(sorted(workload.asks_of(one).items())), repr(one.spec.get("nodeSelector")),
                  repr(one.spec.get("affinity")), repr(one.spec.get("tolerations")), one.topology, one.min_count)
                 for one in workload.pod_sets)  # fmt: skip
    return queue, workload.priority, sets
