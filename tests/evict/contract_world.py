"""Gangs with annotations, and a cluster that holds a few objects and counts what is asked of it."""

from collections.abc import Iterable
from typing import Any

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Gang, Json, Ref
from k8sai.selectors import selector

PREFIX = "k8sai.dev/"


def noted(values: dict[str, str] | None) -> dict[str, str]:
    """Keys with their prefix."""
    return {f"{PREFIX}{key}": value for key, value in (values or {}).items()}


def pod(name: str = "llm-0", values: dict[str, str] | None = None, **spec: Any) -> Json:
    """A running pod with these keys as annotations."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "uid": name, "labels": {"app": "llm"}}
        | {"annotations": noted(values)},
        "spec": {"containers": [{"name": "main"}], **spec},
        "status": {"phase": "Running"},
    }


def owner(kind: str, values: dict[str, str] | None = None, version: str = "", name: str = "llm") -> Json:
    """An owner of a known kind."""
    versions = {"Job": "batch/v1", "JobSet": "jobset.x-k8s.io/v1alpha2", "TrainJob": "trainer.kubeflow.org/v1alpha1"}
    meta = {"name": name, "namespace": "ml", "uid": f"{kind}-{name}", "annotations": noted(values)}
    return {"apiVersion": version or versions.get(kind, "apps/v1"), "kind": kind, "metadata": meta}


def gang(*objects: Json, pods: Iterable[Json] = (), id: str = "u1") -> Gang:
    """Objects from the nearest owner to the top."""
    return Gang(id, Ref("jobsets.jobset.x-k8s.io", "ml", "llm", "u1", "jobset"), "JobSet", tuple(pods), objects)


class Shelf:
    """What a cluster holds, by kind; `asked` is what it was asked for."""

    def __init__(self, **held: list[Json]) -> None:
        self.held = held
        self.asked: list[tuple[str, str]] = []

    @property
    def context(self) -> str:
        return "shelf"

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self.asked.append((kind, namespace))
        fits = selector(labels)
        return [
            one
            for one in self.held.get(kind, [])
            if one["metadata"].get("namespace", "") == namespace and fits(one["metadata"].get("labels") or {})
        ]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        from k8sai.errors import NotFound

        self.asked.append((kind, namespace))
        for one in self.held.get(kind, []):
            if (one["metadata"].get("namespace", ""), one["metadata"]["name"]) == (namespace, name):
                return one
        raise NotFound(name)


def reading(**held: list[Json]) -> Reading:
    """Of a shelf."""
    return Reading(Shelf(**held))
