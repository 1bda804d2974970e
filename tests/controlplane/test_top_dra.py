"""`top` on devices: slices as drivers publish them, claims as the real scheduler allocates them."""

from collections.abc import Iterator

import pytest

from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.gpu_pods import add_pods, container, gpu_pod, runs, unschedulable, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Document, k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes
from tests.controlplane.wires import assert_wires_agree

BRIDGED = "example.com/gpu"
ON = "kubernetes.io/hostname"


def _class(name: str, kind: str, extended_resource: str = "") -> Json:
    expression = f'device.driver == "{dra.DRIVER}" && device.attributes["{dra.DRIVER}"].type == "{kind}"'
    return dra.device_class(name, expression, extended_resource)


@pytest.fixture(scope="module")
def allocated(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """One node for each way of holding a device, and one with plain device-plugin GPUs beside them."""
    plane = controlplanes.fresh()
    api = plane.api
    names = ("plain", "parts", "shared", "bridge", "plugin", "whole")
    add_nodes(api, (gpu_node(name, 8 if name == "plugin" else 0) for name in names))
    for published in (
        dra.resource_slice("plain", map(dra.gpu, range(8))),
        *dra.partitionable("parts"),
        *dra.partitionable("whole"),
        dra.resource_slice("shared", map(dra.gpu, range(4))),
        dra.resource_slice("bridge", map(dra.gpu, range(4))),
    ):
        api.post(dra.SLICES, published).ok()
    for published in (_class("gpu", "gpu"), _class("mig", "mig"), _class("bridged", "gpu", BRIDGED)):
        api.post(dra.CLASSES, published).ok()
    namespace = new_namespace(api, "devices")
    for template in (
        dra.claim_template("two", "gpu", 2),
        dra.claim_template("one", "gpu"),
        dra.claim_template("part", "mig"),
    ):
        api.post(dra.templates_path(namespace), template).ok()
    api.post(dra.claims_path(namespace), dra.claim("of-all", "gpu")).ok()
    asks = [container(gpus=2, resource=BRIDGED)]
    add_pods(
        api,
        namespace,
        [
            *(dra.claiming_pod(f"plain-{i}", template="two", nodeSelector={ON: "plain"}) for i in range(3)),
            *(dra.claiming_pod(f"parts-{i}", template="part", nodeSelector={ON: "parts"}) for i in range(3)),
            *(dra.claiming_pod(f"shared-{i}", claim_name="of-all", nodeSelector={ON: "shared"}) for i in range(3)),
            gpu_pod("bridge", containers=asks, nodeSelector={ON: "bridge"}),
            gpu_pod("plugin", 5, nodeSelector={ON: "plugin"}),
            dra.claiming_pod("whole", template="one", nodeSelector={ON: "whole"}),
        ],
    )
    wait_placed(api, namespace)
    add_pods(api, namespace, [dra.claiming_pod("late", template="one", nodeSelector={ON: "parts"})])
    wait_placed(api, namespace, expect_pending=1)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def seen(allocated: ControlPlane) -> Document:
    return k8sai("top", "--once", "-o", "json", kubeconfig=allocated.kubeconfig()).document()


def _node(seen: Document, name: str) -> Document:
    (node,) = (node for node in seen["nodes"] if node["name"] == name)
    return dict(node)


def _cards(seen: Document, name: str) -> tuple[float, float, float]:
    """Capacity, used and free of a node in cards."""
    figures = _node(seen, name)["totals"]
    return figures["capacity"], figures["used"], figures["free"]


@pytest.mark.parametrize(
    ("node", "cards"),
    [
        ("plain", (8, 6, 2)),
        ("parts", (1, 3 / 7, 4 / 7)),
        ("whole", (1, 1, 0)),
        ("shared", (4, 1, 3)),
        ("bridge", (4, 2, 2)),
        ("plugin", (8, 5, 3)),
    ],
)
def test_cards_of_a_node(seen: Document, node: str, cards: tuple[float, float, float]) -> None:
    assert _cards(seen, node) == pytest.approx(cards, abs=1e-5)


def test_totals(seen: Document) -> None:
    totals = seen["totals"]
    assert (totals["capacity"], totals["allocatable"]) == (26, 26)
    assert totals["used"] == pytest.approx(15 + 3 / 7, abs=1e-5)
    assert totals["free"] == pytest.approx(10 + 4 / 7, abs=1e-5)
    assert seen["complete"] is True


def test_each_device_names_its_holder(seen: Document, allocated: ControlPlane) -> None:
    pods = allocated.api.get("/api/v1/pods").ok()["items"]
    claims = allocated.api.get(f"{dra.GROUP}/resourceclaims").ok()["items"]
    uids = {pod["metadata"]["uid"] for pod in pods if runs(pod)}
    wanted = {
        (f"{r['driver']}/{r['pool']}/{r['device']}", user["uid"])
        for claim in claims
        for r in claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
        for user in claim["status"]["reservedFor"]
    }
    shown = {
        (device["id"], holder["uid"])
        for node in seen["nodes"]
        for device in node["devices"]
        if device["id"] not in {part["parent"] for part in node["devices"]}
        for holder in device["holders"]
    }
    assert wanted
    assert shown == wanted
    assert {uid for _, uid in wanted} <= uids


def test_a_shared_card_is_counted_once(seen: Document) -> None:
    held = [device for device in _node(seen, "shared")["devices"] if device["holders"]]
    assert [len(device["holders"]) for device in held] == [3]


def test_a_bridged_request_is_counted_once(seen: Document) -> None:
    assert _cards(seen, "bridge")[1] == 2
    (row,) = (row for row in seen["pods"] if row["name"] == "bridge")
    assert sum(row["requests"].values()) == 2


def test_a_pod_whose_claim_cannot_be_allocated_is_pending(seen: Document, allocated: ControlPlane) -> None:
    (waiting,) = (pod for pod in allocated.api.get("/api/v1/pods").ok()["items"] if unschedulable(pod))
    (row,) = seen["pending"]
    assert row["name"] == waiting["metadata"]["name"] == "late"
    assert seen["totals"]["pending"] == 1


def test_the_wires_agree_about_every_object(allocated: ControlPlane) -> None:
    assert_wires_agree(allocated, expect={"resourceslices": 7, "resourceclaims": 10, "deviceclasses": 3, "pods": 13})
