"""Nodes, pods, quotas and volumes around a canary, as the room for it is looked at."""

from collections.abc import Iterable
from typing import Any

import msgspec

from k8sai.canary.checks.room_answer import Answer, Short
from k8sai.canary.checks.room_site import Site
from k8sai.canary.facts import Demand
from k8sai.cluster.reading import Reading
from k8sai.facts import DeviceClass, Node, Pod, ResourceSlice
from k8sai.fit.cluster import Cluster
from tests.why.cluster import Held

Json = dict[str, Any]
GPU = "nvidia.com/gpu"
QUEUE = "kueue.x-k8s.io/queue-name"
STABLE = {"app": "chat", "version": "v1"}
PROD = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod", "labels": {}}}


def template(gpus: int = 8, labels: Json | None = None, **spec: Any) -> Json:
    resources = {"limits": {GPU: str(gpus)}} if gpus else {}
    container = {"name": "kserve-container", "image": "vllm", "resources": resources}
    return {"metadata": {"labels": labels or {"version": "v2"}}, "spec": {"containers": [container], **spec}}


def canary(count: int = 1, gpus: int = 8, labels: Json | None = None, **spec: Any) -> Demand:
    return Demand(template(gpus, labels, **spec), count, "the canary")


def node(name: str, gpus: int = 8) -> Json:
    has = {"cpu": "64", "memory": "512Gi", "pods": "110", GPU: str(gpus)}
    conditions = [{"type": "Ready", "status": "True"}]
    labels = {"kubernetes.io/hostname": f"host-{name}"}
    meta = {"name": name, "uid": f"uid-{name}", "labels": labels, "creationTimestamp": "2026-11-01T00:00:00Z"}
    status = {"capacity": has, "allocatable": has, "conditions": conditions}
    return {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {}, "status": status}


def pod(name: str, on: str, gpus: int = 8, labels: Json | None = None, **spec: Any) -> Json:
    made = template(gpus, labels or STABLE, nodeName=on, **spec)
    meta = {"name": name, "namespace": "prod", "uid": f"uid-{name}", "creationTimestamp": "2026-11-02T00:00:00Z"}
    status = {"phase": "Running"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**meta, **made["metadata"]},
        "spec": made["spec"],
        "status": status,
    }


def quota(hard: Json, used: Json | None = None) -> Json:
    meta = {"name": "gpus", "namespace": "prod"}
    status = {"hard": hard, "used": used or {}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}, "status": status}


def claim(mode: str, volume: str = "pv-1") -> Json:
    meta = {"name": "weights", "namespace": "prod", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    spec = {"accessModes": [mode], "volumeName": volume}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": spec,
        "status": {"phase": "Bound"},
    }


VOLUME = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"}, "spec": {}}
MOUNT: list[Json] = [{"name": "model", "persistentVolumeClaim": {"claimName": "weights"}}]


def site(
    *objects: Json,
    denied: Iterable[str] = (),
    stable: Json | None = STABLE,
    backend: str = "kserve-standard",
    running: int = 0,
) -> Site:
    cluster, held = Cluster(), Held((*objects, PROD), denied)
    facts = (
        ("Node", "nodes", Node),
        ("Pod", "pods", Pod),
        ("DeviceClass", "deviceclasses", DeviceClass),
        ("ResourceSlice", "resourceslices", ResourceSlice),
    )
    for kind, plural, type_ in facts:
        found = [msgspec.convert(one, type_, strict=False) for one in objects if one["kind"] == kind]
        for sink in cluster.sinks:
            sink.replace(plural, found)  # type: ignore[arg-type]
    return Site(cluster, held, Reading(held), "prod", stable, backend=backend, running=running)


def full(nodes: int = 3, **more: Any) -> tuple[Json, ...]:
    """Every node holds a replica of the stable side."""
    names = [f"n{number}" for number in range(nodes)]
    return (*(node(name) for name in names), *(pod(f"chat-{name}", name, **more) for name in names))


def short_of(found: Answer) -> Short:
    assert found.short is not None
    return found.short


def flags(found: Answer) -> list[str]:
    return [one.flag for one in short_of(found).options]


def mounted(mode: str, *more: Json) -> Site:
    user = pod("chat-n0", "n0", 4, volumes=MOUNT)
    return site(node("n0"), node("n1"), user, claim(mode), VOLUME, *more)
