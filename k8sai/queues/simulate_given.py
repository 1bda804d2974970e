"""A setting after a workload was given quota, or had to give it back; and what it holds by a judgement."""

from collections.abc import Iterable
from dataclasses import replace

from k8sai.queues.facts import Admission, Assigned, Condition, PodSet, Share, Workload
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement


def admitted(setting: Setting, workload: Workload, judgement: Judgement) -> Setting:
    """As it would be once the workload holds what it was judged to get."""
    given = replace(workload, admission=_admission(workload, judgement), conditions=_holding(workload, setting.at))
    return replace(setting, workloads={**setting.workloads, workload.ref: given})


def evicted(setting: Setting, victims: Iterable[Workload]) -> Setting:
    """As it would be once these have given back their quota and wait again; their place in line is the old one."""
    waiting = {one.ref: replace(one, admission=None, conditions=_evicted(one, setting.at)) for one in victims}
    return replace(setting, workloads={**setting.workloads, **waiting})


def _admission(workload: Workload, judgement: Judgement) -> Admission:
    return Admission(judgement.queue, tuple(_assigned(workload, one, judgement) for one in workload.pod_sets))


def _assigned(workload: Workload, pod_set: PodSet, judgement: Judgement) -> Assigned:
    """With the fewer pods of a partial admission."""
    count, asked = judgement.counts.get(pod_set.name, pod_set.count), workload.asks_of(pod_set)
    given = {name: amount * count // pod_set.count for name, amount in asked.items()} if pod_set.count else asked
    return Assigned(pod_set.name, judgement.assigned.get(pod_set.name, {}), given, count)


def _holding(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", True, "QuotaReserved", at=at),
        Condition("Admitted", True, "Admitted", at=at),
    )


def _evicted(workload: Workload, at: float) -> tuple[Condition, ...]:
    kept = tuple(one for one in workload.conditions if one.type not in ("QuotaReserved", "Admitted", "Evicted"))
    return (
        *kept,
        Condition("QuotaReserved", False, "Pending", at=at),
        Condition("Evicted", True, "Preempted", at=at),
    )


def usage_of(workload: Workload, judgement: Judgement) -> dict[Share, int]:
    """What it would hold, per share."""
    return _admission(workload, judgement).usage
