"""Which workloads Kueue would evict under fair sharing: from whoever borrows most for its weight, until it is even.

Source: pkg/scheduler/preemption/fairsharing of Kueue 0.19, KEP-1714. By default the first strategy is
LessThanOrEqualToFinalShare, the second LessThanInitialShare. Among cohorts that borrow alike Kueue's choice is open.
"""

from collections.abc import Iterator

from k8sai.queues.judging.candidates import Order, may_go
from k8sai.queues.judging.scene import Holder, Need, Scene
from k8sai.queues.quota import Node, Tree
from k8sai.queues.verdict import Victim

Merit = tuple[bool, float]  # borrows with weight 0, then the ratio; larger is to give first
_BY_SHARE, _BY_QUEUE, _BY_NOMINAL = "InCohortFairSharing", "InClusterQueue", "InCohortReclamation"


def share_of(tree: Tree, node: Node) -> Merit:
    """By what nodes are compared: those that borrow with weight 0 are above all others."""
    ratio, weight = tree.borrowed_ratio(node), node.owner.weight
    if weight == 0:
        return ratio > 0, ratio
    return False, ratio / weight


class FairSearch:
    """One search for one workload."""

    def __init__(self, scene: Scene, need: Need) -> None:
        self.scene, self.need = scene, need
        self.order = Order(scene, need.queue)
        self.taken: list[Holder] = []
        self.reasons: dict[str, str] = {}

    def victims(self) -> tuple[Victim, ...]:
        """Whom to evict; nobody where that makes no room."""
        found = sorted(self._candidates(), key=self.order.place)
        if not found:
            return ()
        scene, need = self.scene, self.need
        scene.tree.add(need.queue, need.amounts)  # shares count whoever comes
        fits, retry = self._first(found)
        fits = fits or (len(scene.sharing) > 1 and self._second(retry))
        scene.tree.remove(need.queue, need.amounts)
        kept = scene.fewest(need, self.taken, borrowing=True) if fits else self.taken
        scene.restore(kept)
        if not fits:
            return ()
        return tuple(Victim(one.workload, one.queue.name, self.reasons[one.workload.ref]) for one in kept)

    def _candidates(self) -> Iterator[Holder]:
        need, scene = self.need, self.scene
        yield from (one for one in scene.holders(need.queue) if may_go(need, one, need.policy.within))
        if need.queue.parent is None or need.policy.reclaim == "Never":
            return
        for queue in need.queue.path[-1].leaves:
            if queue is need.queue or scene.within(queue, need.contested):
                continue
            yield from (one for one in scene.holders(queue) if may_go(need, one, need.policy.reclaim))

    def _first(self, found: list[Holder]) -> tuple[bool, list[Holder]]:
        """The first strategy. Whether it fits now, and those who were spared."""
        entitled = self.scene.within(self.need.queue, self.need.contested)
        retry: list[Holder] = []
        tournament = Tournament(self.scene.tree, self.need.queue, found)
        for queue in tournament:
            if queue is self.need.queue or entitled:
                reason = _BY_QUEUE if queue is self.need.queue else _BY_NOMINAL
                if self._take(tournament.pop(queue), reason):
                    return True, []
                continue
            while tournament.left(queue):
                one = tournament.pop(queue)
                if self._yields(queue, one):
                    if self._take(one, _BY_SHARE):
                        return True, []
                    break
                retry.append(one)
        return False, retry

    def _second(self, retry: list[Holder]) -> bool:
        """LessThanInitialShare, once per queue."""
        tournament = Tournament(self.scene.tree, self.need.queue, retry)
        for queue in tournament:
            mine, theirs = self._shares(queue)
            one = tournament.pop(queue)
            if mine < theirs and self._take(one, _BY_SHARE):
                return True
            tournament.drop(queue)
        return False

    def _take(self, holder: Holder, reason: str) -> bool:
        self.scene.take(holder)
        self.taken.append(holder)
        self.reasons[holder.workload.ref] = reason
        self.scene.tree.remove(self.need.queue, self.need.amounts)
        fits = self.scene.fits(self.need)
        self.scene.tree.add(self.need.queue, self.need.amounts)
        return fits

    def _shares(self, queue: Node) -> tuple[Merit, Merit]:
        """Of the two branches that part below the lowest common cohort: whoever comes, and the queue."""
        mine, theirs = branches(self.need.queue, queue)
        return share_of(self.scene.tree, mine), share_of(self.scene.tree, theirs)

    def _yields(self, queue: Node, holder: Holder) -> bool:
        """By the first strategy it goes: what its branch is left with, or had, is not less than what mine will have."""
        mine, theirs = self._shares(queue)
        if self.scene.sharing[0] == "LessThanInitialShare":
            return mine < theirs
        return mine <= self._share_without(queue, holder)

    def _share_without(self, queue: Node, holder: Holder) -> Merit:
        self.scene.take(holder)
        _, theirs = self._shares(queue)
        self.scene.restore([holder])
        return theirs


def branches(one: Node, other: Node) -> tuple[Node, Node]:
    """Of two queues of a tree: the last node on the way up of each before they meet."""
    path = one.path
    meeting = next(node for node in other.path if node in path)
    theirs = other.path
    return path[path.index(meeting) - 1], theirs[theirs.index(meeting) - 1]


class Tournament:
    """Queues with candidates, again and again the one with the largest share on the way down from the root.

    Whoever iterates takes a candidate (`pop`) or gives the queue up (`drop`) each time.
    """

    def __init__(self, tree: Tree, queue: Node, found: list[Holder]) -> None:
        self.tree, self.queue = tree, queue
        self.waiting: dict[Node, list[Holder]] = {}
        for holder in found:
            self.waiting.setdefault(holder.queue, []).append(holder)
        self.order = {holder.workload.ref: number for number, holder in enumerate(found)}
        self.out: set[Node] = set()

    def __iter__(self) -> Iterator[Node]:
        root = self.queue.path[-1]
        while root not in self.out:
            found = self._next(root)
            if found is not None:
                yield found

    def left(self, queue: Node) -> list[Holder]:
        """The candidates that a queue still has."""
        return self.waiting.get(queue, [])

    def pop(self, queue: Node) -> Holder:
        """Its first candidate."""
        return self.waiting[queue].pop(0)

    def drop(self, queue: Node) -> None:
        """Nothing more from this queue."""
        self.out.add(queue)

    def _next(self, node: Node) -> Node | None:
        """A queue; None where some of the tree turned out to have no more, so that it has to be asked again."""
        if node.leaf:
            self.out.update(() if self.left(node) else (node,))
            return node if self.left(node) else None
        best = self._best(node)
        if best is None:
            self.out.add(node)
            return None
        return best if best.leaf else self._next(best)

    def _best(self, cohort: Node) -> Node | None:
        """The child with the largest share; of those alike a cohort before a queue, a queue by its first candidate."""
        for child in cohort.children:
            if child not in self.out and not self._plays(child):
                self.out.add(child)
        playing = [child for child in cohort.children if child not in self.out]
        return max(playing, key=self._merit, default=None)

    def _plays(self, node: Node) -> bool:
        """It borrows, or the way to whoever comes leads through it."""
        if node.leaf and not self.left(node):
            return False
        return bool(self.tree.over(node)) or node in self.queue.path

    def _merit(self, node: Node) -> tuple[Merit, bool, int]:
        first = -self.order[self.left(node)[0].workload.ref] if node.leaf else 0
        return share_of(self.tree, node), not node.leaf, first
