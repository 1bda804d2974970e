"""Who may be tried at all, before quota is looked at.

Source: pkg/scheduler nominate and pkg/workload ValidateAdmissibility of Kueue 0.19.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sai.queues.facts import ClusterQueue
from k8sai.queues.setting import Setting
from k8sai.queues.values import quantity
from k8sai.queues.workload import Workload
from k8sai.scheduling.selectors import labels_match
from k8sai.sim import kinds
from k8sai.sim.objects import Obj

if TYPE_CHECKING:
    from k8sai.sim.store import Store

LIMIT_RANGES = kinds.find("", "limitranges")


def passed_over(setting: Setting, workload: Workload) -> bool:
    """It stands in line and is not tried: it may not come again yet, or its LocalQueue is stopped."""
    requeued = workload.condition("Requeued")
    local = setting.local_queues.get(f"{workload.namespace}/{workload.queue}")
    return (requeued is not None and not requeued.holds) or local is None or local.stop != "None"


def why_not(setting: Setting, workload: Workload, queue: ClusterQueue, store: "Store") -> str:
    """What stands against it; "" where only quota decides."""
    if any(check.state in ("Retry", "Rejected") for check in workload.checks):
        return "The workload has failed admission checks"
    labels = setting.namespaces.get(workload.namespace, {})
    if queue.selector is None or not labels_match(queue.selector, labels):
        return "workload namespace doesn't match ClusterQueue selector"
    over = "; ".join(_beyond_limits(workload))
    if over:
        return f"resources validation failed: {over}"
    outside = "; ".join(_beyond_ranges(workload, list(store.list(LIMIT_RANGES, workload.namespace))))
    return f"resources didn't satisfy LimitRange constraints: {outside}" if outside else ""


def _containers(workload: Workload) -> Iterator[tuple[str, Obj, Obj]]:
    """Place, requests and limits of each."""
    for number, pod_set in enumerate(workload.pod_sets):
        for key in ("initContainers", "containers"):
            for index, container in enumerate(pod_set.spec.get(key) or ()):
                found = container.get("resources") or {}
                limits = found.get("limits") or {}
                place = f"spec.podSets[{number}].template.spec.{key}[{index}]"
                yield place, {**limits, **(found.get("requests") or {})}, limits


def _beyond_limits(workload: Workload) -> Iterator[str]:
    for place, requests, limits in _containers(workload):
        over = _over(requests, limits)
        if over:
            yield f"{place}: Invalid value: {_shown(over)}: requests must not exceed its limits"


def _beyond_ranges(workload: Workload, ranges: list[Obj]) -> Iterator[str]:
    rules = [rule for found in ranges for rule in (found.get("spec") or {}).get("limits") or ()]
    for place, requests, _ in _containers(workload):
        for rule in rules:
            if rule.get("type") != "Container":
                continue
            over, under = _over(requests, rule.get("max") or {}), _over(rule.get("min") or {}, requests)
            if over:
                yield f"{place}: Invalid value: {_shown(over)}: requests must not be above the limitRange max"
            if under:
                yield f"{place}: Invalid value: {_shown(under)}: requests must not be below the limitRange min"


def _over(amounts: Obj, limits: Obj) -> list[str]:
    """The resources of which there is more than the limit."""
    return sorted(
        name
        for name, limit in limits.items()
        if name in amounts and (quantity(name, amounts[name]) or 0) > (quantity(name, limit) or 0)
    )


def _shown(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
