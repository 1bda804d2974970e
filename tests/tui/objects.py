"""A server's whole objects and logs, made of JSON; it can be slow, refuse, and forget."""

from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from threading import Event
from typing import Any

from k8sai.cluster.logs import Log
from k8sai.cluster.objects import refuse_secrets
from k8sai.errors import Forbidden, K8saiError, NotFound

Json = dict[str, Any]


class Talk:
    """A log as a test speaks it: `say` lines, then `end`. It counts how often it was closed."""

    def __init__(self) -> None:
        self._said: SimpleQueue[str | None] = SimpleQueue()
        self.closed = 0

    def say(self, *lines: str) -> None:
        for line in lines:
            self._said.put(line)

    def end(self) -> None:
        self._said.put(None)

    def __iter__(self) -> Iterator[str]:
        while (line := self._said.get()) is not None:
            yield line

    def close(self) -> None:
        self.closed += 1
        self.end()


class Things:
    """Objects by kind, namespace and name. `gate` holds answers back until it is set; `refused` kinds are forbidden."""

    context = "prod-eu-1"

    def __init__(self, things: Mapping[str, list[Json]] | None = None) -> None:
        self.things = {kind: list(found) for kind, found in (things or {}).items()}
        self.refused: set[str] = set()
        self.gate = Event()
        self.gate.set()
        self.asked: list[tuple[str, ...]] = []
        self.talks: dict[str, Talk] = {}  # by container
        self.log_error: K8saiError | None = None
        self.logged: list[dict[str, Any]] = []

    def served(self, kind: str) -> bool:
        return kind in self.things

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        self._wait(kind, "list", namespace, labels, fields)
        return [one for one in self.things[kind] if namespace in ("", one["metadata"].get("namespace", ""))]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        refuse_secrets(kind)
        self._wait(kind, "get", namespace, name)
        for one in self.things.get(kind, []):
            if (one["metadata"].get("namespace", ""), one["metadata"]["name"]) == (namespace, name):
                return one
        raise NotFound(f"prod-eu-1 has no {kind} {namespace}/{name}")

    def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool, previous: bool, tail: int, times: bool = False
    ) -> Log:
        self.logged.append(
            {"container": container, "follow": follow, "previous": previous, "tail": tail, "times": times}
        )
        if self.log_error is not None:
            raise self.log_error
        return self.talks.setdefault(container, Talk())  # type: ignore[return-value]  # what a Log does, it does

    def _wait(self, kind: str, *how: str) -> None:
        assert self.gate.wait(10)
        self.asked.append((kind, *how))
        if kind in self.refused:
            raise Forbidden(f"ana may not {how[0]} {kind}", f"kubectl auth can-i {how[0]} {kind}")


def pod(name: str = "eval-0", namespace: str = "team-llm", **more: Any) -> Json:
    """A pod with two containers, one of which fell over."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"{namespace}/{name}",
            "creationTimestamp": "2026-11-21T07:00:00Z",
            "labels": {"app": "eval"},
            "managedFields": [{"manager": "kubelet"}],
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": "eval", "uid": "job-eval", "controller": True}
            ],
        },
        "spec": {
            "nodeName": "h100-02",
            "priority": 100,
            "priorityClassName": "research",
            "schedulerName": "default-scheduler",
            "nodeSelector": {"pool": "h100"},
            "tolerations": [
                {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
                {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "tolerationSeconds": 300},
            ],
            "containers": [
                {
                    "name": "main",
                    "image": "registry.example.com/eval:3",
                    "args": ["--steps", "100"],
                    "env": [
                        {"name": "MODE", "value": "fast"},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}},
                    ],
                    "resources": {"limits": {"nvidia.com/gpu": "4"}, "requests": {"cpu": "8", "nvidia.com/gpu": "4"}},
                },
                {"name": "sidecar", "image": "registry.example.com/proxy:1"},
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "sets"}}],
        },
        "status": {
            "phase": "Running",
            "startTime": "2026-11-21T07:00:05Z",
            "podIP": "10.1.2.3",
            "containerStatuses": [
                {
                    "name": "main",
                    "ready": True,
                    "restartCount": 2,
                    "state": {"running": {"startedAt": "2026-11-21T09:00:00Z"}},
                    "lastState": {
                        "terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-21T08:59:00Z"}
                    },
                },
                {"name": "sidecar", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}},
            ],
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False",
                    "lastTransitionTime": "2026-11-21T09:00:00Z",
                    "reason": "ContainersNotReady",
                    "message": "containers with unready status: [sidecar]",
                }
            ],
            **more,
        },
    }


def event(name: str, kind: str = "Pod", namespace: str = "team-llm", **more: Any) -> Json:
    """An event about an object."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name}.1", "namespace": namespace},
        "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off pulling image",
        "count": 7,
        "lastTimestamp": "2026-11-21T09:55:00Z",
        "source": {"component": "kubelet"},
        **more,
    }


def node(name: str = "h100-02") -> Json:
    """A cordoned node with one card that its device plugin took away."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"node-role.kubernetes.io/gpu": ""}},
        "spec": {"unschedulable": True, "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]},
        "status": {
            "capacity": {"cpu": "96", "nvidia.com/gpu": "8"},
            "allocatable": {"cpu": "95", "nvidia.com/gpu": "7"},
            "conditions": [{"type": "MemoryPressure", "status": "True"}, {"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.37.0"},
        },
    }


def job(name: str = "eval", namespace: str = "team-llm") -> Json:
    """A suspended job."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "suspend": True,
            "parallelism": 2,
            "completions": 2,
            "backoffLimit": 6,
            "template": {"spec": {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": "4"}}}]}},
        },
        "status": {"succeeded": 1, "failed": 3},
    }


def cluster() -> Things:
    """One of each."""
    return Things(
        {
            "pods": [pod(), pod("chat-0", "inference")],
            "nodes": [node()],
            "jobs.batch": [job()],
            "events": [event("eval-0"), event("h100-02", "Node", "")],
        }
    )
