"""What a drain writes on a node: conditions beside the kubelet's, and the cordon with its taint."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import STRATEGIC, Api, Json
from tests.contract.conftest import Nodes
from tests.contract.queues import condition

CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


@pytest.fixture
def node(nodes: Callable[..., Nodes]) -> Iterator[str]:
    """The path of a Ready node."""
    yield f"/api/v1/nodes/{nodes().names[0]}"


def _said(api: Api, path: str) -> dict[str, str]:
    return {one["type"]: one["status"] for one in api.get(path).ok()["status"]["conditions"]}


def _condition(kind: str, status: str) -> Json:
    return {"type": kind, "status": status, "reason": "k8sai", "message": "by a drain"}


def test_conditions_join_those_of_the_kubelet_and_leave_again(api: Api, node: str) -> None:
    before = _said(api, node)
    assert before["Ready"] == "True"
    for status in ("True", "False"):
        body = {"status": {"conditions": [_condition("DrainInProgress", status)]}}
        api.patch(f"{node}/status", body, STRATEGIC).ok()
        assert _said(api, node) == {**before, "DrainInProgress": status}
    api.patch(f"{node}/status", {"status": {"conditions": [_condition("Drained", "Perhaps")]}}, STRATEGIC).ok()
    assert _said(api, node)["Drained"] == "Perhaps"
    gone = [{"type": kind, "$patch": "delete"} for kind in ("DrainInProgress", "Drained")]
    api.patch(f"{node}/status", {"status": {"conditions": gone}}, STRATEGIC).ok()
    assert _said(api, node) == before


def test_a_merge_patch_takes_the_kubelets_conditions_away(api: Api, node: str) -> None:
    body = {"status": {"conditions": [_condition("Drained", "True")]}}
    patched = api.patch(f"{node}/status", body).ok()
    assert condition(patched, "Ready") == {}


def test_a_condition_brings_no_taint(api: Api, node: str) -> None:
    body = {"status": {"conditions": [_condition("DrainInProgress", "True")]}}
    api.patch(f"{node}/status", body, STRATEGIC).ok()
    api.patch(node, {"spec": {"unschedulable": True}}).ok()
    found = api.until_object(node, lambda one: bool(one["spec"].get("taints")))
    assert [{key: one[key] for key in CORDON} for one in found["spec"]["taints"]] == [CORDON]


def test_the_taint_follows_the_cordon_and_goes_with_it(api: Api, node: str) -> None:
    absent = [{"op": "test", "path": "/spec/unschedulable", "value": None}]
    cordon = [*absent, {"op": "add", "path": "/spec/unschedulable", "value": True}]
    wrong = [{**absent[0], "value": False}, cordon[1]]
    api.patch(node, wrong, "application/json-patch+json").refused(422, "Invalid")
    api.patch(node, cordon, "application/json-patch+json").ok()
    api.until_object(node, lambda one: any(t["key"] == CORDON["key"] for t in one["spec"].get("taints", ())))
    api.patch(node, cordon, "application/json-patch+json").refused(422, "Invalid")
    api.patch(node, {"spec": {"unschedulable": None}}).ok()
    api.until_object(node, lambda one: not one["spec"].get("taints"))
