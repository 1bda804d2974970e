"""The tree of cohorts as nodes: who hangs where, who is only named, and whose way up never ends.

Source: pkg/cache/hierarchy of Kueue 0.19. A cohort exists as soon as somebody names it; a cycle stops all its members.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k8sai.queues.facts import ClusterQueue, Cohort, Quota, Share

_NOTHING = Quota(0)


@dataclass(slots=True, eq=False)
class Node:
    """A ClusterQueue (a leaf) or a Cohort, and where it hangs.

    `height` is how far it is to its farthest leaf: 0 for a ClusterQueue. It grows as nodes are hung, since every
    judgement asks for it.
    """

    name: str
    owner: ClusterQueue | Cohort
    quotas: Mapping[Share, Quota]
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    height: int = 0

    @property
    def leaf(self) -> bool:
        return isinstance(self.owner, ClusterQueue)

    @property
    def word(self) -> str:
        """As it is said to people: `ClusterQueue finetune`."""
        return f"{'ClusterQueue' if self.leaf else 'Cohort'} {self.name}"

    def quota(self, share: Share) -> Quota:
        """Its own; nothing where it has none."""
        return self.quotas.get(share, _NOTHING)

    @property
    def path(self) -> tuple["Node", ...]:
        """From itself up to the root."""
        return (self, *self.parent.path) if self.parent else (self,)

    @property
    def leaves(self) -> tuple["Node", ...]:
        """The ClusterQueues at or below it."""
        return (self,) if self.leaf else tuple(leaf for child in self.children for leaf in child.leaves)


def _quotas(owner: ClusterQueue | Cohort) -> dict[Share, Quota]:
    return {
        Share(flavor, resource): quota
        for group in owner.groups
        for flavor, quotas in group.flavors
        for resource, quota in quotas.items()
    }


def cohort_nodes(cohorts: Mapping[str, Cohort], cycles: frozenset[str]) -> dict[str, Node]:
    """By name; parents first."""
    nodes: dict[str, Node] = {}

    def place(name: str) -> Node:
        if name not in nodes:
            cohort = cohorts[name]
            nodes[name] = _hang(name, cohort, place(cohort.parent) if cohort.parent else None)
        return nodes[name]

    for name in cohorts:
        if name not in cycles:
            place(name)
    return nodes


def queue_nodes(
    queues: Mapping[str, ClusterQueue], cohorts: Mapping[str, Node], cycles: frozenset[str]
) -> dict[str, Node]:
    free = {name: queue for name, queue in queues.items() if queue.cohort not in cycles}
    return {name: _hang(name, queue, cohorts.get(queue.cohort)) for name, queue in free.items()}


def _hang(name: str, owner: ClusterQueue | Cohort, parent: Node | None) -> Node:
    node = Node(name, owner, _quotas(owner), parent)
    if parent is not None:
        parent.children.append(node)
    for height, above in enumerate(node.path[1:], start=1):
        above.height = max(above.height, height)
    return node


def with_implied(queues: Iterable[ClusterQueue], cohorts: Iterable[Cohort]) -> dict[str, Cohort]:
    known = {cohort.name: cohort for cohort in cohorts}
    named = [queue.cohort for queue in queues] + [cohort.parent for cohort in known.values()]
    for name in named:
        if name and name not in known:
            known[name] = Cohort(name, implied=True)
    return known


def cycles_of(cohorts: Mapping[str, Cohort]) -> frozenset[str]:
    """Cohorts whose way up never ends: in a cycle, or below one."""
    bad: set[str] = set()
    for name in cohorts:
        seen: list[str] = []
        at = name
        while at and at not in seen and at not in bad:
            seen.append(at)
            at = cohorts[at].parent if at in cohorts else ""
        if at:
            bad.update(seen)
    return frozenset(bad)
