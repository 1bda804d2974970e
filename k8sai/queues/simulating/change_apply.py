"""A setting as it would be after changes; what the API server or Kueue's webhooks would refuse is refused here too.

Source: pkg/webhooks/clusterqueue_webhook.go and cohort_webhook.go of Kueue 0.19.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from k8sai.errors import Usage
from k8sai.queues.facts import ClusterQueue, Cohort, Group, Quota, Share
from k8sai.queues.nodes import cycles_of, with_implied
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import Change
from k8sai.queues.words import amount

_Owner = TypeVar("_Owner", ClusterQueue, Cohort)
_QUOTA = {"nominal": "nominal", "borrowingLimit": "borrowing_limit", "lendingLimit": "lending_limit"}
_PREEMPTION = {
    "preemption.within": "within",
    "preemption.reclaim": "reclaim",
    "preemption.borrowWithin": "borrow_within",
}


def apply(setting: Setting, changes: Iterable[Change]) -> Setting:
    """All of them together. Raises Usage with everything that would be refused of the result."""
    asked = tuple(changes)
    for change in asked:
        setting = _applied(setting, change)
    wrong = [f"--if: {said}" for said in _refusals(setting, asked)]
    if wrong:
        raise Usage(wrong[0], "Kueue refuses it", tuple(wrong[1:]))
    return _revived(setting, asked)


def _applied(setting: Setting, change: Change) -> Setting:
    if change.scope == "finish":
        return finished(setting, change.name)
    if change.scope == "cq":
        queue = _queue(setting.cluster_queues[change.name], change)
        return replace(setting, cluster_queues={**setting.cluster_queues, queue.name: queue})
    if change.scope == "cohort":
        cohort = _cohort(setting.cohorts.get(change.name) or Cohort(change.name), change)
        return replace(setting, cohorts={**setting.cohorts, cohort.name: cohort})
    local = setting.local_queues[change.name]
    field = {"cq": "cluster_queue", "stop": "stop"}[change.field]
    value: Any = {field: change.value}
    changed = replace(local, active=None, **value)
    return replace(setting, local_queues={**setting.local_queues, change.name: changed})


def finished(setting: Setting, ref: str) -> Setting:
    """As if the workload had ended: what it holds is free again, also where only the queues' status is counted."""
    workload = setting.workloads[ref]
    left = {name: one for name, one in setting.workloads.items() if name != ref}
    queues = setting.cluster_queues
    if workload.admission is not None and workload.admission.cluster_queue in queues:
        queue = queues[workload.admission.cluster_queue]
        usage = workload.admission.usage
        reserved = {share: held - usage.get(share, 0) for share, held in queue.reserved.items()}
        queues = {**queues, queue.name: replace(queue, reserved=reserved)}
    return replace(setting, workloads=left, cluster_queues=queues)


def _queue(queue: ClusterQueue, change: Change) -> ClusterQueue:
    if change.share is not None:
        return _with_quota(queue, change.share, change)
    if change.field in _PREEMPTION:
        rules: Any = {_PREEMPTION[change.field]: change.value}
        return replace(queue, preemption=replace(queue.preemption, **rules))
    value: Any = {change.field: change.value}
    return replace(queue, **value)


def _cohort(cohort: Cohort, change: Change) -> Cohort:
    if change.share is not None:
        return _with_quota(cohort, change.share, change)
    value: Any = {change.field: change.value, "implied": False}
    return replace(cohort, **value)


def _with_quota(owner: _Owner, share: Share, change: Change) -> _Owner:
    limits: Any = {_QUOTA[change.field]: change.value}

    def of(flavor: str, quotas: Mapping[str, Quota]) -> Mapping[str, Quota]:
        if flavor != share.flavor or share.resource not in quotas:
            return quotas
        return {**quotas, share.resource: replace(quotas[share.resource], **limits)}

    groups = tuple(
        Group(one.covered, tuple((name, of(name, quotas)) for name, quotas in one.flavors)) for one in owner.groups
    )
    return replace(owner, groups=groups)


def _revived(setting: Setting, changes: Iterable[Change]) -> Setting:
    """What the controller has said of a queue is forgotten where a change takes its reason away.

    In a cycle of cohorts a queue is not active with the reason Ready: the tree knows.
    """
    cycles = cycles_of(with_implied(setting.cluster_queues.values(), setting.cohorts.values()))
    resumed = {change.name for change in changes if (change.scope, change.field) == ("cq", "stop")}

    def of(queue: ClusterQueue) -> ClusterQueue:
        said = queue.active.reason if queue.active is not None and not queue.active.holds else ""
        mended = (said == "Stopped" and queue.name in resumed) or (said == "Ready" and queue.cohort not in cycles)
        return replace(queue, active=None) if mended else queue

    queues = {name: of(queue) for name, queue in setting.cluster_queues.items()}
    woken = {name for name, queue in queues.items() if queue is not setting.cluster_queues[name]}
    locals_ = {
        ref: replace(one, active=None) if one.cluster_queue in woken else one
        for ref, one in setting.local_queues.items()
    }
    return replace(setting, cluster_queues=queues, local_queues=locals_)


def _refusals(setting: Setting, changes: Iterable[Change]) -> Iterator[str]:
    """Of the objects that were changed; what was wrong before and is not touched is not said."""
    for name in dict.fromkeys(change.name for change in changes if change.scope == "cq"):
        queue = setting.cluster_queues[name]
        title = f"ClusterQueue {name}"
        yield from _of_limits(queue, title, "" if queue.cohort else "has no cohort", most=True)
        if queue.preemption.reclaim == "Never" and queue.preemption.borrow_within != "Never":
            yield f"{title} borrows within its cohort by preemption, which needs preemption.reclaim other than Never"
    for name in dict.fromkeys(change.name for change in changes if change.scope == "cohort"):
        cohort = setting.cohorts[name]
        yield from _of_limits(cohort, f"Cohort {name}", "" if cohort.parent else "has no parent", most=False)


def _of_limits(owner: ClusterQueue | Cohort, title: str, alone: str, *, most: bool) -> Iterator[str]:
    for group in owner.groups:
        for flavor, quotas in group.flavors:
            for resource, quota in quotas.items():
                where = f"{flavor}.{resource}"
                for field, limit in (("borrowingLimit", quota.borrowing_limit), ("lendingLimit", quota.lending_limit)):
                    if alone and limit is not None:
                        yield f"{title} {alone}, so {field} of {where} must not be set"
                lent = quota.lending_limit
                if most and lent is not None and lent > quota.nominal:
                    yield (
                        f"{title} cannot lend {amount(resource, lent)} of {where}: its nominal quota is "
                        f"{amount(resource, quota.nominal)}"
                    )
