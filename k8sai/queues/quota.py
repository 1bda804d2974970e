"""Kueue's quota arithmetic over the tree of cohorts: what a queue has, may use now, and could ever use.

Per share (flavor and resource); U is quota reserved, not admitted, so that room held during admission checks counts:

    SQ(n)    = nominal(n) + sum over children (SQ(c) - LQ(c))          subtree quota
    LQ(n)    = max(0, SQ(n) - lendingLimit(n)), 0 without a limit      guaranteed, unseen by the parent
    U(coh)   = sum over children max(0, U(c) - LQ(c))
    LA(n)    = max(0, LQ(n) - U(n))
    avail(n) = LA(n) + min(avail(parent), SQ(n) - LQ(n) - max(0, U(n) - LQ(n)) + borrowingLimit(n));  root: SQ - U
    max(n)   = min(LQ(n) + max(parent), SQ(n) + borrowingLimit(n));                                  root: SQ

A negative amount is carried: it is what must be freed first.
Source: pkg/cache/scheduler/resource_node.go of Kueue 0.19.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, inf

from k8sai.queues.facts import ClusterQueue, Cohort, Quota, Share

_NOTHING = Quota(0)
Usage = Mapping[str, Mapping[Share, int]]  # reserved, by ClusterQueue


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A ClusterQueue (a leaf) or a Cohort, and where it hangs."""

    name: str
    owner: ClusterQueue | Cohort
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    @property
    def leaf(self) -> bool:
        return isinstance(self.owner, ClusterQueue)

    @property
    def word(self) -> str:
        """As it is said to people: `ClusterQueue finetune`."""
        return f"{'ClusterQueue' if self.leaf else 'Cohort'} {self.name}"

    def quota(self, share: Share) -> Quota:
        """Its own; nothing where it has none."""
        return self.owner.quota(share) or _NOTHING

    @property
    def path(self) -> tuple["Node", ...]:
        """From itself up to the root."""
        return (self, *self.parent.path) if self.parent else (self,)

    @property
    def leaves(self) -> tuple["Node", ...]:
        """The ClusterQueues at or below it."""
        return (self,) if self.leaf else tuple(leaf for child in self.children for leaf in child.leaves)


class Tree:
    """All queues and cohorts. Members of a cycle of cohorts have no place in it: they are in `cycles`.

    A cohort that is only named is there with nothing of its own.
    """

    def __init__(
        self, queues: Iterable[ClusterQueue], cohorts: Iterable[Cohort] = (), usage: Usage | None = None
    ) -> None:
        self._queues = {queue.name: queue for queue in queues}
        self._cohorts = _with_implied(self._queues.values(), cohorts)
        self.cycles = _cycles(self._cohorts)
        self._usage = usage if usage is not None else {name: queue.reserved for name, queue in self._queues.items()}
        self.cohorts = self._cohort_nodes()
        self.queues = self._queue_nodes()
        self._subtree: dict[tuple[Node, Share], int] = {}
        self._used: dict[tuple[Node, Share], int] = {}
        self._max: dict[tuple[Node, Share], int] = {}

    def _cohort_nodes(self) -> dict[str, Node]:
        """By name; parents first."""
        nodes: dict[str, Node] = {}

        def place(name: str) -> Node:
            if name not in nodes:
                cohort = self._cohorts[name]
                parent = place(cohort.parent) if cohort.parent else None
                nodes[name] = Node(name, cohort, parent)
                if parent is not None:
                    parent.children.append(nodes[name])
            return nodes[name]

        for name in self._cohorts:
            if name not in self.cycles:
                place(name)
        return nodes

    def _queue_nodes(self) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        for name, queue in self._queues.items():
            if queue.cohort in self.cycles:
                continue
            parent = self.cohorts.get(queue.cohort)
            nodes[name] = Node(name, queue, parent)
            if parent is not None:
                parent.children.append(nodes[name])
        return nodes

    @property
    def roots(self) -> tuple[Node, ...]:
        """Cohorts without a parent, then queues without a cohort, by name."""
        tops = [node for node in (*self.cohorts.values(), *self.queues.values()) if node.parent is None]
        return tuple(sorted(tops, key=lambda node: (node.leaf, node.name)))

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """All that anybody has quota of or uses."""
        found: dict[Share, None] = {}
        for node in (*self.queues.values(), *self.cohorts.values()):
            for group in node.owner.groups:
                for flavor, quotas in group.flavors:
                    found.update(dict.fromkeys(Share(flavor, resource) for resource in quotas))
        for used in self._usage.values():
            found.update(dict.fromkeys(used))
        return tuple(found)

    # --- the formulas -------------------------------------------------------------------------------------------------

    def subtree(self, node: Node, share: Share) -> int:
        """SQ: its nominal quota and what children let it have."""
        key = node, share
        if key not in self._subtree:
            lent = sum(self.subtree(child, share) - self.guaranteed(child, share) for child in node.children)
            self._subtree[key] = node.quota(share).nominal + lent
        return self._subtree[key]

    def guaranteed(self, node: Node, share: Share) -> int:
        """LQ: what nobody else may have."""
        limit = node.quota(share).lending_limit
        return 0 if limit is None else max(0, self.subtree(node, share) - limit)

    def used(self, node: Node, share: Share) -> int:
        """U: reserved; of a cohort what its children take beyond what is guaranteed to them."""
        if node.leaf:
            return self._usage.get(node.name, {}).get(share, 0)
        key = node, share
        if key not in self._used:
            self._used[key] = sum(
                max(0, self.used(child, share) - self.guaranteed(child, share)) for child in node.children
            )
        return self._used[key]

    def local(self, node: Node, share: Share) -> int:
        """LA: what is left of its guaranteed part."""
        return max(0, self.guaranteed(node, share) - self.used(node, share))

    def own_room(self, node: Node, share: Share) -> int | None:
        """What it may still take from its parent by its own limit; None: as much as the parent has."""
        limit = node.quota(share).borrowing_limit
        if node.parent is None or limit is None:
            return None
        guaranteed = self.guaranteed(node, share)
        taken = max(0, self.used(node, share) - guaranteed)
        return self.subtree(node, share) - guaranteed - taken + limit

    def available(self, node: Node, share: Share) -> int:
        """What fits now; negative where more is used than there is."""
        if node.parent is None:
            return self.subtree(node, share) - self.used(node, share)
        above, own = self.available(node.parent, share), self.own_room(node, share)
        return self.local(node, share) + (above if own is None else min(above, own))

    def potential(self, node: Node, share: Share) -> int:
        """What could fit if everything were free."""
        key = node, share
        if key not in self._max:
            self._max[key] = self._potential(node, share)
        return self._max[key]

    def _potential(self, node: Node, share: Share) -> int:
        if node.parent is None:
            return self.subtree(node, share)
        most = self.guaranteed(node, share) + self.potential(node.parent, share)
        limit = node.quota(share).borrowing_limit
        return most if limit is None else min(most, self.subtree(node, share) + limit)

    def borrowed(self, node: Node, share: Share) -> int:
        """What it uses beyond its own; of a ClusterQueue as its status says it."""
        return max(0, self.used(node, share) - self.subtree(node, share))

    def lent(self, node: Node, share: Share) -> int:
        """How much of its nominal quota others use. Kueue keeps no record of who: it is what its cohort lacks of it."""
        if node.parent is None:
            return 0
        idle = (
            self.subtree(node, share)
            - self.guaranteed(node, share)
            - max(0, self.used(node, share) - self.guaranteed(node, share))
        )
        return max(0, min(idle, idle - self.available(node.parent, share)))

    def weighted_share(self, node: Node, extra: Mapping[Share, int] | None = None) -> float:
        """DRS: its largest borrowed part of what its parent could ever have, in thousandths, by its weight.

        `extra` is asked for on top. Infinite where it borrows with weight 0; 0 for a root. Kueue's status rounds up.
        """
        if node.parent is None:
            return 0.0
        borrowed: dict[str, int] = {}
        lendable: dict[str, int] = {}
        for share in self.shares:
            used = self.used(node, share) + (extra or {}).get(share, 0)
            over = max(0, used - self.subtree(node, share))
            borrowed[share.resource] = borrowed.get(share.resource, 0) + over
            most = self.potential(node.parent, share)
            lendable[share.resource] = lendable.get(share.resource, 0) + most
        ratios = [1000 * over / lendable[name] for name, over in borrowed.items() if over > 0 and lendable[name] > 0]
        worst = max(ratios, default=0.0)
        if not any(borrowed.values()):
            return 0.0
        return worst / node.owner.weight if node.owner.weight else inf


def shown_share(weighted: float) -> int:
    """A weighted share as Kueue's status has it: rounded up; the largest int64 for infinity."""
    return 9223372036854775807 if weighted == inf else ceil(weighted)


def _with_implied(queues: Iterable[ClusterQueue], cohorts: Iterable[Cohort]) -> dict[str, Cohort]:
    known = {cohort.name: cohort for cohort in cohorts}
    named = [queue.cohort for queue in queues] + [cohort.parent for cohort in known.values()]
    for name in named:
        if name and name not in known:
            known[name] = Cohort(name, implied=True)
    return known


def _cycles(cohorts: Mapping[str, Cohort]) -> frozenset[str]:
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
