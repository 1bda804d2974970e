"""The same question asked a little differently: more tolerations, fewer pods, less of something per pod."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from k8sai.fit.ask import Asked, Group, Json

# Taints of what passes by itself, or once somebody uncordons: a node with one of them may take pods later.
UNSCHEDULABLE: Final = "node.kubernetes.io/unschedulable"
PASSING: Final = (
    UNSCHEDULABLE,
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/out-of-service",
    "node.cloudprovider.kubernetes.io/uninitialized",
)


def tolerating(asked: Asked, more: Iterable[Json]) -> Asked:
    """With these tolerations as well."""
    added = list(more)

    def tolerant(spec: Json) -> Json:
        return {**spec, "tolerations": [*(spec.get("tolerations") or ()), *added]}

    return _each(asked, tolerant)


def any_of(keys: Iterable[str]) -> list[Json]:
    """Tolerations of every taint with one of these keys."""
    return [{"key": key, "operator": "Exists"} for key in keys]


def with_pods(asked: Asked, group: int, count: int) -> Asked:
    """With so many pods in one of the groups; none leaves the group out."""
    groups = [replace(one, count=count) if at == group else one for at, one in enumerate(asked.groups)]
    return replace(asked, groups=tuple(one for one in groups if one.count))


def amount_of(asked: Asked, name: str) -> str | None:
    """What each pod asks of a resource, where there is one group and one of its containers asks for it."""
    if len(asked.groups) != 1 or asked.groups[0].pod["spec"].get("initContainers"):
        return None
    found = [
        amount
        for container in asked.groups[0].pod["spec"]["containers"]
        for resources in [container.get("resources") or {}]
        for amount in [(resources.get("requests") or {}).get(name, (resources.get("limits") or {}).get(name))]
        if amount is not None
    ]
    return str(found[0]) if len(found) == 1 else None


def with_amount(asked: Asked, name: str, amount: str) -> Asked:
    """With so much of a resource per pod, where `amount_of` says it is one number; the limit follows."""

    def less(container: Json) -> Json:
        resources = dict(container.get("resources") or {})
        for kind in ("requests", "limits"):
            if name in (resources.get(kind) or {}):
                resources[kind] = {**resources[kind], name: amount}
        return {**container, "resources": resources}

    return _each(asked, lambda spec: {**spec, "containers": [less(one) for one in spec["containers"]]})


def devices_of(asked: Asked) -> int:
    """Devices per pod where they come by one claim template of one request; 0 where that is not so."""
    if len(asked.groups) != 1 or len(asked.claim_templates) != 1:
        return 0
    requests = _requests(next(iter(asked.claim_templates.values())))
    exactly = requests[0].get("exactly") if len(requests) == 1 else None
    return int(exactly.get("count") or 1) if exactly and exactly.get("allocationMode", "ExactCount") != "All" else 0


def with_devices(asked: Asked, count: int) -> Asked:
    """With so many devices per pod, where `devices_of` says it is one number."""
    ((where, template),) = asked.claim_templates.items()
    (request,) = _requests(template)
    changed = {**request, "exactly": {**request["exactly"], "count": count}}
    inner = template["spec"]["spec"]
    spec = {**inner, "devices": {**inner["devices"], "requests": [changed]}}
    return replace(asked, claim_templates={where: {**template, "spec": {**template["spec"], "spec": spec}}})


def _requests(template: Json) -> list[Json]:
    spec = (template.get("spec") or {}).get("spec") or {}
    return list((spec.get("devices") or {}).get("requests") or ())


def _each(asked: Asked, change: Callable[[Json], Json]) -> Asked:
    """The same change to the spec of every group."""
    groups = (Group(one.name, one.count, {**one.pod, "spec": change(one.pod["spec"])}) for one in asked.groups)
    return replace(asked, groups=tuple(groups))
