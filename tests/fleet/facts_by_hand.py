"""Facts as short as a test wants them."""

from typing import Any

import msgspec

from k8sai.facts import Node, Pod

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
