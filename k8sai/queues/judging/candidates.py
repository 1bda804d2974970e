"""Whom a workload may evict, by which right, and in which order they are tried.

Source: pkg/scheduler/preemption/classical and common of Kueue 0.19.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from k8sai.queues.facts import Share
from k8sai.queues.judging.scene import Holder, Need, Scene
from k8sai.queues.order import fair_usage, queued_at
from k8sai.queues.quota import Node
from k8sai.queues.workload import Workload


class Right(Enum):
    """By what a workload may be evicted."""

    NEARER = auto()  # whoever comes is nearer to the quota
    RECLAIM = auto()  # only as long as whoever comes stays within its nominal quota
    BORROW = auto()  # even if whoever comes borrows
    QUEUE = auto()  # of the same ClusterQueue


REASONS: Final = {
    Right.NEARER: "InCohortReclamation",
    Right.RECLAIM: "InCohortReclamation",
    Right.BORROW: "InCohortReclaimWhileBorrowing",
    Right.QUEUE: "InClusterQueue",
}
_RANK: Final = {Right.NEARER: 0, Right.RECLAIM: 1, Right.BORROW: 1, Right.QUEUE: 2}


@dataclass(frozen=True, slots=True)
class Candidate:
    """`common` is the lowest cohort above both; None for a workload of the same queue."""

    holder: Holder
    right: Right
    common: Node | None = None


def candidates(scene: Scene, need: Need) -> list[Candidate]:
    """All who may be evicted for it, the first to be tried first."""
    found = [*_of_its_queue(scene, need), *_of_others(scene, need)]
    order = Order(scene, need.queue)

    def place(one: Candidate) -> tuple[bool, int, float, tuple[int, float, str]]:
        same = one.right is Right.QUEUE
        return not one.holder.evicted, _RANK[one.right], order.usage(one.holder) if same else 0.0, one.holder.rank

    return sorted(found, key=place)


@dataclass(frozen=True)
class Order:
    """Evicted ones first, then other queues', the least important, the latest, by UID."""

    scene: Scene
    queue: Node

    def place(self, holder: Holder) -> tuple[bool, bool, float, int, float, str]:
        same = holder.queue is self.queue
        return not holder.evicted, same, self.usage(holder) if same else 0.0, *holder.rank

    def usage(self, holder: Holder) -> float:
        """With admission fair sharing: who has used more goes first, within a ClusterQueue. Negative, to sort by."""
        queue = self.scene.setting.cluster_queues.get(self.queue.name)
        local = self.scene.setting.local_queues.get(f"{holder.workload.namespace}/{holder.workload.queue}")
        return -fair_usage(local) if queue and queue.afs and local else 0.0


def allowed(policy: str, preemptor: Workload, holder: Workload) -> bool:
    """The policy (Never LowerPriority LowerOrNewerEqualPriority Any) lets the one evict the other."""
    lower = preemptor.priority > holder.priority
    match policy:
        case "LowerPriority":
            return lower
        case "LowerOrNewerEqualPriority":
            equal = preemptor.priority == holder.priority
            return lower or (equal and queued_at(preemptor) < queued_at(holder))
        case "Any":
            return True
    return False


def _of_its_queue(scene: Scene, need: Need) -> Iterator[Candidate]:
    for holder in may_go_of(scene, need, need.queue, need.policy.within):
        yield Candidate(holder, Right.QUEUE)


def _of_others(scene: Scene, need: Need) -> Iterator[Candidate]:
    """Up the tree from the nearest cohort. Once a node has room for the request, whoever is further away owes it."""
    if need.policy.reclaim == "Never":
        return
    done = need.queue
    nearer, left = scene.spares(done, need.amounts), scene.beyond(done, need.amounts)
    for cohort in need.queue.path[1:]:
        for queue in borrowers(scene, cohort, done, need.contested):
            yield from _of_queue(scene, need, queue, cohort, nearer=nearer)
        nearer = scene.spares(cohort, left) or nearer
        left, done = scene.beyond(cohort, left), cohort


def _of_queue(scene: Scene, need: Need, queue: Node, common: Node, *, nearer: bool) -> Iterator[Candidate]:
    for holder in may_go_of(scene, need, queue, need.policy.reclaim):
        yield Candidate(holder, Right.NEARER if nearer else _right(need, holder.workload), common)


def may_go_of(scene: Scene, need: Need, queue: Node, policy: str) -> list[Holder]:
    """Those of a queue that hold what is contested and whom the policy allows to go."""
    mine, found = need.workload.priority, scene.holders(queue)
    match policy:  # thousands hold quota: what is cheap to see of them is seen first
        case "Never":
            return []
        case "LowerPriority":
            found = [one for one in found if one.workload.priority < mine]
        case "LowerOrNewerEqualPriority":
            found = [one for one in found if one.workload.priority <= mine]
    return [one for one in found if may_go(need, one, policy)]


def may_go(need: Need, holder: Holder, policy: str) -> bool:
    """It holds what is contested, and the policy allows it."""
    return not holder.shares.isdisjoint(need.contested) and allowed(policy, need.workload, holder.workload)


def _right(need: Need, holder: Workload) -> Right:
    """Whether it may go even though whoever comes borrows."""
    if need.policy.borrow_within == "Never" or holder.priority >= need.workload.priority:
        return Right.RECLAIM
    threshold = need.policy.borrow_threshold
    return Right.RECLAIM if threshold is not None and holder.priority > threshold else Right.BORROW


def right_of_reclaim(scene: Scene, need: Need, holder: Holder) -> Right:
    """By what a workload of another queue may be evicted if the policy and its queue's usage allow it."""
    path, left, nearer = need.queue.path, need.amounts, False
    for node, above in pairwise(path):
        nearer = nearer or scene.spares(node, left)
        left = scene.beyond(node, left)
        if above in holder.queue.path:
            break
    return Right.NEARER if nearer else _right(need, holder.workload)


def borrowers(scene: Scene, cohort: Node, skip: Node, contested: frozenset[Share]) -> Iterator[Node]:
    """The queues below a cohort that are over their quota all the way up to it, without those at or below `skip`."""
    for child in cohort.children:
        if child is skip or scene.within(child, contested):
            continue
        if child.leaf:
            yield child
        else:
            yield from borrowers(scene, child, skip, contested)
