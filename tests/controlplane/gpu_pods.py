"""Pods that ask for GPUs, in the shapes that make counting hard, and waiting for the real scheduler to place them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_nodes import GPU


def container(name: str = "main", gpus: int = 0, *, resource: str = GPU, **more: Any) -> Json:
    """A container that asks for so many; extended resources must have limits equal to requests."""
    amount = {"limits": {resource: str(gpus)}, "requests": {"cpu": "1", resource: str(gpus)}} if gpus else {}
    return {"name": name, "image": "registry.example/train:1", "resources": amount, **more}


def gpu_pod(
    name: str,
    gpus: int = 1,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> Json:
    """One container with so many GPUs; `spec` adds to or replaces keys of the pod's spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {**(labels or {})}, "annotations": {**(annotations or {})}},
        "spec": {"containers": [container(gpus=gpus)], **spec},
    }


def init_heavy(name: str, init: int, main: int) -> Json:
    """An init container that asks for more than the work itself: the pod holds the larger of the two."""
    return gpu_pod(name, main, initContainers=[container("check", init)])


def with_sidecar(name: str, sidecar: int, main: int) -> Json:
    """A restartable init container runs beside the work: the pod holds both."""
    return gpu_pod(name, main, initContainers=[container("proxy", sidecar, restartPolicy="Always")])


def sidecar_then_init(name: str, sidecar: int, init: int, main: int) -> Json:
    """An init container that runs while the sidecar already does: max(sidecar + init, sidecar + main)."""
    started = [container("proxy", sidecar, restartPolicy="Always"), container("check", init)]
    return gpu_pod(name, main, initContainers=started)


def pods_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def add_pods(api: Api, namespace: str, pods: Iterable[Json]) -> list[str]:
    """Create them all; their names."""
    return [str(pod["metadata"]["name"]) for pod in create_all(api, pods_path(namespace), pods)]


def wait_placed(api: Api, namespace: str, seconds: float = 120, *, expect_pending: int = 0) -> dict[str, Json]:
    """All pods of the namespace once each is Running, but for so many that the scheduler says do not fit."""

    def settled(pods: dict[str, Json]) -> bool:
        waiting = [pod for pod in pods.values() if not runs(pod)]
        return len(waiting) == expect_pending and all(unschedulable(pod) for pod in waiting)

    return api.until(pods_path(namespace), settled, seconds=seconds)


def wait_decided(api: Api, namespace: str, seconds: float = 300) -> dict[str, Json]:
    """All pods of the namespace once each runs, has ended, or is known not to fit."""

    def decided(pod: Json) -> bool:
        return runs(pod) or succeeded(pod) or unschedulable(pod)

    return api.until_each(pods_path(namespace), decided, seconds=seconds)


def wait_pods(api: Api, namespace: str, reached: Callable[[Json], bool], seconds: float = 60) -> dict[str, Json]:
    """All pods of the namespace once each has got there."""
    return api.until_each(pods_path(namespace), reached, seconds=seconds)


def runs(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Running")


def succeeded(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Succeeded")


def unschedulable(pod: Json) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "PodScheduled" and c.get("reason") == "Unschedulable" for c in conditions)
