"""Objects of a hand-made cluster, as a server would give them: few words for what a situation is about."""

from collections.abc import Mapping
from itertools import count
from typing import Any

Json = dict[str, Any]

GPU = "nvidia.com/gpu"
SPACE = "ml"
NOW = "2026-11-21T12:00:00Z"
BEFORE = "2026-11-21T11:50:00Z"  # ten minutes earlier
_numbers = count(1)


def obj(kind: str, name: str, api: str = "v1", *, namespace: str = SPACE, **more: Any) -> Json:
    """Any object; `more` are its top-level keys, `meta` what its metadata has beside the usual."""
    meta = {"name": name, "uid": f"uid-{next(_numbers)}", "creationTimestamp": BEFORE, **more.pop("meta", {})}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": meta, **more}


def owned(child: Json, owner: Json) -> Json:
    """The child as its controller made it."""
    ref = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
    ref |= {key: owner["metadata"][key] for key in ("name", "uid")}
    child["metadata"]["ownerReferences"] = [ref]
    return child


# --- nodes ------------------------------------------------------------------------------------------------------------


def node(
    name: str,
    gpus: int = 8,
    *,
    cpu: str = "96",
    memory: str = "1Ti",
    pods: str = "110",
    labels: Mapping[str, str] | None = None,
    taints: tuple[str, ...] = (),
    cordoned: bool = False,
    ready: bool = True,
    capacity: Mapping[str, str] | None = None,
    allocatable: Mapping[str, str] | None = None,
) -> Json:
    """A node of so many GPUs; taints as kubectl writes them; `capacity` and `allocatable` replace amounts."""
    amounts = {"cpu": cpu, "memory": memory, "pods": pods, **({GPU: str(gpus)} if gpus else {})}
    marks = [_taint(text) for text in taints]
    if cordoned:
        marks.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    if not ready:
        marks.append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    said = "KubeletReady" if ready else "NodeStatusUnknown"
    condition = {
        "type": "Ready",
        "status": "True" if ready else "Unknown",
        "reason": said,
        "lastTransitionTime": BEFORE,
    }
    return obj(
        "Node",
        name,
        namespace="",
        meta={"labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        spec={"unschedulable": cordoned, "taints": marks},
        status={
            "capacity": {**amounts, **(capacity or {})},
            "allocatable": {**amounts, **(capacity or {}), **(allocatable or {})},
            "conditions": [condition],
        },
    )


def _taint(text: str) -> Json:
    rest, _, effect = text.rpartition(":")
    key, _, value = rest.partition("=")
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


# --- pods -------------------------------------------------------------------------------------------------------------


def pod(
    name: str = "train-7",
    gpus: int = 0,
    *,
    on: str = "",
    cpu: str = "1",
    memory: str = "",
    resource: str = GPU,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    namespace: str = SPACE,
    status: Json | None = None,
    meta: Json | None = None,
    **spec: Any,
) -> Json:
    """A pod that waits, or runs `on` a node. `status` replaces keys, `spec` adds to the spec."""
    asked = {"cpu": cpu, **({"memory": memory} if memory else {}), **({resource: str(gpus)} if gpus else {})}
    limits = {resource: str(gpus)} if gpus else {}
    container = {
        "name": "main",
        "image": "registry.example/train:1",
        "resources": {"requests": asked, "limits": limits},
    }
    running = {
        "phase": "Running",
        "startTime": BEFORE,
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "main", "ready": True, "state": {"running": {"startedAt": BEFORE}}}],
    }
    waiting: Json = {"phase": "Pending"}
    return obj(
        "Pod",
        name,
        namespace=namespace,
        meta={"labels": dict(labels or {}), "annotations": dict(annotations or {}), **(meta or {})},
        spec={
            "containers": [container],
            "schedulerName": "default-scheduler",
            "priority": 0,
            **({"nodeName": on} if on else {}),
            **spec,
        },
        status={**(running if on else waiting), **(status or {})},
    )


def unschedulable(message: str = "", word: str = "Unschedulable") -> Json:
    """The status of a pod that the scheduler refused."""
    said = message or "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    return {"conditions": [{"type": "PodScheduled", "status": "False", "reason": word, "message": said}]}


def bound(*statuses: Json, phase: str = "Pending", init: tuple[Json, ...] = (), **more: Any) -> Json:
    """The status of a pod whose containers do not simply run."""
    return {
        "phase": phase,
        "startTime": BEFORE,
        "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": BEFORE}],
        "containerStatuses": list(statuses),
        **({"initContainerStatuses": list(init)} if init else {}),
        **more,
    }


def container_status(name: str = "main", *, restarts: int = 0, last: Json | None = None, **state: Json) -> Json:
    """`container_status(waiting={"reason": "ContainerCreating"})`; `last` is how it ended before."""
    before = {"lastState": {"terminated": last}} if last else {}
    return {"name": name, "ready": False, "restartCount": restarts, "state": state, **before}


def event(about: Json, reason: str, message: str, kind: str = "Warning") -> Json:
    """What somebody said about an object."""
    meta = about["metadata"]
    involved = {"kind": about["kind"], "name": meta["name"], "namespace": meta.get("namespace", ""), "uid": meta["uid"]}
    return obj(
        "Event",
        f"{meta['name']}.{next(_numbers)}",
        involvedObject=involved,
        reason=reason,
        message=message,
        type=kind,
        lastTimestamp=BEFORE,
    )


# --- workloads --------------------------------------------------------------------------------------------------------


def template(gpus: int = 0, **spec: Any) -> Json:
    """A pod template."""
    made = pod(gpus=gpus, **spec)
    del made["spec"]["schedulerName"], made["spec"]["priority"]
    return {"metadata": {}, "spec": made["spec"]}


def job(name: str = "train", pods: int = 1, gpus: int = 0, *, status: Json | None = None, **spec: Any) -> Json:
    """A Job that runs so many pods at once; `of` is keys of the pod's spec."""
    inner = template(gpus, **spec.pop("of", {}))
    meta = spec.pop("meta", {})
    wanted = {"parallelism": pods, "completions": pods, "template": inner, **spec}
    return obj("Job", name, "batch/v1", meta=meta, spec=wanted, status=status or {})


def condition(kind: str, reason: str = "", message: str = "", status: str = "True") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": BEFORE}


# --- devices ----------------------------------------------------------------------------------------------------------

DRIVER = "gpu.nvidia.com"
DRA = "resource.k8s.io/v1"


def device_class(name: str = "gpu", expression: str = f'device.driver == "{DRIVER}"', **spec: Any) -> Json:
    selectors = [{"cel": {"expression": expression}}]
    return obj("DeviceClass", name, DRA, namespace="", spec={"selectors": selectors, **spec})


def card(index: int, **more: Any) -> Json:
    """A whole GPU as its driver publishes it."""
    attributes = {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA H100 80GB HBM3"}}
    return {"name": f"gpu-{index}", "attributes": attributes, "capacity": {"memory": {"value": "80Gi"}}, **more}


def resource_slice(on: str, *devices: Json, slices: int = 1, **spec: Any) -> Json:
    """The devices of a node, in a pool called like it, of so many slices in all."""
    pool = {"name": on, "generation": 1, "resourceSliceCount": slices}
    published = {"driver": DRIVER, "nodeName": on, "pool": pool, "devices": list(devices), **spec}
    return obj("ResourceSlice", f"{on}-{next(_numbers)}", DRA, namespace="", spec=published)


def exactly(cls: str = "gpu", count: int = 1, selector: str = "", **more: Any) -> Json:
    """A request for so many devices."""
    body: Json = {"deviceClassName": cls, "allocationMode": "ExactCount", "count": count, **more}
    if selector:
        body["selectors"] = [{"cel": {"expression": selector}}]
    return {"name": "cards", "exactly": body}


def claim(name: str, *requests: Json, holds: tuple[str, ...] = (), by: tuple[Json, ...] = (), **devices: Any) -> Json:
    """A claim; `holds` are `node/device` it was given, `by` the pods that may use them."""
    status: Json = {}
    if holds:
        results = [
            {"request": "cards", "driver": DRIVER, "pool": one.split("/")[0], "device": one.split("/")[1]}
            for one in holds
        ]
        here = {"key": "metadata.name", "operator": "In", "values": [holds[0].split("/")[0]]}
        where = {"nodeSelectorTerms": [{"matchFields": [here]}]}
        users = [{"resource": "pods", "name": p["metadata"]["name"], "uid": p["metadata"]["uid"]} for p in by]
        status = {"allocation": {"devices": {"results": results}, "nodeSelector": where}, "reservedFor": users}
    spec = {"devices": {"requests": list(requests or [exactly()]), **devices}}
    return obj("ResourceClaim", name, DRA, spec=spec, status=status)


def claiming(name: str = "train-7", claim_name: str = "cards", **more: Any) -> Json:
    """A pod with one claim, by the claim's name."""
    return pod(name, resourceClaims=[{"name": "gpu", "resourceClaimName": claim_name}], **more)


def mounting(name: str = "train-7", pvc: str = "data", **more: Any) -> Json:
    """A pod with one volume."""
    return pod(name, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": pvc}}], **more)
