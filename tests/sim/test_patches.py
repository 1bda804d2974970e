"""The three patch formats."""

from typing import Any

import pytest

from k8sai.sim import kinds
from k8sai.sim.objects import Obj, copied
from k8sai.sim.patches import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, check_media, patched, same_object
from k8sai.sim.status import ApiFailure
from k8sai.sim.strategic import merge_strategic

PODS = kinds.find("", "pods")
JOBSETS = kinds.find("jobset.x-k8s.io", "jobsets")


def a_pod() -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"a": "1", "b": "2"}, "finalizers": ["x/one"]},
        "spec": {
            "containers": [
                {"name": "main", "image": "m:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
                {"name": "side", "image": "s:1"},
            ],
            "tolerations": [{"key": "a", "operator": "Exists"}],
        },
    }


def strategic(patch: Obj) -> Obj:
    before = a_pod()
    kept = copied(before)
    after = patched(PODS, before, patch, STRATEGIC_PATCH)
    assert before == kept
    return after


def refused(code: int, patch: Any, media: str) -> ApiFailure:
    with pytest.raises(ApiFailure) as caught:
        patched(PODS, a_pod(), patch, media)
    assert caught.value.code == code
    return caught.value


def test_merge_patches_replace_lists_and_null_removes() -> None:
    after = patched(
        PODS, a_pod(), {"metadata": {"labels": {"a": None, "c": "3"}}, "spec": {"containers": []}}, MERGE_PATCH
    )
    assert after["metadata"]["labels"] == {"b": "2", "c": "3"}
    assert after["spec"]["containers"] == []
    refused(400, [], MERGE_PATCH)


def test_json_patches_are_done_in_order_or_not_at_all() -> None:
    steps = [
        {"op": "test", "path": "/metadata/labels/a", "value": "1"},
        {"op": "remove", "path": "/metadata/labels/a"},
        {"op": "add", "path": "/metadata/labels/x~1y", "value": "z"},
        {"op": "replace", "path": "/spec/containers/1/image", "value": "s:2"},
    ]
    after = patched(PODS, a_pod(), steps, JSON_PATCH)
    assert after["metadata"]["labels"] == {"b": "2", "x/y": "z"}
    assert after["spec"]["containers"][1]["image"] == "s:2"


@pytest.mark.parametrize(
    "step",
    [
        {"op": "test", "path": "/metadata/labels/a", "value": "other"},
        {"op": "remove", "path": "/metadata/labels/none"},
        {"op": "replace", "path": "/spec/containers/9/image", "value": "x"},
        {"op": "frobnicate", "path": "/metadata"},
        {"path": "/metadata"},
    ],
)
def test_json_patches_that_do_not_fit_are_unprocessable(step: Obj) -> None:
    assert refused(422, [step], JSON_PATCH).reason == "Invalid"


def test_a_json_patch_is_a_list() -> None:
    refused(400, {}, JSON_PATCH)


def test_strategic_patches_merge_lists_by_their_key() -> None:
    change = {"name": "main", "image": "m:2", "env": [{"name": "B", "value": "9"}, {"name": "C", "value": "3"}]}
    containers = strategic({"spec": {"containers": [change]}})["spec"]["containers"]
    assert [one["name"] for one in containers] == ["main", "side"]
    assert containers[0]["image"] == "m:2"
    assert {one["name"]: one["value"] for one in containers[0]["env"]} == {"A": "1", "B": "9", "C": "3"}


def test_lists_without_a_key_are_replaced() -> None:
    after = strategic({"spec": {"tolerations": [{"key": "b", "operator": "Exists"}]}})
    assert [one["key"] for one in after["spec"]["tolerations"]] == ["b"]


def test_elements_are_deleted_by_directive() -> None:
    after = strategic({"spec": {"containers": [{"name": "side", "$patch": "delete"}]}})
    assert [one["name"] for one in after["spec"]["containers"]] == ["main"]


def test_a_map_and_a_list_can_be_replaced() -> None:
    after = strategic({"metadata": {"name": "p", "labels": {"$patch": "replace", "z": "1"}}})
    assert after["metadata"]["labels"] == {"z": "1"}
    after = strategic({"spec": {"containers": [{"name": "only", "image": "o:1"}, {"$patch": "replace"}]}})
    assert after["spec"]["containers"] == [{"name": "only", "image": "o:1"}]


def test_the_order_is_the_clients() -> None:
    order = {"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}]}
    after = strategic({"spec": {**order, "containers": [{"name": "side", "image": "s:2"}]}})
    assert [one["name"] for one in after["spec"]["containers"]] == ["side", "main"]


def test_keys_not_retained_go() -> None:
    target = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert merge_strategic(target, patch) == {"strategy": {"type": "Recreate"}}


def test_primitive_lists_are_added_to_and_taken_from() -> None:
    added = strategic({"metadata": {"finalizers": ["x/two", "x/one"]}})
    assert added["metadata"]["finalizers"] == ["x/two", "x/one"]
    taken = strategic({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/one"]}})
    assert taken["metadata"]["finalizers"] == []


def test_service_ports_are_told_apart_by_port() -> None:
    target = {"spec": {"ports": [{"port": 80, "name": "web"}]}}
    patch = {"spec": {"ports": [{"port": 443, "name": "tls"}, {"port": 80, "name": "http"}]}}
    assert merge_strategic(target, patch)["spec"]["ports"] == [
        {"port": 443, "name": "tls"},
        {"port": 80, "name": "http"},
    ]


def test_what_the_patch_does_not_name_stays_before_what_it_stood_before() -> None:
    target = {"containers": [{"name": name} for name in "abcd"]}
    after = merge_strategic(target, {"containers": [{"name": "x"}, {"name": "c"}, {"name": "a"}]})
    assert [one["name"] for one in after["containers"]] == ["x", "b", "c", "a", "d"]


def test_conditions_are_merged_by_type_and_nodes_keep_the_rest() -> None:
    target = {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "True"}]}}
    patch = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    after = merge_strategic(target, patch)["status"]["conditions"]
    assert [(one["type"], one["status"]) for one in after] == [("Ready", "False"), ("Other", "True")]


def test_elements_without_their_key_and_unknown_directives_are_refused() -> None:
    assert "merge key: name" in refused(500, {"spec": {"containers": [{"image": "x"}]}}, STRATEGIC_PATCH).message
    assert "unknown patch type: turn" in refused(500, {"$patch": "turn"}, STRATEGIC_PATCH).message


def test_custom_kinds_take_no_strategic_patch() -> None:
    with pytest.raises(ApiFailure) as caught:
        check_media(JOBSETS, STRATEGIC_PATCH)
    assert caught.value.code == 415
    with pytest.raises(ApiFailure):
        check_media(PODS, "text/plain")
    check_media(JOBSETS, APPLY_PATCH)


def test_a_patch_may_not_make_another_object_of_it() -> None:
    for change in ({"kind": "Node"}, {"metadata": {"name": "q"}}):
        with pytest.raises(ApiFailure) as caught:
            same_object(PODS, a_pod(), patched(PODS, a_pod(), change, MERGE_PATCH))
        assert caught.value.code == 400
