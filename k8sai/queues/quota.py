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
from math import inf

from k8sai.queues.facts import ClusterQueue, Cohort, Share
from k8sai.queues.nodes import Node as Node
from k8sai.queues.nodes import cohort_nodes, cycles_of, queue_nodes, with_implied
from k8sai.queues.workload import Workload

Usage = Mapping[str, Mapping[Share, int]]  # reserved, by ClusterQueue


class Tree:
    """All queues and cohorts. Members of a cycle of cohorts have no place in it: they are in `cycles`.

    A cohort that is only named is there with nothing of its own. `add` and `remove` change in place what is used: do so
    on a `copy`, which shares everything else.
    """

    def __init__(
        self, queues: Iterable[ClusterQueue], cohorts: Iterable[Cohort] = (), usage: Usage | None = None
    ) -> None:
        known = {queue.name: queue for queue in queues}
        every = with_implied(known.values(), cohorts)
        self.cycles = cycles_of(every)
        self.cohorts = cohort_nodes(every, self.cycles)
        self.queues = queue_nodes(known, self.cohorts, self.cycles)
        self._subtree: dict[tuple[Node, Share], int] = {}
        self._max: dict[tuple[Node, Share], int] = {}
        self._below: dict[Node, frozenset[Share]] = {}
        self._used: dict[tuple[Node, Share], int] = {}
        given = usage if usage is not None else {name: queue.reserved for name, queue in known.items()}
        for name, amounts in given.items():
            if name in self.queues:
                self.add(self.queues[name], amounts)

    def copy(self) -> "Tree":
        """The same tree whose usage can be changed without changing this one."""
        twin = Tree.__new__(Tree)
        twin.__dict__.update(self.__dict__)
        twin._used = dict(self._used)
        return twin

    def without(self, workloads: Iterable[Workload]) -> "Tree":
        """The same tree after these have given back what they hold."""
        twin = self.copy()
        for workload in workloads:
            if workload.admission is not None and workload.admission.cluster_queue in twin.queues:
                twin.remove(twin.queues[workload.admission.cluster_queue], workload.held)
        return twin

    def add(self, queue: Node, amounts: Mapping[Share, int]) -> None:
        """Let a ClusterQueue use more. In place."""
        for share, amount in amounts.items():
            self._move(queue, share, amount)

    def remove(self, queue: Node, amounts: Mapping[Share, int]) -> None:
        """Let a ClusterQueue use less. In place."""
        for share, amount in amounts.items():
            self._move(queue, share, -amount)

    def _move(self, node: Node, share: Share, change: int) -> None:
        """Up the tree goes what is beyond the guaranteed part of each node."""
        at: Node | None = node
        while at is not None and change:
            key = at, share
            before = self._used.get(key, 0)
            self._used[key] = before + change
            guaranteed = self.guaranteed(at, share)
            if guaranteed:
                change = max(0, before + change - guaranteed) - max(0, before - guaranteed)
            at = at.parent

    @property
    def roots(self) -> tuple[Node, ...]:
        """Cohorts without a parent, then queues without a cohort, by name."""
        tops = [node for node in (*self.cohorts.values(), *self.queues.values()) if node.parent is None]
        return tuple(sorted(tops, key=lambda node: (node.leaf, node.name)))

    @property
    def shares(self) -> tuple[Share, ...]:
        """All that anybody has quota of or uses."""
        owned = (share for node in (*self.queues.values(), *self.cohorts.values()) for share in node.quotas)
        return tuple(dict.fromkeys((*owned, *(share for _, share in self._used))))

    def shares_of(self, node: Node) -> frozenset[Share]:
        """What it or anybody below it has quota of."""
        if node not in self._below:
            below = (self.shares_of(child) for child in node.children)
            self._below[node] = frozenset(node.quotas).union(*below)
        return self._below[node]

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
        return self._used.get((node, share), 0)

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

    def level(self, queue: Node, share: Share, amount: int) -> int:
        """How far it would borrow for `amount` more, as `borrow=` of Kueue's events says it; 0 from nobody.

        It is the height of the lowest cohort with room, and of the whole tree where none has.
        """
        return self.reach(queue, share, amount)[0]

    def reach(self, queue: Node, share: Share, amount: int) -> tuple[int, bool]:
        """That level, and whether less than the whole tree would do: then it may reclaim from the rest of the tree."""
        at, left = queue, amount
        while self.used(at, share) + left > self.subtree(at, share) and at.parent is not None:
            left -= self.local(at, share)
            at = at.parent
        if at is queue:
            return 0, queue.parent is not None
        return at.height, at.parent is not None

    def over(self, node: Node) -> dict[Share, int]:
        """What it uses beyond its quota, of what it has quota of."""
        found = {share: self.used(node, share) - self.subtree(node, share) for share in self.shares_of(node)}
        return {share: amount for share, amount in found.items() if amount > 0}

    def borrowed_ratio(self, node: Node) -> float:
        """Of the resource it borrows most of: how much of all that its parent could ever have, in thousandths."""
        if node.parent is None:
            return 0.0
        borrowed: dict[str, int] = {}
        for share, amount in self.over(node).items():
            borrowed[share.resource] = borrowed.get(share.resource, 0) + amount
        lendable = {resource: self.lendable(node.parent, resource) for resource in borrowed}
        return max((1000 * borrowed[name] / most for name, most in lendable.items() if most > 0), default=0.0)

    def lendable(self, cohort: Node, resource: str) -> int:
        """What it could ever have of a resource, over all flavors of its tree."""
        every = self.shares_of(cohort.path[-1])
        return sum(self.potential(cohort, share) for share in every if share.resource == resource)

    def weighted_share(self, node: Node) -> float:
        """DRS: that ratio by its weight; infinite where it borrows with weight 0, 0 for a root. Kueue rounds up."""
        ratio = self.borrowed_ratio(node)
        if not ratio:
            return 0.0
        return ratio / node.owner.weight if node.owner.weight else inf
