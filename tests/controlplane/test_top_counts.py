"""`top` against `kubectl describe node`: on a fleet that the real scheduler filled, both say the same of every node."""

from collections.abc import Iterator

import pytest

from tests.contract.api import Json
from tests.controlplane.bulk import delete_all
from tests.controlplane.describe import Described, described
from tests.controlplane.gpu_nodes import GPU, add_nodes, fleet_of, gpu_node
from tests.controlplane.gpu_pods import (
    add_pods,
    container,
    gpu_pod,
    init_heavy,
    pods_path,
    runs,
    sidecar_then_init,
    succeeded,
    unschedulable,
    wait_decided,
    wait_pods,
    with_sidecar,
)
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Document, k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes
from tests.controlplane.wires import assert_wires_agree

MIG = "nvidia.com/mig-1g.10gb"
NODES, PODS = 200, 1000
MIG_NODES = 20
LINGERING, FINISHED, TOO_LARGE = 40, 10, 15


def _shape(i: int) -> Json:
    """Twenty shapes in turn; together a little more than the fleet has, so that some stay pending."""
    name = f"pod-{i:04d}"
    turn = i % 20
    if turn in (0, 1):
        return init_heavy(name, 4, 1)
    if turn in (2, 3):
        return with_sidecar(name, 1, 1)
    if turn == 4:
        return sidecar_then_init(name, 1, 3, 2)
    if turn == 5:
        return gpu_pod(name, 1, runtimeClassName="sandboxed")
    if turn == 6:
        return gpu_pod(name, containers=[container("a", 1), container("b", 1), container("log")])
    if turn == 7:
        return gpu_pod(name, containers=[container(gpus=2, resource=MIG)])
    return gpu_pod(name, (1, 1, 1, 2, 2, 4, 8)[turn % 7] if turn < 16 else 1)


@pytest.fixture(scope="module")
def filled(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """200 nodes and 1,000 pods: running, pending, terminating, finished."""
    plane = controlplanes.fresh()
    api = plane.api
    a100 = {f"{GPU}.present": "true", f"{GPU}.product": "NVIDIA-A100-SXM4-80GB"}
    mig = (gpu_node(f"mig-{i:02d}", 0, resources={MIG: "7"}, labels=a100) for i in range(MIG_NODES))
    add_nodes(api, [*fleet_of(NODES - MIG_NODES), *mig])
    overhead = {"podFixed": {"cpu": "250m", "memory": "120Mi"}}
    runtime = {"metadata": {"name": "sandboxed"}, "handler": "kata", "overhead": overhead}
    api.post("/apis/node.k8s.io/v1/runtimeclasses", runtime).ok()
    namespace = new_namespace(api, "fleet")
    lingering = (gpu_pod(f"end-{i:02d}", 2, annotations={"test.k8sai.dev/linger": ""}) for i in range(LINGERING))
    finished = (gpu_pod(f"done-{i:02d}", annotations={"test.k8sai.dev/complete-after": "1ms"}) for i in range(FINISHED))
    add_pods(api, namespace, [*lingering, *finished])
    wait_pods(api, namespace, lambda pod: succeeded(pod) or (runs(pod) and "end-" in pod["metadata"]["name"]))
    delete_all(api, (f"{pods_path(namespace)}/end-{i:02d}" for i in range(LINGERING)))
    others = PODS - LINGERING - FINISHED - TOO_LARGE
    add_pods(api, namespace, [*map(_shape, range(others)), *(gpu_pod(f"huge-{i}", 16) for i in range(TOO_LARGE))])
    wait_decided(api, namespace)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def seen(filled: ControlPlane) -> Document:
    return k8sai("top", "--once", "-o", "json", kubeconfig=filled.kubeconfig()).document()


@pytest.fixture(scope="module")
def as_kubectl_says(filled: ControlPlane) -> dict[str, Described]:
    return described(filled.kubectl("describe", "nodes"))


def test_every_node_is_as_kubectl_describes_it(seen: Document, as_kubectl_says: dict[str, Described]) -> None:
    assert len(as_kubectl_says) == NODES
    ours = {node["name"]: {r["resource"]: r for r in node["resources"]} for node in seen["nodes"]}
    wrong = [
        (name, resource, figures, node)
        for name, node in as_kubectl_says.items()
        for resource in node.capacity
        if (figures := ours.get(name, {}).get(resource, {}))
        and (figures["capacity"], figures["allocatable"], figures["used"])
        != (node.capacity[resource], node.allocatable[resource], node.requests.get(resource, 0))
    ]
    assert not wrong
    assert {name: set(resources) for name, resources in ours.items()} == {
        n: set(d.capacity) for n, d in as_kubectl_says.items()
    }


def test_totals_are_the_sums(seen: Document, as_kubectl_says: dict[str, Described]) -> None:
    def total(of: str) -> float:
        amounts: list[dict[str, int]] = [getattr(node, of) for node in as_kubectl_says.values()]
        return sum(a.get(GPU, 0) + a.get(MIG, 0) / 7 for a in amounts)

    totals = seen["totals"]
    assert totals["capacity"] == pytest.approx(total("capacity"))
    assert totals["allocatable"] == pytest.approx(total("allocatable"))
    assert totals["used"] == pytest.approx(total("requests"))
    assert totals["free"] == pytest.approx(totals["allocatable"] - totals["used"])
    assert totals["unhealthy"] == (NODES - MIG_NODES) // 20
    assert totals["terminating"] == 2 * LINGERING
    assert totals["free"] >= 0
    assert seen["complete"] is True


def test_the_filling_is_what_it_was_meant_to_be(filled: ControlPlane, seen: Document) -> None:
    """A guard for the other tests: without pods of every state they would prove little."""
    pods = filled.api.get("/api/v1/pods").ok()["items"]
    assert len(pods) == PODS
    waiting = [pod for pod in pods if unschedulable(pod)]
    assert len(waiting) > TOO_LARGE
    assert len(seen["pending"]) == len(waiting)
    assert {row["reason"] for row in seen["pending"]} == {"Unschedulable"}
    assert sum(row["phase"] == "Running" for row in seen["pods"]) == len(pods) - len(waiting) - FINISHED
    assert sum(row["terminating"] for row in seen["pods"]) == LINGERING


def test_pods_that_wait_are_not_counted_as_used(filled: ControlPlane, seen: Document) -> None:
    waiting = {(row["namespace"], row["name"]) for row in seen["pending"]}
    held = {(row["namespace"], row["name"]) for row in seen["pods"]}
    assert not waiting & held
    assert seen["totals"]["pending"] >= 16 * TOO_LARGE


def test_the_wires_agree_about_every_object(filled: ControlPlane) -> None:
    assert_wires_agree(filled, expect={"nodes": NODES, "pods": PODS - FINISHED})
