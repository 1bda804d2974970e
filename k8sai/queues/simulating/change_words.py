"""A change as people read it: `ClusterQueue finetune: borrowingLimit 8 → 14 (h100, GPU)`."""

from k8sai.queues.facts import ClusterQueue, Cohort, Quota
from k8sai.queues.nodes import with_implied
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import Change
from k8sai.queues.words import amount, short

_TITLES = {"cq": "ClusterQueue", "cohort": "Cohort", "lq": "LocalQueue"}


def changed(before: Setting, change: Change) -> str:
    """From what to what."""
    if change.scope == "finish":
        workload = before.workloads[change.name]
        return f"{workload.namespace}/{workload.title} has ended"
    old, new, more = _was(before, change), _said(change, change.value), ""
    if change.share is not None:
        more = f" ({change.share.flavor}, {short(change.share.resource)})"
    return f"{_TITLES[change.scope]} {change.name}: {change.api} {old} → {new}{more}"


def _was(before: Setting, change: Change) -> str:
    if change.scope == "lq":
        local = before.local_queues[change.name]
        return local.cluster_queue if change.field == "cq" else local.stop
    owner: ClusterQueue | Cohort
    if change.scope == "cq":
        owner = before.cluster_queues[change.name]
    else:
        owner = with_implied(before.cluster_queues.values(), before.cohorts.values())[change.name]
    if change.share is not None:
        quota = owner.quota(change.share) or Quota(0)
        limits = {
            "nominal": quota.nominal,
            "borrowingLimit": quota.borrowing_limit,
            "lendingLimit": quota.lending_limit,
        }
        return _said(change, limits[change.field])
    if change.field.startswith("preemption.") and isinstance(owner, ClusterQueue):
        rules = owner.preemption
        return {"within": rules.within, "reclaim": rules.reclaim}.get(
            change.field.partition(".")[2], rules.borrow_within
        )
    return _said(change, getattr(owner, change.field))


def _said(change: Change, value: int | float | str | None) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, int) and change.share is not None:
        return amount(change.share.resource, value)
    return f"{value:g}" if isinstance(value, float) else str(value)
