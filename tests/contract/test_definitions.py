"""CustomResourceDefinitions: their names and conditions, what they make the server serve, and their end."""

import copy
import time
from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import AGGREGATED, Api, Json
from tests.contract.definitions import CRDS, STATUS, define, definition, established, group, model


@pytest.fixture
def of(api: Api) -> Iterator[str]:
    """A group of the test's own; its definitions go with it."""
    name = group()
    yield name
    for crd in api.get(CRDS).ok()["items"]:
        if crd["spec"]["group"] == name:
            api.delete(f"{CRDS}/{crd['metadata']['name']}")


def test_a_new_definition_is_accepted_and_established(api: Api, of: str) -> None:
    define(api, definition(of))
    crd = api.get(f"{CRDS}/models.{of}").ok()
    names = crd["spec"]["names"]
    assert (names["singular"], names["listKind"], crd["spec"]["conversion"]) == (
        "model",
        "ModelList",
        {"strategy": "None"},
    )
    assert crd["status"]["acceptedNames"] == names
    assert crd["status"]["storedVersions"] == ["v1"]
    conditions = {one["type"]: (one["status"], one["reason"], one["message"]) for one in crd["status"]["conditions"]}
    assert conditions == {
        "NamesAccepted": ("True", "NoConflicts", "no conflicts found"),
        "Established": ("True", "InitialNamesAccepted", "the initial names have been accepted"),
    }


def test_its_kind_is_discovered(api: Api, of: str) -> None:
    path = define(api, definition(of))
    found = api.get(f"/apis/{of}").ok()
    assert found["preferredVersion"] == {"groupVersion": f"{of}/v1", "version": "v1"}
    kinds = {one["name"]: one for one in api.get(path).ok()["resources"]}
    assert kinds.keys() == {"models", "models/status", "models/scale"}
    told = kinds["models"]
    assert (told["kind"], told["singularName"], told["namespaced"]) == ("Model", "model", True)
    assert (told["shortNames"], told["categories"]) == (["modx"], ["all"])
    assert set(told["verbs"]) == {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
    assert set(kinds["models/status"]["verbs"]) == {"get", "patch", "update"}
    assert (kinds["models/scale"]["group"], kinds["models/scale"]["kind"]) == ("autoscaling", "Scale")

    def aggregated() -> Json:
        items = api.get("/apis", accept=AGGREGATED).ok()["items"]
        return next((one for one in items if one["metadata"]["name"] == of), {})

    found = _until(aggregated)
    (resource,) = found["versions"][0]["resources"]
    assert (resource["resource"], resource["scope"], resource["singularResource"]) == ("models", "Namespaced", "model")
    assert {one["subresource"] for one in resource["subresources"]} == {"scale", "status"}


def test_its_schema_is_published(api: Api, of: str) -> None:
    define(api, definition(of))

    def published() -> Json:
        answer = api.get(f"/openapi/v3/apis/{of}/v1")
        if answer.status != 200:
            return {}
        schemas = answer.ok()["components"]["schemas"].values()
        gvk = [{"group": of, "version": "v1", "kind": "Model"}]
        return next((one for one in schemas if one.get("x-kubernetes-group-version-kind") == gvk), {})

    spec = _until(published)["properties"]["spec"]["properties"]
    assert spec["replicas"]["type"] == "integer"
    assert spec["shards"]["x-kubernetes-list-map-keys"] == ["name"]


def _until(ask: Callable[[], Json]) -> Json:
    """What a question gives as soon as it gives anything: some things follow a definition a moment later."""
    end = time.monotonic() + 60
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < end


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"metadata": {"name": "others.example.com"}}, "metadata.name", "FieldValueInvalid"),
        ({"scope": "Everywhere"}, "spec.scope", "FieldValueNotSupported"),
        ({"storage": False}, "spec.versions", "FieldValueInvalid"),
        ({"schema": None}, "spec.versions[0].schema.openAPIV3Schema", "FieldValueRequired"),
        (
            {"properties": {"spec": {"description": "no type"}}},
            "spec.validation.openAPIV3Schema.properties[spec].type",
            "FieldValueRequired",
        ),
    ],
)
def test_definitions_that_are_none(api: Api, of: str, change: Json, field: str, reason: str) -> None:
    crd = definition(of)
    version = crd["spec"]["versions"][0]
    if "metadata" in change:
        crd["metadata"] = change["metadata"]
    elif "scope" in change:
        crd["spec"]["scope"] = change["scope"]
    elif "storage" in change:
        version["storage"] = False
    elif "schema" in change:
        del version["schema"]
        for key in ("selectableFields", "subresources"):
            del version[key]
    else:
        version["schema"] = {"openAPIV3Schema": {"type": "object", **change}}
        del version["selectableFields"]
    causes = api.post(CRDS, crd).refused(422, "Invalid")["details"]["causes"]
    assert (field, reason) in {(one["field"], one["reason"]) for one in causes}


def test_names_are_taken_once_in_a_group(api: Api, of: str) -> None:
    define(api, definition(of))
    other = definition(of, plural="copies", kind="Model")
    api.post(CRDS, other).ok()

    def told(obj: Json) -> bool:
        return bool((obj.get("status") or {}).get("conditions"))

    found = api.until_object(f"{CRDS}/copies.{of}", told)
    conditions = {one["type"]: (one["status"], one["reason"], one["message"]) for one in found["status"]["conditions"]}
    assert conditions["NamesAccepted"] == ("False", "ListKindConflict", '"ModelList" is already in use')
    assert conditions["Established"] == ("False", "NotAccepted", "not all names are accepted")
    assert api.get(f"/apis/{of}/v1/copies").status == 404
    api.delete(f"{CRDS}/models.{of}").ok()
    established(api, other)


def test_served_versions_show_the_same_object(api: Api, core: str, of: str, namespace: str) -> None:
    crd = definition(of)
    del crd["spec"]["versions"][0]["selectableFields"]  # a real server takes them only where all schemas are the same
    second = copy.deepcopy(crd["spec"]["versions"][0])
    properties = second["schema"]["openAPIV3Schema"]["properties"]
    second["schema"]["openAPIV3Schema"]["properties"] = {
        "spec": {**properties["spec"], "properties": {**properties["spec"]["properties"], "newer": {"type": "string"}}},
        "status": STATUS,
    }
    second.update(name="v2beta1", storage=False, deprecated=True)
    hidden = {**copy.deepcopy(second), "name": "v3", "served": False}
    crd["spec"]["versions"] += [second, hidden]
    define(api, crd)
    told = api.get(f"/apis/{of}").ok()
    assert [one["version"] for one in told["versions"]] == ["v1", "v2beta1"]
    old, new = (f"/apis/{of}/{version}/namespaces/{namespace}/models" for version in ("v1", "v2beta1"))
    made = api.post(new, model(of, version="v2beta1", newer="x", replicas=3)).ok()
    assert made["apiVersion"] == f"{of}/v2beta1"
    given_up = f"{of}/v2beta1 Model is deprecated; use {of}/v1 Model"
    assert api.get(f"{new}/m").headers["Warning"] == f'299 - "{given_up}"'
    assert "Warning" not in api.get(f"{old}/m").headers
    read = api.get(f"{old}/m").ok()
    assert (read["apiVersion"], read["spec"]["replicas"], read["metadata"]["uid"]) == (
        f"{of}/v1",
        3,
        made["metadata"]["uid"],
    )
    assert "newer" not in read["spec"]
    listed = api.get(new).ok()
    assert (listed["kind"], listed["apiVersion"]) == ("ModelList", f"{of}/v2beta1")
    assert [one["apiVersion"] for one in listed["items"]] == [f"{of}/v2beta1"]
    with api.watch(new, {"resourceVersion": listed["metadata"]["resourceVersion"]}) as events:
        api.patch(f"{old}/m", {"spec": {"replicas": 5}}).ok()
        event = next(iter(events))
        assert (event["type"], event["object"]["apiVersion"]) == ("MODIFIED", f"{of}/v2beta1")
        assert event["object"]["spec"]["replicas"] == 5
    api.post(new, model(of, name="wrong", version="v1")).refused(400, "BadRequest")
    assert api.get(f"/apis/{of}/v3/namespaces/{namespace}/models").status == 404


def test_a_changed_schema_counts_from_then_on(api: Api, of: str, namespace: str) -> None:
    path = define(api, definition(of)) + f"/namespaces/{namespace}/models"
    api.post(path, model(of, replicas=7)).ok()
    crd = api.get(f"{CRDS}/models.{of}").ok()
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    schema["replicas"]["maximum"] = 4
    schema["color"] = {"type": "string"}
    api.put(f"{CRDS}/models.{of}", crd).ok()

    def known() -> Json:
        answer = api.post(path, model(of, name="probe", color="red"), {"dryRun": "All", "fieldValidation": "Strict"})
        return {"yes": True} if answer.status == 201 else {}

    _until(known)
    body = api.post(path, model(of, name="big", replicas=7)).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.replicas"
    kept = api.patch(f"{path}/m", {"spec": {"color": "blue"}}).ok()
    assert kept["spec"] == {**kept["spec"], "replicas": 7, "color": "blue"}
    api.patch(f"{path}/m", {"spec": {"replicas": 6}}).refused(422, "Invalid")


def test_kinds_of_the_whole_cluster_without_a_status_of_their_own(api: Api, of: str) -> None:
    crd = definition(of, scope="Cluster")
    crd["spec"]["versions"][0]["subresources"] = {}
    path = define(api, crd) + "/models"
    made = api.post(path, {**model(of), "status": {"replicas": 1}}).ok()
    assert (made["status"], made["metadata"]["generation"]) == ({"replicas": 1}, 1)
    assert api.patch(f"{path}/m", {"status": {"replicas": 2}}).ok()["metadata"]["generation"] == 2
    assert api.get(f"{path}/m/status").status == 404
    assert "namespace" not in made["metadata"]
    assert [one["metadata"]["name"] for one in api.get(path).ok()["items"]] == ["m"]


def test_objects_go_with_their_definition(api: Api, of: str, namespace: str) -> None:
    path = define(api, definition(of)) + f"/namespaces/{namespace}/models"
    held = model(of, name="held")
    held["metadata"]["finalizers"] = ["contract.k8sai.dev/hold"]
    for obj in (model(of), held):
        api.post(path, obj).ok()
    gone = api.delete(f"{CRDS}/models.{of}").ok()
    assert gone["metadata"]["deletionTimestamp"]
    assert "customresourcecleanup.apiextensions.k8s.io" in gone["metadata"]["finalizers"]
    api.until_gone(f"{path}/m")
    api.until_object(f"{path}/held", lambda obj: "deletionTimestamp" in obj["metadata"])
    api.patch(f"{path}/held", {"metadata": {"finalizers": None}}).ok()
    api.until_gone(f"{CRDS}/models.{of}")

    def absent() -> Json:
        return {"yes": True} if api.get(path).status == 404 else {}

    _until(absent)
