"""Why workloads that hold what is needed are not evicted for it, in words."""

from collections.abc import Iterator

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.candidates import Right, allowed, right_of_reclaim
from k8sai.queues.judging.fair import branches
from k8sai.queues.judging.scene import Holder, Need, Scene
from k8sai.queues.verdict import MODES, Judgement, Option, Spared
from k8sai.queues.words import amount
from k8sai.queues.workload import Workload


def spared(scene: Scene, workload: Workload, queue: ClusterQueue, judgement: Judgement) -> tuple[Spared, ...]:
    """Everybody in the same tree who holds quota that is short and is not among the victims; its own queue first."""
    node = scene.tree.queues[queue.name]
    short = _short(judgement)
    if not short:
        return ()
    contested = frozenset(short)
    need = Need(workload, node, short, contested)
    gone = {one.workload.ref for one in judgement.victims}
    queues = (node, *(one for one in node.path[-1].leaves if one is not node))
    return tuple(
        Spared(holder.workload, holder.queue.name, _why(scene, need, holder))
        for one in queues
        for holder in scene.holders(one)
        if any(holder.held.get(share) for share in contested) and holder.workload.ref not in gone
    )


def _short(judgement: Judgement) -> dict[Share, int]:
    """What is needed of shares that have too little now, of the best flavor for each pod set."""
    return {
        line.share: line.need
        for option in _best(judgement)
        for line in option.lines
        if line.mode in ("preempts", "waits")
    }


def _best(judgement: Judgement) -> Iterator[Option]:
    """Of each pod set the flavors it was given, else all that are nearest to a fit."""
    for name in dict.fromkeys(option.pod_set for option in judgement.options):
        mine = [option for option in judgement.options if option.pod_set == name]
        given = set(judgement.assigned.get(name, {}).values())
        taken = [option for option in mine if option.flavor in given]
        nearest = min((MODES.index(option.mode) for option in mine), default=0)
        yield from taken or (option for option in mine if MODES.index(option.mode) == nearest)


def _why(scene: Scene, need: Need, holder: Holder) -> str:
    same = holder.queue is need.queue
    reason = _by_policy(need, holder, same=same)
    if not reason and not same:
        reason = _by_quota(scene, need, holder)
    return reason or _by_request(scene, need) or "it may be evicted, but that is not enough or not needed"


def _by_policy(need: Need, holder: Holder, *, same: bool) -> str:
    name, policy = ("withinClusterQueue", need.policy.within) if same else ("reclaimWithinCohort", need.policy.reclaim)
    if policy == "Never":
        return f"{name} of {need.queue.word} is Never"
    if allowed(policy, need.workload, holder.workload):
        return ""
    mine, theirs = need.workload.priority, holder.workload.priority
    if mine == theirs and policy == "LowerOrNewerEqualPriority":
        return f"its priority {theirs} is the same and it is not newer ({name} is {policy})"
    return f"its priority {theirs} is not lower than {mine} ({name} is {policy})"


def _by_quota(scene: Scene, need: Need, holder: Holder) -> str:
    """It does not use what is others', or somebody between it and the common cohort does not."""
    for node in holder.queue.path:
        if node in need.queue.path:
            break
        if scene.within(node, need.contested):
            return f"{node.word} is within its own quota"
    if scene.sharing:
        return _by_share(scene, need, holder)
    if right_of_reclaim(scene, need, holder) is not Right.RECLAIM:
        return ""
    over = _over(scene, need)
    if not over:
        return ""
    threshold = need.policy.borrow_threshold
    if need.policy.borrow_within == "Never":
        return f"reclaim needs you within nominal, you would be {over} over"
    if threshold is not None and threshold < holder.workload.priority < need.workload.priority:
        return (
            f"its priority {holder.workload.priority} is above maxPriorityThreshold {threshold}, and you would borrow"
        )
    return f"its priority {holder.workload.priority} is not lower than {need.workload.priority}, and you would borrow"


def _by_share(scene: Scene, need: Need, holder: Holder) -> str:
    """With fair sharing: whoever comes would then have more than who gives."""
    mine, theirs = branches(need.queue, holder.queue)
    scene.tree.add(need.queue, need.amounts)
    entitled, gain = scene.within(need.queue, need.contested), scene.tree.weighted_share(mine)
    scene.take(holder)
    left = scene.tree.weighted_share(theirs)
    scene.restore([holder])
    scene.tree.remove(need.queue, need.amounts)
    if entitled or gain <= left:
        return ""
    return f"fair sharing: {mine.word} would have a share of {gain:.0f}, {theirs.word} be left with {left:.0f}"


def _by_request(scene: Scene, need: Need) -> str:
    """Nobody at all is evicted for a request beyond nominal quota without a right to borrow."""
    over = _over(scene, need)
    barred = need.policy.borrow_within == "Never" and not (scene.sharing and need.policy.reclaim != "Never")
    beyond = any(
        total > need.queue.quota(share).nominal and not scene.tree.reach(need.queue, share, total)[1]
        for share, total in need.amounts.items()
    )
    return f"you would be {over} over nominal, and borrowWithinCohort is Never" if barred and beyond and over else ""


def _over(scene: Scene, need: Need) -> str:
    """By how much the queue would be beyond nominal quota, of the resource that is furthest; empty where it is not."""
    beyond = {
        share: scene.tree.used(need.queue, share) + total - need.queue.quota(share).nominal
        for share, total in need.amounts.items()
    }
    share = max(beyond, key=lambda one: beyond[one])
    return f"{amount(share.resource, beyond[share])} {share.resource}" if beyond[share] > 0 else ""
