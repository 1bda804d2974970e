"""Create, read, update, delete; and the ways to be refused."""

import pytest

from tests.contract.api import JSON, Api
from tests.contract.objects import config_map, pod


def test_created_objects_carry_the_servers_metadata(api: Api, core: str, namespace: str) -> None:
    answer = api.post(f"{core}/configmaps", config_map(labels={"team": "a"}))
    made = answer.ok()
    meta = made["metadata"]
    assert answer.status == 201
    assert (made["apiVersion"], made["kind"], made["data"]) == ("v1", "ConfigMap", {"a": "1"})
    assert (meta["name"], meta["namespace"], meta["labels"]) == ("settings", namespace, {"team": "a"})
    assert len(meta["uid"]) == 36
    assert int(meta["resourceVersion"]) > 0
    assert meta["creationTimestamp"].endswith("Z")
    read = api.get(f"{core}/configmaps/settings").ok()
    assert (read["metadata"]["uid"], read["data"]) == (meta["uid"], made["data"])


def test_a_name_is_taken_once(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    body = api.post(f"{core}/configmaps", config_map()).refused(409, "AlreadyExists")
    assert body["message"] == 'configmaps "settings" already exists'
    assert body["details"] == {"name": "settings", "kind": "configmaps"}


def test_what_is_not_there(api: Api, core: str) -> None:
    body = api.get(f"{core}/configmaps/ghost").refused(404, "NotFound")
    assert body["message"] == 'configmaps "ghost" not found'
    assert body["details"] == {"name": "ghost", "kind": "configmaps"}
    api.put(f"{core}/configmaps/ghost", config_map("ghost", resourceVersion="1")).refused(404, "NotFound")
    api.patch(f"{core}/configmaps/ghost", {"data": {}}).refused(404, "NotFound")
    api.delete(f"{core}/configmaps/ghost").refused(404, "NotFound")
    grouped = api.get(core.replace("/api/v1", "/apis/apps/v1") + "/deployments/ghost").refused(404, "NotFound")
    assert grouped["message"] == 'deployments.apps "ghost" not found'
    assert grouped["details"] == {"name": "ghost", "group": "apps", "kind": "deployments"}


def test_a_namespace_must_exist(api: Api) -> None:
    body = api.post("/api/v1/namespaces/nowhere/configmaps", config_map()).refused(404, "NotFound")
    assert body["message"] == 'namespaces "nowhere" not found'
    assert api.get("/api/v1/namespaces/nowhere/configmaps").ok()["items"] == []


def test_update_replaces(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map(labels={"old": "1"})).ok()
    changed = api.put(f"{core}/configmaps/settings", config_map(data={"b": "2"})).ok()
    assert changed["data"] == {"b": "2"}
    assert "labels" not in changed["metadata"]
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    assert changed["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_an_update_without_a_change_changes_nothing(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    again = api.put(f"{core}/configmaps/settings", made).ok()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_stale_update_conflicts(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    api.put(f"{core}/configmaps/settings", {**made, "data": {"a": "2"}}).ok()
    body = api.put(f"{core}/configmaps/settings", {**made, "data": {"a": "3"}}).refused(409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in body["message"]
    assert api.get(f"{core}/configmaps/settings").ok()["data"] == {"a": "2"}


def test_an_update_of_another_life_conflicts(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    stranger = config_map(uid="00000000-0000-0000-0000-000000000000")
    api.put(f"{core}/configmaps/settings", stranger).refused(409, "Conflict")
    assert api.get(f"{core}/configmaps/settings").ok()["metadata"]["uid"] == made["metadata"]["uid"]


def test_names_and_namespaces_must_agree_with_the_path(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    api.put(f"{core}/configmaps/settings", config_map("other")).refused(400, "BadRequest")
    api.post(f"{core}/configmaps", config_map("elsewhere", namespace="default")).refused(400, "BadRequest")


def test_generate_name(api: Api, core: str) -> None:
    nameless = config_map()
    nameless["metadata"] = {"generateName": "run-"}
    names = {api.post(f"{core}/configmaps", nameless).ok()["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("run-") and len(name) == len("run-") + 5 for name in names)


def test_a_name_is_required(api: Api, core: str) -> None:
    nameless = config_map()
    nameless["metadata"] = {}
    body = api.post(f"{core}/configmaps", nameless).refused(422, "Invalid")
    assert [cause["field"] for cause in body["details"]["causes"]] == ["metadata.name"]


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 254])
def test_names_are_checked(api: Api, core: str, name: str) -> None:
    body = api.post(f"{core}/configmaps", config_map(name)).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "metadata.name"
    assert body["details"]["causes"][0]["reason"] == "FieldValueInvalid"


def test_labels_are_checked(api: Api, core: str) -> None:
    body = api.post(f"{core}/configmaps", config_map(labels={"team": "not a value"})).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "metadata.labels"


def test_dry_run_answers_but_writes_nothing(api: Api, core: str) -> None:
    configmaps, dry = f"{core}/configmaps", {"dryRun": "All"}
    would = api.post(configmaps, config_map(), dry).ok()
    assert would["metadata"]["uid"]
    api.get(f"{configmaps}/settings").refused(404, "NotFound")
    made = api.post(configmaps, config_map()).ok()
    assert api.put(f"{configmaps}/settings", config_map(data={"b": "2"}), dry).ok()["data"] == {"b": "2"}
    assert api.patch(f"{configmaps}/settings", {"data": {"c": "3"}}, query=dry).ok()["data"] == {"a": "1", "c": "3"}
    api.delete(f"{configmaps}/settings", query=dry).ok()
    api.delete(f"{configmaps}/settings", {"dryRun": ["All"]}).ok()
    assert api.get(f"{configmaps}/settings").ok()["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    api.post(configmaps, config_map(), dry).refused(409, "AlreadyExists")
    invalid = api.post(configmaps, config_map("x"), {"dryRun": "Some"}).refused(422, "Invalid")
    assert invalid["details"]["causes"][0]["field"] == "dryRun"


def test_delete_answers_with_a_status_or_the_object(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    gone = api.delete(f"{core}/configmaps/settings").ok()
    assert (gone["kind"], gone["status"]) == ("Status", "Success")
    assert gone["details"] == {"name": "settings", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    api.post(f"{core}/pods", pod()).ok()
    assert api.delete(f"{core}/pods/p").ok()["kind"] == "Pod"


def test_delete_with_preconditions(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()["metadata"]
    path = f"{core}/configmaps/settings"
    api.delete(path, {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}).refused(409, "Conflict")
    api.delete(path, {"preconditions": {"resourceVersion": "1"}}).refused(409, "Conflict")
    api.delete(path, {"preconditions": {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}}).ok()


def test_a_delete_of_a_collection_takes_what_a_selector_names(api: Api, core: str) -> None:
    for name, team in (("a", "x"), ("b", "x"), ("c", "y")):
        api.post(f"{core}/configmaps", config_map(name, labels={"team": team})).ok()
    api.delete(f"{core}/configmaps", query={"labelSelector": "team=x"}).ok()
    left = api.get(f"{core}/configmaps", {"labelSelector": "team"}).ok()["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


def test_a_new_object_has_no_version(api: Api, core: str) -> None:
    answer = api.post(f"{core}/configmaps", config_map(resourceVersion="5"))
    assert answer.status == 500
    assert "resourceVersion should not be set on objects to be created" in answer.body["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}}'])
def test_bodies_that_are_no_such_object(api: Api, core: str, body: bytes) -> None:
    api.call("POST", f"{core}/configmaps", body).refused(400, "BadRequest")


def test_fields_of_the_wrong_type(api: Api, core: str) -> None:
    wrong = config_map()
    wrong["data"] = {"a": ["not", "text"]}
    api.post(f"{core}/configmaps", wrong).refused(400, "BadRequest")


def test_media_types(api: Api, core: str) -> None:
    unknown = api.call("POST", f"{core}/configmaps", config_map(), content_type="text/plain")
    unknown.refused(415, "UnsupportedMediaType")
    api.get(f"{core}/configmaps", accept="text/csv").refused(406, "NotAcceptable")
    assert api.get(f"{core}/configmaps", accept=f"text/csv, {JSON}").ok()["kind"] == "ConfigMapList"


def test_methods_that_are_not_served(api: Api, core: str) -> None:
    body = api.put(f"{core}/configmaps", config_map()).refused(405, "MethodNotAllowed")
    assert body["message"] == "the server does not allow this method on the requested resource"


def test_a_service_of_no_known_type(api: Api, core: str) -> None:
    made = {"metadata": {"name": "s"}, "spec": {"type": "Nope", "ports": [{"port": 80}]}}
    cause = api.post(f"{core}/services", made).refused(422, "Invalid")["details"]["causes"][0]
    assert (cause["reason"], cause["field"]) == ("FieldValueNotSupported", "spec.type")
