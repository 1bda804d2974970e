"""The policies of a ClusterQueue as sentences: in which order it admits, whom it evicts, which flavor it takes.

Source: apis/kueue/v1beta2/clusterqueue_types.go of Kueue 0.19.
"""

from collections.abc import Iterator

from k8sai.queues.facts import ClusterQueue, Json

_WITHIN = {
    "Never": "evicts nobody of its own queue",
    "LowerPriority": "evicts workloads of its own queue with a lower priority",
    "LowerOrNewerEqualPriority": "evicts workloads of its own queue with a lower priority, or the same and younger",
}
_RECLAIM = {
    "Never": "takes nothing back from queues that borrow",
    "LowerPriority": "takes its nominal quota back from borrowers of lower priority",
    "Any": "takes its nominal quota back from borrowers, whatever their priority",
}


def policies(queue: ClusterQueue) -> Iterator[tuple[str, str]]:
    """Each with the word it goes by."""
    yield "order", _order(queue)
    within = queue.preemption.within
    yield "own queue", _WITHIN.get(within, within)
    if queue.cohort:
        yield "reclaim", _RECLAIM.get(queue.preemption.reclaim, queue.preemption.reclaim)
        yield "borrowing", _borrowing(queue)
    if any(len(group.flavors) > 1 for group in queue.groups):
        yield "flavors", _flavors(queue)
    yield "namespaces", selector_words(queue.selector)


def _order(queue: ClusterQueue) -> str:
    first = "by usage of each LocalQueue, then priority" if queue.afs else "by priority"
    if queue.strategy == "StrictFIFO":
        return f"StrictFIFO: {first}, then age; who is first holds up all behind"
    return f"{queue.strategy}: {first}, then age; who does not fit is put aside and others go first"


def _borrowing(queue: ClusterQueue) -> str:
    if queue.preemption.borrow_within == "Never":
        return "evicts nobody in order to borrow"
    most = queue.preemption.borrow_threshold
    at_most = f", {most} at most" if most is not None else ""
    return f"evicts workloads of other queues with a lower priority{at_most}, also in order to borrow"


def _flavors(queue: ClusterQueue) -> str:
    borrow = (
        "borrows in a flavor before it tries the next"
        if queue.fungibility.when_can_borrow == "MayStopSearch"
        else "tries the next flavor before it borrows"
    )
    evict = (
        "evicts in a flavor before it tries the next"
        if queue.fungibility.when_can_preempt == "MayStopSearch"
        else "tries the next flavor before it evicts"
    )
    prefers = "; evicts rather than borrows" if queue.fungibility.preference == "PreemptionOverBorrowing" else ""
    return f"{borrow}; {evict}{prefers}"


def selector_words(selector: Json | None) -> str:
    """Whom a namespaceSelector lets in."""
    if selector is None:
        return "none may use it: namespaceSelector is not set"
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        values = f" ({','.join(one.get('values') or ())})" if one.get("values") else ""
        parts.append(f"{one.get('key')} {one.get('operator')}{values}")
    return f"those with {', '.join(parts)}" if parts else "all may use it"
