"""Kueue's own words for why a workload waits, and for who was evicted for whom.

Source: pkg/scheduler/flavorassigner and pkg/scheduler/preemption of Kueue 0.19.
"""

from collections.abc import Iterator
from typing import Final

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.quota import Tree
from k8sai.queues.verdict import Judgement, Line, Option
from k8sai.queues.words import amount
from k8sai.queues.workload import PodSet, Workload

_RIGHTS: Final = {
    "InClusterQueue": "prioritization in the ClusterQueue",
    "InCohortReclamation": "reclamation within the cohort",
    "InCohortFairSharing": "Fair Sharing within the cohort",
    "InCohortReclaimWhileBorrowing": "reclamation within the cohort while borrowing",
}
JOB_UID: Final = "kueue.x-k8s.io/job-uid"


def short_of(judgement: Judgement, workload: Workload, queue: ClusterQueue) -> str:
    """`couldn't assign flavors to pod set main: …`: every pod set that does not fit, with all reasons, sorted."""
    parts = []
    for pod_set in workload.pod_sets:
        reasons = sorted(set(_reasons(judgement, workload, pod_set, queue)))
        if reasons:
            parts.append(f"couldn't assign flavors to pod set {pod_set.name}: {', '.join(reasons)}")
    return "; ".join(parts)


def _reasons(judgement: Judgement, workload: Workload, pod_set: PodSet, queue: ClusterQueue) -> Iterator[str]:
    for resource in workload.asks_of(pod_set):
        if queue.group_of(resource) is None:
            yield f"resource {resource} unavailable in ClusterQueue"
    mine = [option for option in judgement.options if option.pod_set == pod_set.name]
    for group in queue.groups:
        flavors = {name for name, _ in group.flavors}
        tried = [option for option in mine if option.flavor in flavors]
        if not any(option.mode in ("fits", "borrows") for option in tried):
            for option in tried:
                yield from _of_option(option, workload, pod_set)


def _of_option(option: Option, workload: Workload, pod_set: PodSet) -> Iterator[str]:
    if option.mode == "refused":
        yield option.refusal
        return
    asks = workload.asks_of(pod_set)
    for line in option.lines:
        if line.mode in ("waits", "preempts", "never"):
            yield _of_line(line, asks.get(line.share.resource, line.need))


def _of_line(line: Line, ask: int) -> str:
    flavor, resource = line.share
    if line.mode != "never":
        more = amount(resource, line.need - max(0, line.have))
        return f"insufficient unused quota for {resource} in flavor {flavor}, {more} more needed"
    before, now, most = (amount(resource, one) for one in (line.need - ask, ask, line.most))
    return (
        f"insufficient quota for {resource} in flavor {flavor}, previously considered podsets requests ({before}) + "
        f"current podset request ({now}) > maximum capacity ({most})"
    )


def preempted_for(preemptor: Workload, right: str, preemptor_path: str, path: str) -> str:
    """What the victim's conditions say; `right` is Kueue's reason, paths go from the root: `/ai/prod/serving`."""
    job = preemptor.labels.get(JOB_UID) or "UNKNOWN"
    return (
        f"Preempted to accommodate a workload (UID: {preemptor.uid or 'UNKNOWN'}, JobUID: {job}) due to "
        f"{_RIGHTS.get(right, 'UNKNOWN')}; preemptor path: {preemptor_path}; preemptee path: {path}"
    )


def priorities(preemptor: Workload, victim: Workload) -> str:
    """What the events add."""

    def said(who: str, priority: int) -> str:
        return f"{who} effective priority: {priority} (base: {priority}, boost: 0)"

    return f"{said('preemptor', preemptor.priority)}; {said('preemptee', victim.priority)}"


def path_of(tree: Tree, queue: str) -> str:
    """`/ai/prod/serving`."""
    node = tree.queues.get(queue)
    return "/" + "/".join(one.name for one in reversed(node.path)) if node else f"/{queue}"
