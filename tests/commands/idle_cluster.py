"""A small cluster for the tests of idle cards: nodes, pods whose cards the kubelet names, exporters, a Prometheus."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from tests.cluster.scripted_api import Answer, ScriptedApi, listed, scripted
from tests.commands.prometheus import USED, UTIL, Prometheus
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig

MON = "/api/v1/namespaces/mon/services/prom:9090/proxy"
H100 = "NVIDIA-H100-80GB-HBM3"
MIG = "nvidia.com/mig-1g.10gb"
OLD = "2026-01-02T00:00:00Z"


def node(name: str, product: str = H100, **capacity: str) -> dict[str, Any]:
    has = {key.replace("__", "/").replace("_", "."): value for key, value in capacity.items()} or {
        "nvidia.com/gpu": "4"
    }
    return {
        "kind": "Node",
        "metadata": {"name": name, "uid": name, "labels": {"nvidia.com/gpu.product": product}},
        "spec": {},
        "status": {"capacity": has, "allocatable": has, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(name: str, on: str, *devices: str, resource: str = "nvidia.com/gpu", since: str = OLD) -> dict[str, Any]:
    """A pod that holds these devices, as the kubelet tells it."""
    amounts = {resource: str(len(devices))}
    told = {"name": resource, "resources": [{"resourceID": one, "health": "Healthy"} for one in devices]}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "team", "uid": name, "labels": {"kueue.x-k8s.io/queue-name": "q"}},
        "spec": {
            "nodeName": on,
            "containers": [{"name": "main", "resources": {"requests": amounts, "limits": amounts}}],
        },
        "status": {
            "phase": "Running",
            "startTime": since,
            "containerStatuses": [{"name": "main", "allocatedResourcesStatus": [told]}],
        },
    }


def exporter(on: str) -> dict[str, Any]:
    meta = {"name": f"dcgm-{on}", "namespace": "gpu-operator", "labels": {"app": "nvidia-dcgm-exporter"}}
    return {"metadata": meta, "spec": {"nodeName": on}, "status": {"phase": "Running"}}


class Cluster(ScriptedApi):
    """An API server with these nodes and pods, and exporters on some of the nodes."""

    def has(self, *objects: dict[str, Any], exporters: tuple[str, ...] = ()) -> None:
        self.on("nodes", listed(*[one for one in objects if one["kind"] == "Node"]))
        pods = listed(*[one for one in objects if one["kind"] == "Pod"])
        running = listed(*map(exporter, exporters))
        self.on(
            "pods",
            lambda asked: (
                pods
                if not (selector := asked.query.get("labelSelector", ""))
                else running
                if selector.startswith("app=")
                else listed()
            ),
        )

    def exports(self, on: str, *texts: str | Answer) -> None:
        """What the node's exporter answers, one after the other; the last again and again."""
        path = f"/api/v1/namespaces/gpu-operator/pods/dcgm-{on}:9400/proxy/metrics"
        self.on(path, *[one if isinstance(one, Answer) else Answer(body=one.encode()) for one in texts])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr("tests.cluster.scripted_api.ScriptedApi", Cluster)
    with scripted() as server:
        assert isinstance(server, Cluster)
        server.on("/version", Answer(body=b'{"major": "1", "minor": "37", "gitVersion": "v1.37.0"}'))
        yield server


@pytest.fixture
def prom(api: Cluster) -> Prometheus:
    found = Prometheus()
    found.serve(api, MON)
    return found


def top(api: ScriptedApi, home: Path, *flags: str) -> Ran:
    config = write_kubeconfig(home / "config", api.url)
    return run("kubectl-ai_top", *flags, "--kubeconfig", config, env=environment(home, K8SAI_CONFIG_DIR=str(home)))


def view(api: ScriptedApi, home: Path, *flags: str, code: Exit = Exit.OK) -> dict[str, Any]:
    ran = top(api, home, "--prometheus", "mon/prom:9090", "-o", "json", *flags)
    assert ran.code == code, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def sums(found: dict[str, Any]) -> tuple[float, float, float, dict[str, float]]:
    """Idle, busy and unknown cards, and why they are unknown."""
    total = found["idleTotal"]
    return total["cards"], total["busy"], total["unknown"], total["unknownWhy"]


def four(api: Cluster, prom: Prometheus) -> None:
    """A node of four cards: a's two are idle, b's one is busy, one is free."""
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1"), pod("b", "n1", "GPU-2"))
    for card, value in (("GPU-0", 0.0), ("GPU-1", 3.0), ("GPU-2", 90.0), ("GPU-3", 0.0)):
        prom.add(UTIL, value, UUID=card, Hostname="n1")
        prom.add(USED, 2048.0, UUID=card, Hostname="n1")
