"""ResourceQuotas of a namespace: would admission still take all these pods.

Source: the pod evaluator of `pkg/quota/v1/evaluator/core/pods.go`. A quota counts what its scopes select, and refuses a
pod that does not say how much cpu or memory it wants where the quota is about that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from k8sai.facts import Pod
from k8sai.fit.ask import Group, Json
from k8sai.fleet.requests import effective
from k8sai.quantity import parse
from k8sai.scheduling.quota import covers

_TOLD: Final = ("cpu", "memory")  # what a quota insists that pods name
_COUNTS: Final = ("pods", "count/pods")
_NONE: Final = Decimal(0)

Usage = dict[str, Decimal]  # by the quota's own keys; cpu in cores


@dataclass(frozen=True, slots=True)
class Barrier:
    """A rule of admission that keeps pods out; `never` is one that no ending pod would change."""

    code: str  # ResourceQuota | LimitRange | PriorityClass
    name: str  # with the kind: "ResourceQuota team-a/gpus"
    text: str
    missing: Mapping[str, Decimal]
    never: bool
    pods: int  # how many of the pods asked for it would take


def barriers(
    groups: Iterable[Group], quotas: Iterable[Json], finished: Mapping[str, Usage] | None = None
) -> list[Barrier]:
    """The quotas that do not take all pods. `finished` is what ends meanwhile, by namespace."""
    found = []
    kept = tuple(groups)
    for quota in quotas:
        namespace = quota["metadata"]["namespace"]
        mine = [
            group
            for group in kept
            if group.namespace == namespace and covers(quota.get("spec") or {}, group.pod["spec"])
        ]
        if mine:
            found += _check(quota, mine, (finished or {}).get(namespace, {}))
    return found


def _check(quota: Json, groups: list[Group], finished: Usage) -> list[Barrier]:
    status = quota.get("status") or {}
    hard = status.get("hard") or (quota.get("spec") or {}).get("hard") or {}
    used = status.get("used") or {}
    where = f"ResourceQuota {quota['metadata']['namespace']}/{quota['metadata']['name']}"
    untold = _untold(groups, hard)
    if untold:
        text = f"{where} takes only pods that name their {' and '.join(untold)}"
        return [Barrier("ResourceQuota", where, text, {}, True, 0)]
    left = {key: parse(hard[key]) - max(_NONE, parse(used.get(key, 0)) - finished.get(key, _NONE)) for key in hard}
    demand: Usage = {}
    for group in groups:
        for key, amount in usage(group).items():
            demand[key] = demand.get(key, _NONE) + amount * group.count
    missing = {key: demand[key] - left[key] for key in sorted(hard) if demand.get(key, _NONE) > left[key]}
    if not missing:
        return []
    key = max(missing, key=lambda name: missing[name] / max(parse(hard[name]), Decimal(1)))
    free = max(left[key], _NONE)
    text = f"{where} leaves {_plain(free)} of {hard[key]} {key}, {_plain(demand[key])} would be needed"
    never = any(demand[name] > parse(hard[name]) for name in missing)
    return [Barrier("ResourceQuota", where, text, missing, never, _room(groups, left))]


def _room(groups: list[Group], left: Mapping[str, Decimal]) -> int:
    """How many of the pods, in order, the quota still takes."""
    rest, taken = dict(left), 0
    for group in groups:
        each = usage(group)
        counted = [(key, amount) for key, amount in each.items() if key in rest and amount]
        count = min([group.count, *(int(max(rest[key], _NONE) // amount) for key, amount in counted)])
        for key, amount in counted:
            rest[key] -= amount * count
        taken += count
    return taken


def usage(group: Group) -> Usage:
    """What one pod of the group takes of a quota."""
    pod = group.pod
    found: Usage = dict.fromkeys(_COUNTS, Decimal(1))
    for name, amount in _cores(_amounts(pod)).items():
        found[f"requests.{name}"] = amount
        if name in (*_TOLD, "ephemeral-storage"):
            found[name] = amount
    found |= {f"limits.{name}": amount for name, amount in _cores(_amounts(pod, "limits")).items()}
    return found


def requests(group: Group) -> dict[str, int]:
    """What one pod of the group asks for, as the scheduler counts it. Raises BadQuantity."""
    return _amounts(group.pod)


def _amounts(pod: Json, kind: str = "requests") -> dict[str, int]:
    """The effective requests; of the limits the same formula."""
    if kind == "requests":
        return effective(msgspec.convert(_named(pod), Pod, strict=False))
    spec = dict(pod["spec"])
    for key in ("containers", "initContainers"):
        if spec.get(key):
            spec[key] = [
                {**c, "resources": {"requests": (c.get("resources") or {}).get("limits") or {}}} for c in spec[key]
            ]
    return effective(msgspec.convert(_named({**pod, "spec": spec}), Pod, strict=False))


def _named(pod: Json) -> Json:
    return {"metadata": pod["metadata"], "spec": pod["spec"]}


def _cores(amounts: Mapping[str, int]) -> dict[str, Decimal]:
    return {name: Decimal(amount) / 1000 if name == "cpu" else Decimal(amount) for name, amount in amounts.items()}


def _untold(groups: list[Group], hard: Mapping[str, object]) -> list[str]:
    """Of cpu and memory, requests and limits, those that the quota is about and some container does not name."""
    found = []
    for key in sorted(hard):
        kind, _, name = key.rpartition(".")
        if name not in _TOLD or kind not in ("", "requests", "limits"):
            continue
        lists = (kind,) if kind == "limits" else ("requests", "limits")
        for container in (c for group in groups for c in group.pod["spec"]["containers"]):
            resources = container.get("resources") or {}
            if not any(name in (resources.get(one) or {}) for one in lists):
                found.append(key)
                break
    return found


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
