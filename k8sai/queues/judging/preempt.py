"""Which workloads Kueue would evict to make room: the fewest of the candidates, tried in their order.

Source: pkg/scheduler/preemption of Kueue 0.19 (without fair sharing; see fair.py for the other).
"""

from collections.abc import Sequence

from k8sai.queues.judging.candidates import REASONS, Candidate, Right, candidates
from k8sai.queues.judging.fair import FairSearch
from k8sai.queues.judging.scene import Holder, Need, Scene
from k8sai.queues.verdict import Victim


def victims(scene: Scene, need: Need) -> tuple[Victim, ...]:
    """Whom it would evict; nobody where no choice of those it may evict makes room. The scene is as it was."""
    return FairSearch(scene, need).victims() if scene.sharing else _classic(scene, need)


def _classic(scene: Scene, need: Need) -> tuple[Victim, ...]:
    found = candidates(scene, need)
    for borrowing in _attempts(scene, need, found):
        taken = _take(scene, need, found, borrowing=borrowing)
        if taken:
            rights = {id(one.holder): one.right for one in found}
            return tuple(Victim(one.workload, one.queue.name, REASONS[rights[id(one)]]) for one in taken)
    return ()


def _attempts(scene: Scene, need: Need, found: Sequence[Candidate]) -> tuple[bool, ...]:
    """Whether to try with borrowing, without, or both, and which first."""
    forbidden = need.policy.borrow_within == "Never"
    under = all(scene.tree.used(need.queue, one) < need.queue.quota(one).nominal for one in need.contested)
    if all(one.right is Right.QUEUE for one in found) or (forbidden and not under):
        return (True,)
    if forbidden and all(one.right is not Right.NEARER for one in found):
        return False, True
    return True, False


def _take(scene: Scene, need: Need, found: Sequence[Candidate], *, borrowing: bool) -> list[Holder]:
    """Take candidates away until it fits, then put back who need not go."""
    taken: list[Holder] = []
    for candidate in found:
        if not _still(scene, need, candidate, borrowing=borrowing):
            continue
        scene.take(candidate.holder)
        taken.append(candidate.holder)
        if scene.fits(need, borrowing=borrowing):
            kept = scene.fewest(need, taken, borrowing=borrowing)
            scene.restore(kept)
            return kept
    scene.restore(taken)
    return []


def _still(scene: Scene, need: Need, candidate: Candidate, *, borrowing: bool) -> bool:
    """It may go now that others are gone: its queue and all up to the common cohort must still be over their quota."""
    if candidate.common is None:
        return True
    if borrowing and candidate.right is Right.RECLAIM:
        return False
    path = candidate.holder.queue.path
    below = path[: path.index(candidate.common)]
    return not any(scene.within(node, need.contested) for node in below)
