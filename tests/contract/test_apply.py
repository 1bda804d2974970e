"""Server-side apply of whole objects: made, changed, shared, taken, given up; and how each wrong one is refused."""

import pytest

from tests.contract.api import Api, Json
from tests.contract.objects import config_map, deployment
from tests.contract.owners import conflicts, keys, owners, times


@pytest.fixture
def path(core: str) -> str:
    return f"{core}/configmaps/settings"


def config(**data: str) -> Json:
    return config_map(data=data or {"a": "1"})


def test_an_apply_makes_what_is_not_there(api: Api, path: str) -> None:
    answer = api.apply(path, config())
    assert answer.status == 201
    made = answer.ok()
    assert made["data"] == {"a": "1"}
    assert owners(made) == {("one", "Apply"): {"f:data": keys("a")}}
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["apiVersion"], entry["time"][-1]) == ("v1", "Z")
    assert api.get(path).ok()["metadata"]["uid"] == made["metadata"]["uid"]


def test_the_body_may_be_yaml(api: Api, path: str) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  1: '2026-01-01'\n  on: |\n    x\n"
    assert api.apply(path, text).ok()["data"] == {"1": "2026-01-01", "true": "x\n"}


def test_an_apply_that_changes_nothing_is_no_write(api: Api, path: str) -> None:
    made = api.apply(path, config()).ok()
    again = api.apply(path, config())
    assert again.status == 200
    assert again.ok() == made


def test_what_a_manager_leaves_out_goes(api: Api, path: str) -> None:
    api.apply(path, config(a="1", b="2")).ok()
    changed = api.apply(path, config(b="3", c="4")).ok()
    assert changed["data"] == {"b": "3", "c": "4"}
    assert owners(changed) == {("one", "Apply"): {"f:data": keys("b", "c")}}


def test_two_managers_own_their_own(api: Api, path: str) -> None:
    api.apply(path, config(a="1"), "one").ok()
    both = api.apply(path, config(b="2"), "two").ok()
    assert both["data"] == {"a": "1", "b": "2"}
    assert owners(both) == {("one", "Apply"): {"f:data": keys("a")}, ("two", "Apply"): {"f:data": keys("b")}}
    less = api.apply(path, {**config(), "data": {}}, "one").ok()
    assert less["data"] == {"b": "2"}


def test_agreeing_is_sharing(api: Api, path: str) -> None:
    made = api.apply(path, config(a="1"), "one").ok()
    shared = api.apply(path, config(a="1"), "two").ok()
    assert owners(shared) == {(who, "Apply"): {"f:data": keys("a")} for who in ("one", "two")}
    assert int(shared["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert (times(shared)["one"], times(shared)["two"]) == (times(made)["one"], None)
    left = api.apply(path, {**config(), "data": {}}, "one").ok()
    assert left["data"] == {"a": "1"}, "the other still wants it"
    assert owners(left)["two", "Apply"] == {"f:data": keys("a")}
    assert "data" not in api.apply(path, {**config(), "data": {}}, "two").ok()


def test_a_different_value_is_a_conflict(api: Api, path: str) -> None:
    made = api.apply(path, config(a="1", b="1"), "one").ok()
    refused = api.apply(path, config(a="2", b="1"), "two")
    assert conflicts(refused) == [('conflict with "one"', ".data.a")]
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert "name" not in refused.body["details"]
    assert api.get(path).ok() == made


def test_conflicts_with_several_managers(api: Api, path: str) -> None:
    api.apply(path, config(a="1", b="1"), "one").ok()
    api.apply(path, config(a="1", c="1"), "two").ok()
    api.patch(path, {"data": {"d": "1"}}, query={"fieldManager": "kubectl-edit"}).ok()
    refused = api.apply(path, config(a="2", b="2", c="1", d="2"), "three")
    assert conflicts(refused) == [
        ('conflict with "kubectl-edit" using v1', ".data.d"),
        ('conflict with "one"', ".data.a"),
        ('conflict with "one"', ".data.b"),
        ('conflict with "two"', ".data.a"),
    ]
    assert refused.body["message"] == (
        "Apply failed with 4 conflicts: "
        'conflicts with "kubectl-edit" using v1:\n- .data.d\n'
        'conflicts with "one":\n- .data.a\n- .data.b\n'
        'conflicts with "two":\n- .data.a'
    )


def test_force_takes(api: Api, path: str) -> None:
    api.apply(path, config(a="1"), "one").ok()
    taken = api.apply(path, config(a="2"), "two", force="true").ok()
    assert taken["data"] == {"a": "2"}
    assert owners(taken) == {("two", "Apply"): {"f:data": keys("a")}}
    assert conflicts(api.apply(path, config(a="1"), "one")) == [('conflict with "two"', ".data.a")]


def test_labels_and_finalizers_have_owners(api: Api, path: str) -> None:
    meta: Json = {"labels": {"x": "1"}, "annotations": {"k8sai.dev/a": "b"}, "finalizers": ["k8sai.dev/z"]}
    made = api.apply(path, config_map(**meta)).ok()
    assert owners(made)["one", "Apply"]["f:metadata"] == {
        "f:annotations": keys("k8sai.dev/a"),
        "f:finalizers": {'v:"k8sai.dev/z"': {}},
        "f:labels": keys("x"),
    }
    more = api.apply(path, config_map(finalizers=["k8sai.dev/y"]), "two").ok()
    assert set(more["metadata"]["finalizers"]) == {"k8sai.dev/z", "k8sai.dev/y"}
    assert "labels" not in api.apply(path, config_map(finalizers=["k8sai.dev/z"])).ok()["metadata"]
    api.patch(path, {"metadata": {"finalizers": None}}).ok()


def test_a_dry_run_writes_nothing(api: Api, path: str) -> None:
    would = api.apply(path, config(), dryRun="All")
    assert (would.status, owners(would.ok())) == (201, {("one", "Apply"): {"f:data": keys("a")}})
    api.get(path).refused(404, "NotFound")
    made = api.apply(path, config()).ok()
    assert api.apply(path, config(a="2"), dryRun="All").ok()["data"] == {"a": "2"}
    assert api.apply(path, config(a="2"), "two", dryRun="All").status == 409
    assert api.get(path).ok() == made


def test_a_new_generation_only_for_a_new_spec(api: Api, core: str) -> None:
    path = core.replace("/api/v1", "/apis/apps/v1") + "/deployments/web"
    made = api.apply(path, deployment(replicas=0)).ok()
    assert made["metadata"]["generation"] == 1
    api.until_object(path, lambda d: d.get("status", {}).get("observedGeneration") == 1)
    assert api.apply(path, deployment(replicas=0)).ok()["metadata"]["generation"] == 1
    assert api.apply(path, deployment(replicas=0), "two").ok()["metadata"]["generation"] == 1
    other = deployment(replicas=0)
    other["spec"]["minReadySeconds"] = 3
    assert api.apply(path, other).ok()["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("manager", "reason", "text"),
    [
        ("", "FieldValueRequired", "Required value: is required for apply patch"),
        ("a\nb", "FieldValueInvalid", 'Invalid value: "a\\nb": invalid character U+000A (at position 1)'),
        ("a" * 129, "FieldValueTooLong", "Too long: may not be more than 128 bytes"),
    ],
)
def test_managers_must_be_named(api: Api, path: str, manager: str, reason: str, text: str) -> None:
    body = api.apply(path, config(), manager).refused(422, "Invalid")
    assert body["message"] == f'PatchOptions.meta.k8s.io "" is invalid: fieldManager: {text}'
    assert body["details"] == {
        "group": "meta.k8s.io",
        "kind": "PatchOptions",
        "causes": [{"reason": reason, "message": text, "field": "fieldManager"}],
    }


def test_only_apply_is_forced(api: Api, path: str) -> None:
    api.apply(path, config()).ok()
    body = api.patch(path, {"data": {"a": "2"}}, query={"force": "true"}).refused(422, "Invalid")
    assert body["details"]["causes"][0]["message"] == "Forbidden: may not be specified for non-apply patch"


def test_unknown_validation(api: Api, path: str) -> None:
    body = api.apply(path, config(), fieldValidation="Nope").refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "fieldValidation"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "Secret"}, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "apps/v1"}, "invalid object type: apps/v1, Kind=ConfigMap"),
        ({"kind": None}, "invalid object type: /v1, Kind="),
        ({"apiVersion": None}, "invalid object type: /, Kind=ConfigMap"),
        ({"metadata": {"name": "settings", "managedFields": [{}]}}, "metadata.managedFields must be nil"),
        ({"metadata": {"name": "settings", "managedFields": []}}, "metadata.managedFields must be nil"),
        (
            {"metadata": {"name": "other"}},
            "the name of the object (other) does not match the name on the URL (settings)",
        ),
        (
            {"metadata": {"name": "settings", "namespace": "elsewhere"}},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
def test_bodies_that_do_not_fit_the_url(api: Api, path: str, change: Json, said: str) -> None:
    api.apply(path, config()).ok()
    body = {key: value for key, value in {**config(), **change}.items() if value is not None}
    assert api.apply(path, body).refused(400, "BadRequest")["message"] == said


def test_a_name_is_needed_to_make_something(api: Api, path: str) -> None:
    nameless = {key: value for key, value in config().items() if key != "metadata"}
    said = "the name of the object (settings based on URL) was undeterminable: name must be provided"
    assert api.apply(path, nameless).refused(400, "BadRequest")["message"] == said
    api.apply(path, config()).ok()
    assert api.apply(path, {**nameless, "data": {"a": "2"}}).ok()["data"] == {"a": "2"}


@pytest.mark.parametrize("body", [b"a: [", b"- a", b"", b"x"])
def test_bodies_that_are_none(api: Api, path: str, body: bytes) -> None:
    api.apply(path, body).refused(400, "BadRequest")


def test_keys_that_are_written_twice(api: Api, path: str) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  b: '3'\n  b: '4'\n"
    assert api.apply(path, text).headers["Warning"] == '299 - "line 6: key \\"b\\" already set in map"'
    assert "Warning" not in api.apply(path, text, fieldValidation="Ignore").headers
    refused = api.apply(path, text, fieldValidation="Strict").refused(400, "BadRequest")
    assert 'line 6: key "b" already set in map' in refused["message"]


@pytest.mark.parametrize("mode", ["Ignore", "Warn", "Strict"])
def test_fields_nobody_declared(api: Api, path: str, mode: str) -> None:
    answer = api.apply(path, {**config(), "bogus": 1}, fieldValidation=mode)
    said = "failed to create typed patch object (/settings; /v1, Kind=ConfigMap): .bogus: field not declared in schema"
    assert (answer.status, answer.body["message"]) == (500, said)


def test_values_of_the_wrong_type(api: Api, path: str) -> None:
    answer = api.apply(path, {**config(), "data": {"a": 1}})
    assert answer.status == 500
    assert "Kind=ConfigMap): .data.a: expected string, got " in answer.body["message"]
    assert ".data: expected map, got " in api.apply(path, {**config(), "data": []}).body["message"]


def test_a_version_in_the_body_is_a_condition(api: Api, path: str) -> None:
    made = api.apply(path, config()).ok()["metadata"]
    stale = config_map(data={"a": "2"}, resourceVersion="1")
    assert "the object has been modified" in api.apply(path, stale).refused(409, "Conflict")["message"]
    fresh = config_map(data={"a": "2"}, resourceVersion=made["resourceVersion"], uid=made["uid"])
    changed = api.apply(path, fresh).ok()
    assert owners(changed) == {("one", "Apply"): {"f:data": keys("a")}}


def test_a_uid_in_the_body_is_a_condition(api: Api, path: str) -> None:
    stranger = config_map(uid="00000000-0000-0000-0000-000000000000")
    assert "uid mismatch" in api.apply(path, stranger).refused(409, "Conflict")["message"]
    api.apply(path, config()).ok()
    body = api.apply(path, stranger).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "metadata.uid"


def test_a_namespace_that_is_not_there(api: Api) -> None:
    path = "/api/v1/namespaces/nowhere/configmaps/settings"
    assert api.apply(path, config()).refused(404, "NotFound")["message"] == 'namespaces "nowhere" not found'


def test_nothing_is_applied_to_a_collection(api: Api, core: str) -> None:
    api.apply(f"{core}/configmaps", config()).refused(405, "MethodNotAllowed")


def test_what_is_applied_is_validated(api: Api, core: str) -> None:
    path = core.replace("/api/v1", "/apis/apps/v1") + "/deployments/web"
    body = api.apply(path, deployment(replicas=-1)).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.replicas"
    api.get(path).refused(404, "NotFound")


def test_null_and_empty(api: Api, path: str) -> None:
    api.apply(path, config()).ok()
    emptied = api.apply(path, {**config(), "data": None}).ok()
    assert "data" not in emptied
    assert owners(emptied) == {("one", "Apply"): keys("data")}
