"""A workload with fewer pods, or less per pod: what Kueue counts for it (status.resourceRequests) shrinks alike."""

from dataclasses import replace

from k8sai.queues.workload import PodSet, Workload


def least(workload: Workload) -> Workload | None:
    """With as few pods as it would start with (partial admission); None where it starts with all or not at all."""
    fewer = [one for one in workload.pod_sets if one.min_count is not None and one.min_count < one.count]
    for one in fewer:
        workload = with_count(workload, one, one.min_count or 0)
    return workload if fewer else None


def with_count(workload: Workload, pod_set: PodSet, count: int) -> Workload:
    """With so many pods in the pod set; what Kueue counts for it shrinks alike."""
    return _changed(workload, replace(pod_set, count=count), _scaled(workload, pod_set, count, pod_set.count))


def with_amount(workload: Workload, pod_set: PodSet, resource: str, amount: int) -> Workload:
    """With so much of the resource per pod."""
    asked = pod_set.requests[resource]
    effective = dict(workload.effective.get(pod_set.name, {}))
    if resource in effective and asked:
        effective[resource] = effective[resource] * amount // asked
    return _changed(workload, replace(pod_set, requests={**pod_set.requests, resource: amount}), effective)


def _scaled(workload: Workload, pod_set: PodSet, count: int, of: int) -> dict[str, int]:
    return {name: value * count // of for name, value in workload.effective.get(pod_set.name, {}).items()}


def _changed(workload: Workload, pod_set: PodSet, effective: dict[str, int]) -> Workload:
    sets = tuple(pod_set if one.name == pod_set.name else one for one in workload.pod_sets)
    known = {**workload.effective, pod_set.name: effective} if effective else workload.effective
    return replace(workload, pod_sets=sets, effective=known)
