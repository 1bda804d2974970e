"""Flavors for all pod sets of a workload, one group of pod sets and resources after the other.

Source: pkg/scheduler/flavorassigner of Kueue 0.19. Pod sets of a topology group get the same flavors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.flavors import Chance, Choice, Walk
from k8sai.queues.judging.scene import Scene
from k8sai.queues.verdict import MODES, Mode, Option
from k8sai.queues.workload import PodSet, Workload

_PODS = "pods"
Starts = Mapping[tuple[str, int], int]  # which flavor to begin with, by pod set and number of resource group


@dataclass
class Assignment:
    """`given` is a flavor per pod set and resource; `complete` says that everything asked for has one."""

    options: list[Option] = field(default_factory=list)
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    amounts: dict[Share, int] = field(default_factory=dict)
    contested: frozenset[Share] = frozenset()
    level: int = 0
    complete: bool = True
    believed: bool = True  # Kueue takes all of it for a fit and looks for nobody to evict
    modes: list[Mode] = field(default_factory=list)
    next: dict[tuple[str, int], int] = field(default_factory=dict)  # where the next cycle would go on

    @property
    def mode(self) -> Mode:
        """The worst of all it needs."""
        return max(self.modes, key=MODES.index, default="fits")

    def missing(self, pod_set: str, resource: str) -> None:
        """The queue has no quota of this resource at all."""
        text = f"resource {resource} unavailable in ClusterQueue"
        self.options.append(Option(pod_set, "", "refused", code="ResourceNotCovered", refusal=text))
        self.modes.append("refused")
        self.complete = False

    def add(self, pod_sets: list[PodSet], asks: Mapping[str, Mapping[str, int]], choice: Choice) -> None:
        """What was found for one resource group."""
        self.options += [replace(option, pod_set=one.name) for one in pod_sets for option in choice.options]
        self.modes.append(choice.mode)
        self.believed = self.believed and choice.believed
        if choice.grades is None:
            self.complete = False
            return
        for resource, grade in choice.grades.items():
            share = Share(choice.flavor, resource)
            self.level = max(self.level, grade.level)
            if grade.chance is not Chance.FIT:
                self.contested |= {share}
            for one in pod_sets:
                if resource in asks[one.name]:
                    self.given.setdefault(one.name, {})[resource] = choice.flavor
                    self.amounts[share] = self.amounts.get(share, 0) + asks[one.name][resource]


def assign(
    scene: Scene, workload: Workload, queue: ClusterQueue, counts: Mapping[str, int], starts: Starts
) -> Assignment:
    """With so many pods per pod set; all of those that are not named."""
    found = Assignment()
    walk = Walk(scene, workload, queue, scene.tree.queues[queue.name])
    for pod_sets in _together(workload):
        asks = {one.name: _asks(workload, one, counts.get(one.name), queue) for one in pod_sets}
        total = _added_up(asks)
        for resource in total:
            if queue.group_of(resource) is None and total[resource]:
                found.missing(pod_sets[0].name, resource)
        follows: dict[tuple[str, int], int] = {}
        for number, group in enumerate(queue.groups):
            wanted = {resource: total[resource] for resource in group.covered if resource in total}
            if wanted:
                key = pod_sets[0].name, number
                choice = walk.choose(pod_sets, group, wanted, starts.get(key, 0))
                found.add(pod_sets, asks, choice)
                follows[key] = choice.next
        found.next |= follows if found.complete else {}
        walk.used = dict(found.amounts)
    return found


def _together(workload: Workload) -> Iterator[list[PodSet]]:
    """Pod sets that must have the same flavors, where the first of them stands."""
    groups: dict[str, list[PodSet]] = {}
    for one in workload.pod_sets:
        named = one.topology.group if one.topology and one.topology.group else ""
        groups.setdefault(f"group {named}" if named else f"pod set {one.name}", []).append(one)
    yield from groups.values()


def _asks(workload: Workload, pod_set: PodSet, count: int | None, queue: ClusterQueue) -> dict[str, int]:
    """What the pods ask for together, with `pods` itself where the queue counts them."""
    asks = workload.asks_of(pod_set)
    left = pod_set.count - workload.reclaimable.get(pod_set.name, 0)
    if count is not None and left:
        asks = {resource: amount // left * count for resource, amount in asks.items()}
    if queue.group_of(_PODS) is not None:
        asks[_PODS] = left if count is None else count
    return asks


def _added_up(asks: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for amounts in asks.values():
        for resource, amount in amounts.items():
            total[resource] = total.get(resource, 0) + amount
    return total
