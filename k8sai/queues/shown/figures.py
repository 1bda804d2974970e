"""What is shown of a share at a node of the tree: quota, use, what is free and what is asked for.

Reserved, not admitted, usage is what quota is counted by: it includes what is held while admission checks run.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from k8sai.queues.facts import ClusterQueue, LocalQueue, Share
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import WORKLOADS, Setting
from k8sai.queues.workload import Workload

Demand = Mapping[str, int]
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one share, in Kueue's units.

    `nominal` is its own and `total` includes everything below it; `available` keeps its sign, where Kueue says 0 for
    less. `borrowed` and `lent` are against its whole subtree. `pending` is what is asked for in line of this resource:
    a waiting workload has no flavor yet, so every flavor of the resource says the same. None: it has no such figure.
    """

    share: Share
    reserved: int
    admitted: int
    pending: int
    nominal: int | None = None
    total: int | None = None
    borrowing_limit: int | None = None
    lending_limit: int | None = None
    borrowed: int | None = None
    lent: int | None = None
    available: int | None = None
    potential: int | None = None

    @property
    def shown_available(self) -> int | None:
        """As Kueue counts it: never less than nothing."""
        return None if self.available is None else max(0, self.available)


@dataclass(frozen=True)
class Accounts:
    """The figures of a setting; what several nodes need is summed once."""

    setting: Setting
    tree: Tree

    def of_queue(self, owner: ClusterQueue, node: Node | None, demand: Demand) -> tuple[Figures, ...]:
        """Without a node (it is in a cycle of cohorts) only what it has and holds is known."""
        return tuple(self._of_queue(owner, node, share, demand.get(share.resource, 0)) for share in own_shares(owner))

    def of_cohort(self, node: Node, demand: Demand) -> tuple[Figures, ...]:
        """`reserved` and `admitted` are all of the queues below it."""
        return tuple(self._of_cohort(node, share, demand.get(share.resource, 0)) for share in _shares(node))

    def of_local_queue(
        self, owner: LocalQueue, queue: ClusterQueue | None, held: Collection[Workload], demand: Demand
    ) -> tuple[Figures, ...]:
        """It has no quota: what its workloads hold, then what they only ask for, in its queue's order."""
        reserved: Mapping[Share, int] = usage(held)
        admitted: Mapping[Share, int] = usage(one for one in held if one.holds("Admitted"))
        if self.setting.blind(WORKLOADS) and self.setting.within.get(WORKLOADS) != owner.namespace:
            reserved, admitted = owner.reserved, owner.admitted
        known = {share.resource for share in reserved}
        asked = (Share("", resource) for resource in demand if resource not in known)
        shares = sorted((*reserved, *asked), key=_place_in(queue))
        return tuple(
            Figures(share, reserved.get(share, 0), admitted.get(share, 0), demand.get(share.resource, 0))
            for share in shares
        )

    def _of_queue(self, owner: ClusterQueue, node: Node | None, share: Share, pending: int) -> Figures:
        quota, admitted = owner.quota(share), self._admitted.get(owner.name, {}).get(share, 0)
        nominal = quota.nominal if quota else 0
        borrowing, lending = (quota.borrowing_limit, quota.lending_limit) if quota else (None, None)
        if node is None:
            reserved = owner.reserved.get(share, 0)
            return Figures(share, reserved, admitted, pending, nominal, nominal, borrowing, lending)
        return Figures(
            share,
            self.tree.used(node, share),
            admitted,
            pending,
            nominal,
            nominal,
            borrowing,
            lending,
            self.tree.borrowed(node, share),
            self.tree.lent(node, share),
            self.tree.available(node, share),
            self.tree.potential(node, share),
        )

    def _of_cohort(self, node: Node, share: Share, pending: int) -> Figures:
        quota, leaves = node.quota(share), node.leaves
        return Figures(
            share,
            sum(self.tree.used(leaf, share) for leaf in leaves),
            sum(self._admitted.get(leaf.name, {}).get(share, 0) for leaf in leaves),
            pending,
            quota.nominal,
            sum(one.quota(share).nominal for one in _all(node)),
            quota.borrowing_limit,
            quota.lending_limit,
            self.tree.borrowed(node, share) if node.parent else 0,
            self.tree.lent(node, share),
            self.tree.available(node, share),
            self.tree.potential(node, share),
        )

    @cached_property
    def _admitted(self) -> Mapping[str, Mapping[Share, int]]:
        """Reserved by workloads whose checks are done too, by ClusterQueue."""
        if self.setting.blind(WORKLOADS):
            return {name: queue.admitted for name, queue in self.setting.cluster_queues.items()}
        return {
            name: usage(one for one in workloads if one.holds("Admitted"))
            for name, workloads in self.setting.reserving.items()
        }


def own_shares(queue: ClusterQueue) -> tuple[Share, ...]:
    """What it has quota of, then what it still holds of flavors that were taken from it."""
    return tuple(dict.fromkeys((*queue.shares, *(share for share, used in queue.reserved.items() if used))))


def _place_in(queue: ClusterQueue | None) -> Callable[[Share], int]:
    """Where a share stands in the queue; one without a flavor with the first of its resource, an unknown one last."""
    shares = own_shares(queue) if queue else ()
    places = {share: number for number, share in enumerate(shares)}
    resources = {share.resource: number for number, share in reversed(list(enumerate(shares)))}
    end = len(shares)
    return lambda share: places.get(share, end) if share.flavor else resources.get(share.resource, end)


def usage(workloads: Iterable[Workload]) -> dict[Share, int]:
    """What they hold together."""
    return summed(one.admission.usage for one in workloads if one.admission)


def summed(parts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    """Key by key."""
    total: dict[K, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


def _shares(node: Node) -> tuple[Share, ...]:
    found: dict[Share, None] = {}
    for one in _all(node):
        owner = one.owner
        shares = own_shares(owner if isinstance(owner, ClusterQueue) else ClusterQueue("", groups=owner.groups))
        found.update(dict.fromkeys(shares))
    return tuple(found)
