"""The three kinds of patch, and how each is refused."""

import pytest

from tests.contract.api import JSON_PATCH, MERGE, STRATEGIC, Api, Json
from tests.contract.objects import config_map, deployment, pod


def test_merge_patch(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(data={"a": "1", "b": "2"}, labels={"x": "1"})).ok()
    patched = api.patch(
        f"{core}/configmaps/settings", {"data": {"a": None, "c": "3"}, "metadata": {"labels": {"y": "2"}}}
    ).ok()
    assert patched["data"] == {"b": "2", "c": "3"}
    assert patched["metadata"]["labels"] == {"x": "1", "y": "2"}


def test_merge_patch_replaces_lists_whole(api: Api, core: str) -> None:
    apps = core.replace("/api/v1", "/apis/apps/v1")
    api.post(f"{apps}/deployments", deployment(replicas=0)).ok()
    containers = [{"name": "other", "image": "registry.example/other:1"}]
    patched = api.patch(f"{apps}/deployments/web", {"spec": {"template": {"spec": {"containers": containers}}}}).ok()
    assert [c["name"] for c in patched["spec"]["template"]["spec"]["containers"]] == ["other"]


def test_strategic_patch_merges_lists_by_key(api: Api, core: str) -> None:
    apps = core.replace("/api/v1", "/apis/apps/v1")
    api.post(f"{apps}/deployments", deployment(replicas=0)).ok()

    def containers(*changes: Json) -> list[Json]:
        body = {"spec": {"template": {"spec": {"containers": list(changes)}}}}
        patched = api.patch(f"{apps}/deployments/web", body, STRATEGIC).ok()
        return list(patched["spec"]["template"]["spec"]["containers"])

    both = containers({"name": "side", "image": "registry.example/side:1"})
    assert {c["name"] for c in both} == {"main", "side"}
    changed = containers({"name": "main", "env": [{"name": "A", "value": "1"}]})
    main = next(c for c in changed if c["name"] == "main")
    assert (main["env"], main["image"]) == ([{"name": "A", "value": "1"}], "registry.example/train:1")
    (left,) = containers({"name": "side", "$patch": "delete"})
    assert left["name"] == "main"


def test_strategic_patch_of_taints_and_conditions(api: Api) -> None:
    api.post("/api/v1/nodes", {"metadata": {"name": "patched"}, "spec": {"taints": [_taint("one")]}}).ok()
    try:
        patched = api.patch("/api/v1/nodes/patched", {"spec": {"taints": [_taint("two")]}}, STRATEGIC).ok()
        assert {"one", "two"} & {t["key"] for t in patched["spec"]["taints"]} == {"two"}
        for kind, status in (("Ready", "True"), ("GPUHealthy", "False"), ("GPUHealthy", "True")):
            body = {"status": {"conditions": [{"type": kind, "status": status}]}}
            patched = api.patch("/api/v1/nodes/patched/status", body, STRATEGIC).ok()
        assert {c["type"]: c["status"] for c in patched["status"]["conditions"]}["GPUHealthy"] == "True"
        assert "Ready" in {c["type"] for c in patched["status"]["conditions"]}
    finally:
        api.delete("/api/v1/nodes/patched")


def test_strategic_patch_of_finalizers(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(finalizers=["k8sai.dev/a"])).ok()
    path = f"{core}/configmaps/settings"
    added = api.patch(path, {"metadata": {"finalizers": ["k8sai.dev/b"]}}, STRATEGIC).ok()
    assert set(added["metadata"]["finalizers"]) == {"k8sai.dev/a", "k8sai.dev/b"}
    removal = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["k8sai.dev/a"]}}
    assert api.patch(path, removal, STRATEGIC).ok()["metadata"]["finalizers"] == ["k8sai.dev/b"]
    api.patch(path, {"metadata": {"finalizers": None}}).ok()


def test_json_patch(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(data={"a": "1", "b": "2"})).ok()
    operations = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "remove", "path": "/data/b"},
        {"op": "add", "path": "/metadata/annotations", "value": {"k8sai.dev/x": "y"}},
        {"op": "copy", "from": "/data/a", "path": "/data/c"},
    ]
    patched = api.patch(f"{core}/configmaps/settings", operations, JSON_PATCH).ok()
    assert patched["data"] == {"a": "9", "c": "9"}
    assert patched["metadata"]["annotations"] == {"k8sai.dev/x": "y"}


def test_json_patch_with_escaped_keys(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(labels={"k8sai.dev/x": "1"})).ok()
    operations = [{"op": "replace", "path": "/metadata/labels/k8sai.dev~1x", "value": "2"}]
    patched = api.patch(f"{core}/configmaps/settings", operations, JSON_PATCH).ok()
    assert patched["metadata"]["labels"] == {"k8sai.dev/x": "2"}


def test_a_json_patch_whose_test_fails_changes_nothing(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    operations = [{"op": "replace", "path": "/data/a", "value": "2"}, {"op": "test", "path": "/data/a", "value": "7"}]
    api.patch(f"{core}/configmaps/settings", operations, JSON_PATCH).refused(422, "Invalid")
    assert api.get(f"{core}/configmaps/settings").ok()["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "operation", [{"op": "remove", "path": "/data/zzz"}, {"op": "replace", "path": "/no/such", "value": 1}]
)
def test_a_json_patch_of_what_is_not_there(api: Api, core: str, operation: Json) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    api.patch(f"{core}/configmaps/settings", [operation], JSON_PATCH).refused(422, "Invalid")


def test_patches_that_are_none(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    path = f"{core}/configmaps/settings"
    api.call("PATCH", path, b"{", content_type=MERGE).refused(400, "BadRequest")
    api.call("PATCH", path, b"{}", content_type=JSON_PATCH).refused(400, "BadRequest")
    unknown = api.call("PATCH", path, b"{}", content_type="application/json").refused(415, "UnsupportedMediaType")
    assert unknown["message"]


def test_a_patch_may_carry_the_version_it_was_made_for(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    version = made["metadata"]["resourceVersion"]
    guarded = {"metadata": {"resourceVersion": version}, "data": {"a": "2"}}
    api.patch(f"{core}/configmaps/settings", guarded).ok()
    api.patch(f"{core}/configmaps/settings", guarded | {"data": {"a": "3"}}).refused(409, "Conflict")
    assert api.get(f"{core}/configmaps/settings").ok()["data"] == {"a": "2"}


def test_a_patch_without_effect_keeps_the_version(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    for kind in (MERGE, STRATEGIC):
        again = api.patch(f"{core}/configmaps/settings", {"data": {"a": "1"}}, kind).ok()
        assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_the_servers_own_metadata_cannot_be_patched(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()["metadata"]
    patched = api.patch(f"{core}/configmaps/settings", {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}})
    assert patched.ok()["metadata"]["creationTimestamp"] == made["creationTimestamp"]
    renamed = api.patch(f"{core}/configmaps/settings", {"metadata": {"name": "other"}})
    assert renamed.status == 400
    assert api.get(f"{core}/configmaps/settings").status == 200


def test_a_patch_is_validated(api: Api, core: str) -> None:
    api.post(f"{core}/pods", pod()).ok()
    body = api.patch(f"{core}/pods/p", {"spec": {"restartPolicy": "Never"}}).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec"
    assert body["details"]["causes"][0]["reason"] == "FieldValueForbidden"


def _taint(key: str) -> Json:
    return {"key": key, "value": "x", "effect": "NoSchedule"}
