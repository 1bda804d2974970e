"""Dynamic resource allocation without a driver: the slices that one would publish, classes, claims and templates."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.contract.api import Json

API = "resource.k8s.io/v1"
GROUP = "/apis/resource.k8s.io/v1"
SLICES, CLASSES = f"{GROUP}/resourceslices", f"{GROUP}/deviceclasses"
DRIVER = "gpu.nvidia.com"


def claims_path(namespace: str) -> str:
    return f"{GROUP}/namespaces/{namespace}/resourceclaims"


def templates_path(namespace: str) -> str:
    return f"{GROUP}/namespaces/{namespace}/resourceclaimtemplates"


def device_class(name: str, expression: str, extended_resource: str = "") -> Json:
    """The devices that a CEL expression selects; with `extended_resource`, plain requests for that get a claim."""
    spec: Json = {"selectors": [{"cel": {"expression": expression}}]}
    if extended_resource:
        spec["extendedResourceName"] = extended_resource
    return {"apiVersion": API, "kind": "DeviceClass", "metadata": {"name": name}, "spec": spec}


def gpu(index: int, **more: Any) -> Json:
    """A whole card as NVIDIA's driver describes it; `more` adds keys of the device."""
    attributes = {
        "type": {"string": "gpu"},
        "uuid": {"string": f"GPU-{index:08d}"},
        "productName": {"string": "NVIDIA H100 80GB HBM3"},
        "architecture": {"string": "Hopper"},
    }
    return {"name": f"gpu-{index}", "attributes": attributes, "capacity": {"memory": {"value": "80Gi"}}, **more}


def resource_slice(
    node: str,
    devices: Iterable[Json],
    *,
    name: str = "",
    pool: str = "",
    slices: int = 1,
    generation: int = 1,
    **spec: Any,
) -> Json:
    """Devices of one node. A pool of several slices counts as whole only when all `slices` are there."""
    return {
        "apiVersion": API,
        "kind": "ResourceSlice",
        "metadata": {"name": name or f"{node}-{DRIVER}"},
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": pool or node, "generation": generation, "resourceSliceCount": slices},
            "devices": list(devices),
            **spec,
        },
    }


def partitionable(node: str, sevenths: Sequence[int] = (1, 1, 1, 1, 1, 1, 1), *, index: int = 0) -> tuple[Json, Json]:
    """A card that can be given whole or in parts of so many sevenths, as two slices: its counters, and its devices.

    Whole and parts draw on one counter set, so taking one makes others impossible.
    """
    counters = f"gpu-{index}-counters"

    def draws(memory: int, slices: int) -> list[Json]:
        return [
            {"counterSet": counters, "counters": {"memory": {"value": f"{memory}Gi"}, "slices": {"value": str(slices)}}}
        ]

    parts = [
        {
            "name": f"gpu-{index}-mig-{n}",
            "attributes": {"type": {"string": "mig"}, "profile": {"string": f"{size}g.10gb"}},
            "capacity": {"memory": {"value": f"{10 * size}Gi"}},
            "consumesCounters": draws(10 * size, size),
        }
        for n, size in enumerate(sevenths)
    ]
    shared = {"name": counters, "counters": {"memory": {"value": "80Gi"}, "slices": {"value": "7"}}}
    whole = gpu(index, consumesCounters=draws(80, 7))
    of_counters = resource_slice(node, (), name=f"{node}-counters", slices=2, sharedCounters=[shared])
    del of_counters["spec"]["devices"]
    return of_counters, resource_slice(node, [whole, *parts], name=f"{node}-devices", slices=2)


def claim(
    name: str, device_class_name: str, count: int = 1, *, kind: str = "ResourceClaim", selector: str = ""
) -> Json:
    """A claim, or the template of one, for so many devices of a class."""
    exactly: Json = {"deviceClassName": device_class_name, "allocationMode": "ExactCount", "count": count}
    if selector:
        exactly["selectors"] = [{"cel": {"expression": selector}}]
    spec: Json = {"devices": {"requests": [{"name": "cards", "exactly": exactly}]}}
    spec = {"spec": spec} if kind == "ResourceClaimTemplate" else spec
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def claim_template(name: str, device_class_name: str, count: int = 1, *, selector: str = "") -> Json:
    return claim(name, device_class_name, count, kind="ResourceClaimTemplate", selector=selector)


def claiming_pod(name: str, *, claim_name: str = "", template: str = "", **spec: Any) -> Json:
    """A pod whose only container uses one claim, by the claim's name or from a template."""
    source = {"resourceClaimName": claim_name} if claim_name else {"resourceClaimTemplateName": template}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "resourceClaims": [{"name": "gpu", **source}],
            "containers": [
                {"name": "main", "image": "registry.example/train:1", "resources": {"claims": [{"name": "gpu"}]}}
            ],
            **spec,
        },
    }
