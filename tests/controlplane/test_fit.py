"""`fit` against the real scheduler and the real admission: what it says of pods happens when they are created.

One fleet, filled in part. Each question is put to the installed program first; then the very pods are created, and as
many are bound, or admitted, as it said. Afterwards they are deleted, so that each question finds the same cluster.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane.bulk import delete_all
from tests.controlplane.gpu_nodes import GPU, add_nodes, gpu_node
from tests.controlplane.gpu_pods import add_pods, container, gpu_pod, pods_path, runs, wait_decided, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Document, k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

ZONE, CLIQUE = "topology.kubernetes.io/zone", f"{GPU}.clique"
TEAM = {"key": "team", "value": "vision", "effect": "NoSchedule"}


def large(name: str, gpus: int, cpu: str) -> Json:
    asks = {GPU: str(gpus), "cpu": cpu}
    return gpu_pod(name, containers=[{**container(), "resources": {"requests": asks, "limits": {GPU: str(gpus)}}}])


@pytest.fixture(scope="module")
def filled(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """Twelve nodes in two zones and three cliques: four free, four half held, one tainted, one cordoned, two small."""
    plane = controlplanes.fresh(audit=False)
    api = plane.api
    where = [{ZONE: f"zone-{i % 2}", CLIQUE: f"clique-{i // 4}"} for i in range(12)]
    nodes = [gpu_node(f"n{i:02d}", labels=where[i]) for i in range(8)]
    nodes += [gpu_node("n08", labels=where[8], taints=[TEAM]), gpu_node("n09", labels=where[9])]
    nodes += [gpu_node(f"n{i}", 4, product="NVIDIA-A100-SXM4-80GB", labels=where[i]) for i in (10, 11)]
    add_nodes(api, nodes)
    held = new_namespace(api, "held")
    pinned = [{"nodeSelector": {"kubernetes.io/hostname": f"n{i:02d}"}} for i in range(4, 8)]
    add_pods(api, held, [gpu_pod(f"half-{i}", 4, **pin) for i, pin in enumerate(pinned)])
    add_pods(api, held, [{**large("eater", 0, "188"), "spec": {**large("eater", 0, "188")["spec"], **_on("n03")}}])
    wait_placed(api, held)
    api.patch("/api/v1/nodes/n09", {"spec": {"unschedulable": True}}).ok()
    yield plane
    plane.stop()


def _on(node: str) -> Json:
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


@dataclass
class Case:
    """`starts` of the pods start; `change` is the kind of the first change that would do."""

    name: str
    pods: list[Json]
    starts: int
    change: str = ""
    flags: list[str] = field(default_factory=list)


def many(count: int, gpus: int, **spec: Any) -> list[Json]:
    return [gpu_pod(f"p{i:02d}", gpus, labels={"app": "x"}, **spec) for i in range(count)]


def _apart(key: str) -> Json:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "x"}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _spread() -> list[Json]:
    app = {"matchLabels": {"app": "x"}}
    return [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": app}]


CASES = [
    Case("whole nodes", many(4, 8), 4),
    Case("one whole node too many", many(5, 8), 4, "tolerate"),
    Case("halves", many(14, 4), 14),
    Case("too many halves", many(15, 4), 14, "tolerate"),
    Case("CPU is short on one node", [large(f"p{i}", 8, "16") for i in range(4)], 3, "tolerate"),
    Case("a toleration", many(5, 8, tolerations=[TEAM]), 5),
    Case("a toleration and one node too many", many(6, 8, tolerations=[TEAM]), 5, "uncordon"),
    Case("a product", many(3, 4, nodeSelector={f"{GPU}.product": "NVIDIA-A100-SXM4-80GB"}), 2),
    Case("more than a node has", many(1, 9), 0),
    Case("one a zone", many(3, 1, affinity=_apart(ZONE)), 2),
    Case("spread over zones", many(6, 4, topologySpreadConstraints=_spread()), 6),
    Case("mixed sizes", [*many(3, 8), *(gpu_pod(f"s{i}", 1) for i in range(4))], 7),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_fit_says_happens(case: Case, filled: ControlPlane, tmp_path: Path) -> None:
    namespace = new_namespace(filled.api, "asked")
    said = _ask(filled, tmp_path, case, namespace)
    add_pods(filled.api, namespace, case.pods)
    pods = wait_decided(filled.api, namespace)
    bound = sum(map(runs, pods.values()))
    _delete(filled, namespace, [pod["metadata"]["name"] for pod in pods.values()])
    assert (said["placed"], bound) == (case.starts, case.starts)
    assert said["fits"] is (case.starts == len(case.pods))
    assert (said["change"] or {}).get("kind", "") == case.change or not case.change


def _ask(plane: ControlPlane, folder: Path, case: Case, namespace: str) -> Document:
    file = folder / "pods.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": case.pods}))
    ended = k8sai("fit", "-f", str(file), "-n", namespace, "-o", "json", *case.flags, kubeconfig=plane.kubeconfig())
    assert ended.code in (Exit.OK, Exit.NO_CAPACITY, Exit.FINDINGS), ended.err
    return ended.document(ended.code)


def _delete(plane: ControlPlane, namespace: str, names: list[str]) -> None:
    delete_all(plane.api, (f"{pods_path(namespace)}/{name}" for name in names), 0)
    plane.api.until(pods_path(namespace), lambda left: not left)


def test_a_quota_admits_as_many_as_fit_says(filled: ControlPlane, tmp_path: Path) -> None:
    namespace = new_namespace(filled.api, "quota")
    path = f"/api/v1/namespaces/{namespace}"
    hard = {f"requests.{GPU}": "10"}
    filled.api.post(f"{path}/resourcequotas", {"metadata": {"name": "gpus"}, "spec": {"hard": hard}}).ok()
    filled.api.until_object(f"{path}/resourcequotas/gpus", lambda quota: bool(quota.get("status", {}).get("hard")))
    said = _ask(filled, tmp_path, Case("", many(4, 4), 2), namespace)
    answers = [filled.api.post(pods_path(namespace), pod).status for pod in many(4, 4)]
    assert (said["fits"], said["exit"]) == (False, Exit.FINDINGS)
    assert said["short"][0]["layer"] == "quota"
    assert said["sentence"].endswith(f"leaves 10 of 10 requests.{GPU}, 16 would be needed.")
    assert answers == [201, 201, 403, 403]
    _delete(filled, namespace, ["p00", "p01"])


def test_uncordoning_is_what_was_missing(filled: ControlPlane, tmp_path: Path) -> None:
    """The change that is offered, made: then all pods start."""
    namespace = new_namespace(filled.api, "change")
    case = Case("", many(6, 8, tolerations=[TEAM]), 5)
    (node,) = _ask(filled, tmp_path, case, namespace)["change"]["nodes"]
    filled.api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}}).ok()
    add_pods(filled.api, namespace, case.pods)
    pods = wait_placed(filled.api, namespace)
    assert len(pods) == 6
