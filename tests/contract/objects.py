"""Small valid objects of the kinds that the contract is about."""

from typing import Any

from tests.contract.api import Json

IMAGE = "registry.example/train:1"


def config_map(name: str = "settings", data: dict[str, str] | None = None, **metadata: Any) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {"a": "1"}}


def owned_by(owner: Json, *, controller: bool = True, block: bool = False) -> Json:
    """An ownerReference to an object the server has answered with."""
    reference = {key: owner[key] for key in ("apiVersion", "kind")}
    meta = owner["metadata"]
    return {
        **reference,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": controller,
        "blockOwnerDeletion": block,
    }


def pod(name: str = "p", **spec: Any) -> Json:
    """A pod of one container without requests."""
    containers = [{"name": "main", "image": IMAGE}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def template(labels: dict[str, str], annotations: dict[str, str] | None = None, **spec: Any) -> Json:
    """A pod template for workloads."""
    metadata: Json = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    return {"metadata": metadata, "spec": {"containers": [{"name": "main", "image": IMAGE}], **spec}}


def deployment(name: str = "web", replicas: int = 2, **spec: Any) -> Json:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(labels, **spec)},
    }


def job(name: str = "train", parallelism: int = 1, annotations: dict[str, str] | None = None, **spec: Any) -> Json:
    pods = template({"app": name}, annotations, restartPolicy="Never", **spec)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"parallelism": parallelism, "completions": parallelism, "template": pods},
    }
