"""Kueue's walk over the flavors of a resource group: which one it takes, and how each it looked at would do.

Source: pkg/scheduler/flavorassigner of Kueue 0.19. Flavors are tried in the order of the ClusterQueue until one is good
enough for flavorFungibility; the best of those tried is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from k8sai.queues.facts import ClusterQueue, Fungibility, Group, Share
from k8sai.queues.judging.eligibility import Eligibility
from k8sai.queues.judging.preempt import victims
from k8sai.queues.judging.scene import Need, Scene
from k8sai.queues.quota import Node
from k8sai.queues.verdict import MODES, Line, Mode, Option
from k8sai.queues.workload import PodSet, Workload


class Chance(IntEnum):
    """How a flavor would do for a resource, from worst to best."""

    NONE = 0  # too little quota, and nobody to be evicted by right
    NOBODY = 1  # somebody might be evicted by right, but that would not make room
    PREEMPT = 2  # by evicting, also from the queue itself
    RECLAIM = 3  # by evicting from other queues only
    FIT = 4


@dataclass(frozen=True, slots=True)
class Grade:
    """A chance and how far it borrows."""

    chance: Chance
    level: int

    def beats(self, other: "Grade", rules: Fungibility) -> bool:
        """Better by the rules; without a chance it beats nothing, without anybody to evict only what has no chance."""
        if Chance.NONE in (self.chance, other.chance):
            return self.chance > other.chance
        if (self.chance is Chance.NOBODY) != (other.chance is Chance.NOBODY):
            return other.chance is Chance.NOBODY
        if rules.preference == "PreemptionOverBorrowing":
            return (-self.level, self.chance) > (-other.level, other.chance)
        return (self.chance, -self.level) > (other.chance, -other.level)

    def suffices(self, rules: Fungibility) -> bool:
        """No other flavor has to be tried."""
        if self.chance in (Chance.NONE, Chance.NOBODY):
            return False
        if self.chance in (Chance.PREEMPT, Chance.RECLAIM) and rules.when_can_preempt == "TryNextFlavor":
            return False
        return self.level == 0 or rules.when_can_borrow != "TryNextFlavor"


_BEST, _WORST = Grade(Chance.FIT, 0), Grade(Chance.NONE, 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """The flavors tried, one option each, and the one taken; `flavor` is empty where none will do.

    `believed`: Kueue takes it for a fit because the grade it judges by, the worst of the resources, is one. With
    PreemptionOverBorrowing that may be one that borrows, beside another that somebody would have to be evicted for.
    """

    options: tuple[Option, ...]
    flavor: str = ""
    grades: Mapping[str, Grade] | None = None  # of the flavor taken, by resource
    believed: bool = False
    next: int = 0  # where the next cycle would go on; 0 where all were looked at

    @property
    def mode(self) -> Mode:
        """Of the flavor taken, else the nearest to a fit of all."""
        modes = [one.mode for one in self.options if one.flavor == self.flavor or not self.flavor]
        return min(modes, key=MODES.index)


class Walk:
    """Flavors for one workload in one queue; `used` are the shares its other pod sets already take."""

    def __init__(self, scene: Scene, workload: Workload, queue: ClusterQueue, node: Node) -> None:
        self.scene, self.workload, self.queue, self.node = scene, workload, queue, node
        self.eligibility = Eligibility(scene.setting, queue)
        self.used: dict[Share, int] = {}

    def choose(self, pod_sets: Sequence[PodSet], group: Group, wanted: Mapping[str, int], start: int = 0) -> Choice:
        """One flavor for these pod sets together, for the resources of a group; after a good one none is tried."""
        options: list[Option] = []
        best, flavor, grades, stopped = _WORST, "", None, 0
        for number, (name, _) in enumerate(group.flavors[start:], start):
            refusal = self.eligibility.refusal(name, group, pod_sets)
            if refusal:
                options.append(Option(pod_sets[0].name, name, "refused", code="NoMatchingFlavor", refusal=refusal))
                continue
            graded = {resource: self._grade(Share(name, resource), amount) for resource, amount in wanted.items()}
            lines = tuple(self._line(Share(name, one), wanted[one], grade) for one, grade in graded.items())
            options.append(_option(pod_sets[0].name, name, lines))
            found = _worst(list(graded.values()), self.queue.fungibility)
            enough = found.suffices(self.queue.fungibility)
            if enough or found.beats(best, self.queue.fungibility):
                best, flavor, grades = found, name, graded
            if enough:
                stopped = (number + 1) % len(group.flavors)
                break
        return Choice(tuple(options), flavor, grades, best.chance is Chance.FIT, stopped)

    def _grade(self, share: Share, amount: int) -> Grade:
        """How one resource of one flavor would do."""
        need = self.used.get(share, 0) + amount
        tree = self.scene.tree
        if need > tree.potential(self.node, share):
            return Grade(Chance.NONE, 0)
        level, within_tree = tree.reach(self.node, share, need)
        if need <= self.scene.room(self.node, share):
            return Grade(Chance.FIT, level)
        if need <= self.node.quota(share).nominal or within_tree or self._may_borrow_and_preempt():
            return self._by_preemption(share, need)
        return Grade(Chance.NONE, level)

    def _may_borrow_and_preempt(self) -> bool:
        policy = self.queue.preemption
        return policy.borrow_within != "Never" or (bool(self.scene.sharing) and policy.reclaim != "Never")

    def _by_preemption(self, share: Share, amount: int) -> Grade:
        """As if it needed nothing else than this share."""
        tree = self.scene.tree
        need = Need(self.workload, self.node, {share: amount}, frozenset((share,)))
        found = victims(self.scene, need)
        if not found:
            return Grade(Chance.NOBODY, tree.level(self.node, share, amount))
        freed = tree.without(one.workload for one in found)
        own = any(one.queue == self.node.name for one in found)
        return Grade(Chance.PREEMPT if own else Chance.RECLAIM, freed.level(self.node, share, amount))

    def _line(self, share: Share, amount: int, grade: Grade) -> Line:
        tree, need = self.scene.tree, self.used.get(share, 0) + amount
        most = tree.potential(self.node, share)
        return Line(share, need, tree.available(self.node, share), most, _mode(grade, need, most), grade.level)


def _mode(grade: Grade, need: int, most: int) -> Mode:
    if grade.chance is Chance.FIT:
        return "borrows" if grade.level else "fits"
    if grade.chance in (Chance.PREEMPT, Chance.RECLAIM):
        return "preempts"
    return "never" if need > most else "waits"


def _worst(grades: Sequence[Grade], rules: Fungibility) -> Grade:
    worst = _BEST
    for grade in grades:
        if worst.beats(grade, rules):
            worst = grade
    return worst


_CODES: Mapping[Mode, str] = {
    "fits": "FitsNow",
    "borrows": "FitsBorrowing",
    "preempts": "NeedsPreemption",
    "waits": "WaitingForQuota",
    "never": "ExceedsMaxQuota",
}


def code_of(mode: Mode) -> str:
    """The machine word of a mode by quota."""
    return _CODES.get(mode, "NoMatchingFlavor")


def _option(pod_set: str, flavor: str, lines: tuple[Line, ...]) -> Option:
    mode = max((line.mode for line in lines), key=MODES.index)
    level = max(line.level for line in lines)
    return Option(pod_set, flavor, mode, lines, level, code_of(mode))
