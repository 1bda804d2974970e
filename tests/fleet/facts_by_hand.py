"""Facts as short as a test wants them."""

from typing import Any

import msgspec

from k8sai.cluster.sources import Kind
from k8sai.facts import DeviceClass, DeviceTaintRule, Node, Object, Pod, ResourceClaim, ResourceSlice
from k8sai.fleet.index import Fleet

H100 = "NVIDIA-H100-80GB-HBM3"


def node(
    name: str = "n1",
    capacity: dict[str, Any] | None = None,
    allocatable: dict[str, Any] | None = None,
    *,
    product: str = "",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    taints: tuple[dict[str, str], ...] = (),
    ready: bool = True,
    cordoned: bool = False,
    uid: str = "",
    created: str = "2026-11-01T00:00:00Z",
) -> Node:
    """A node; 8 GPUs unless told otherwise, and what it has is allocatable unless told otherwise."""
    capacity = {"nvidia.com/gpu": "8"} if capacity is None else capacity
    said = dict(labels or {})
    if product:
        said["nvidia.com/gpu.product"] = product
    return msgspec.convert(
        {
            "metadata": {
                "name": name,
                "uid": uid or f"uid-{name}",
                "labels": said,
                "annotations": annotations or {},
                "creationTimestamp": created,
            },
            "spec": {"unschedulable": cordoned, "taints": list(taints)},
            "status": {
                "capacity": capacity,
                "allocatable": capacity if allocatable is None else allocatable,
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            },
        },
        Node,
        strict=False,
    )


def pod(
    name: str = "p1",
    gpus: int | str = 1,
    node: str = "",
    *,
    namespace: str = "team-a",
    resource: str = "nvidia.com/gpu",
    uid: str = "",
    phase: str = "",
    terminating: bool = False,
    nominated: str = "",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    started: str = "",
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    owners: tuple[dict[str, Any], ...] = (),
) -> Pod:
    """A pod with one container that asks for `gpus` of `resource`; `spec` and `status` add to or replace that."""
    resources = {"requests": {resource: gpus}, "limits": {resource: gpus}} if gpus else {}
    return msgspec.convert(
        {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": uid or f"uid-{namespace}-{name}",
                "creationTimestamp": "2026-11-02T00:00:00Z",
                "deletionTimestamp": "2026-11-03T00:00:00Z" if terminating else None,
                "labels": labels or {},
                "annotations": annotations or {},
                "ownerReferences": list(owners),
            },
            "spec": {
                "nodeName": node,
                "containers": [{"name": "main", "resources": resources}],
                **(spec or {}),
            },
            "status": {
                "phase": phase or ("Running" if node else "Pending"),
                "nominatedNodeName": nominated,
                "startTime": started or None,
                **(status or {}),
            },
        },
        Pod,
        strict=False,
    )


DRIVER = "gpu.nvidia.com"


def card(index: int, **more: Any) -> dict[str, Any]:
    """A whole GPU as a device; `more` replaces keys."""
    attributes = {
        "type": {"string": "gpu"},
        "uuid": {"string": f"GPU-{index}"},
        "productName": {"string": "NVIDIA H100 80GB HBM3"},
    }
    return {"name": f"gpu-{index}", "attributes": attributes, "capacity": {"memory": {"value": "80Gi"}}, **more}


def draws(memory: int, slots: int, index: int = 0) -> list[dict[str, Any]]:
    counters = {"memory": {"value": f"{memory}Gi"}, "slots": {"value": slots}}
    return [{"counterSet": f"gpu-{index}-counters", "counters": counters}]


def partitionable(index: int = 0) -> list[dict[str, Any]]:
    """Every device that one 80 GiB card of 7 slots could be: whole, two 3g (40 GiB each), seven 1g (10 GiB each)."""
    whole = card(index, consumesCounters=draws(80, 7, index))
    threes = [
        {"name": f"gpu-{index}-mig-3g-{n}", "consumesCounters": draws(40, 3, index), "attributes": {}} for n in (0, 1)
    ]
    ones = [
        {"name": f"gpu-{index}-mig-1g-{n}", "consumesCounters": draws(10, 1, index), "attributes": {}} for n in range(7)
    ]
    return [whole, *threes, *ones]


def counters(index: int = 0) -> dict[str, Any]:
    return {
        "name": f"gpu-{index}-counters",
        "counters": {"memory": {"value": "80Gi"}, "slots": {"value": "7"}},
    }


def resource_slice(
    devices: list[dict[str, Any]] | None = None,
    *,
    name: str = "",
    node: str = "n1",
    pool: str = "",
    generation: int = 1,
    count: int = 1,
    driver: str = DRIVER,
    shared: list[dict[str, Any]] | None = None,
    **spec: Any,
) -> ResourceSlice:
    pool = pool or node
    where = {"nodeName": node} if node else {}
    return msgspec.convert(
        {
            "metadata": {"name": name or f"{pool}-{driver}"},
            "spec": {
                "driver": driver,
                "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
                "devices": devices or [],
                "sharedCounters": shared or [],
                **where,
                **spec,
            },
        },
        ResourceSlice,
        strict=False,
    )


def claim(
    name: str,
    devices: list[str | dict[str, Any]] | None = None,
    *,
    asks: int = 1,
    device_class: str = DRIVER,
    namespace: str = "team-a",
    reserved: tuple[str, ...] = (),
    pool: str = "n1",
    driver: str = DRIVER,
    node: str = "",
    uid: str = "",
    annotations: dict[str, str] | None = None,
    deleting: bool = False,
    requests: list[dict[str, Any]] | None = None,
) -> ResourceClaim:
    """A claim; allocated if `devices` are given, and reserved for the pods of these names in its namespace."""
    status: dict[str, Any] = {}
    if devices is not None:
        results = [{"device": one} if isinstance(one, str) else one for one in devices]
        status["allocation"] = {
            "devices": {"results": [{"driver": driver, "pool": pool, "request": "r", **one} for one in results]},
        }
        if node:
            field = {"key": "metadata.name", "operator": "In", "values": [node]}
            status["allocation"]["nodeSelector"] = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    status["reservedFor"] = [{"resource": "pods", "name": pod, "uid": f"uid-{namespace}-{pod}"} for pod in reserved]
    asked = [{"name": "r", "exactly": {"deviceClassName": device_class, "count": asks, "allocationMode": "ExactCount"}}]
    return msgspec.convert(
        {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": uid or f"uid-claim-{name}",
                "annotations": annotations or {},
                "deletionTimestamp": "2026-11-03T00:00:00Z" if deleting else None,
            },
            "spec": {"devices": {"requests": asked if requests is None else requests}},
            "status": status,
        },
        ResourceClaim,
        strict=False,
    )


def claiming(name: str, *claims: str, node: str = "", **more: Any) -> Pod:
    """A pod that uses these claims and asks for nothing else."""
    uses = [{"name": f"c{at}", "resourceClaimName": claim} for at, claim in enumerate(claims)]
    return pod(name, 0, node, spec={"resourceClaims": uses}, **more)


def device_class(name: str, resource: str | None = None) -> DeviceClass:
    return msgspec.convert({"metadata": {"name": name}, "spec": {"extendedResourceName": resource}}, DeviceClass)


def taint_rule(name: str = "rule", effect: str = "NoSchedule", **selector: str | None) -> DeviceTaintRule:
    return msgspec.convert(
        {
            "metadata": {"name": name},
            "spec": {"deviceSelector": selector, "taint": {"key": "bad", "effect": effect}},
        },
        DeviceTaintRule,
    )


_KINDS: dict[type, Kind] = {
    Node: "nodes",
    Pod: "pods",
    ResourceSlice: "resourceslices",
    ResourceClaim: "resourceclaims",
    DeviceClass: "deviceclasses",
    DeviceTaintRule: "devicetaintrules",
}


def kind_of(obj: Object) -> Kind:
    return _KINDS[type(obj)]


def fleet_of(*objects: Object) -> Fleet:
    """A fleet that was told of these objects in this order."""
    fleet = Fleet()
    for obj in objects:
        fleet.put(kind_of(obj), obj)
    return fleet
