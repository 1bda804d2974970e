"""How a server answers the patches that rollouts write: which guards hold, how it refuses, who owns what."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.api import JSON_PATCH, MERGE, STRATEGIC, Answer, Api, Json
from tests.contract.objects import config_map
from tests.contract.real_definitions import define_real

ROUTE = ("gateway.networking.k8s.io/v1", "HTTPRoute")
GROUP = "/apis/gateway.networking.k8s.io/v1"
KIND = "HTTPRoute.gateway.networking.k8s.io"
REJECTED = "the server rejected our request due to an error in our request"
REFS = "/spec/rules/0/backendRefs"
LONG_AGO = "1"  # no version of an object


def ref(name: str, weight: Any = None) -> Json:
    return {"name": name, "port": 8000} | ({"weight": weight} if weight is not None else {})


def manifest(*refs: Json) -> Json:
    rule = {"name": "main", "backendRefs": [*(refs or (ref("v1"), ref("v2", 0)))]}
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [rule]}
    return {"apiVersion": ROUTE[0], "kind": ROUTE[1], "metadata": {"name": "chat"}, "spec": spec}


def operation(op: str, path: str, **more: Any) -> Json:
    return {"op": op, "path": path, **more}


@pytest.fixture
def routes(api: Api, namespace: str) -> Iterator[str]:
    """The path of HTTPRoutes; one is there, with the real definition."""
    define_real(api, ROUTE)
    path = f"{GROUP}/namespaces/{namespace}/httproutes"
    api.post(path, manifest()).ok()
    yield path
    api.delete(f"{path}/chat")


@pytest.fixture
def chat(routes: str) -> str:
    return f"{routes}/chat"


def patched(api: Api, path: str, *operations: Json, **query: str) -> Answer:
    return api.patch(path, [*operations], JSON_PATCH, query or {"fieldValidation": "Strict"})


# --- guards -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "guard",
    [
        operation("test", f"{REFS}/0/weight", value=2),
        operation("test", f"{REFS}/0/filters", value=[]),
        operation("test", f"{REFS}/2", value=None),
        operation("test", "/spec/nothing/0", value=None),
        operation("test", "/metadata/uid", value="another"),
        operation("test", "/metadata/resourceVersion", value=LONG_AGO),
        operation("remove", f"{REFS}/0/filters"),
        operation("remove", f"{REFS}/2"),
        operation("replace", f"{REFS}/2/weight", value=1),
        operation("add", f"{REFS}/3", value=ref("v3")),
        operation("add", "/spec/nothing/0", value=1),
        operation("unheard-of", "/spec"),
    ],
    ids=lambda one: f"{one['op']} {one['path']}",
)
def test_whatever_guard_fails_is_answered_with_the_same_words_and_no_details(api: Api, chat: str, guard: Json) -> None:
    before = api.get(chat).ok()
    change = operation("replace", f"{REFS}/0/weight", value=50)
    body = patched(api, chat, change, guard).refused(422, "Invalid")
    assert (body["message"], body.get("details")) == (REJECTED, {})
    assert api.get(chat).ok() == before


@pytest.mark.parametrize(
    "guard",
    [
        operation("test", f"{REFS}/0/weight", value=1),  # nobody has written it: the default is stored
        operation("test", f"{REFS}/0/group", value=""),
        operation("test", f"{REFS}/0/kind", value="Service"),
        operation("test", f"{REFS}/0/filters", value=None),
        operation("test", f"{REFS}/0/filters"),
        operation("test", f"{REFS}/-1/name", value="v2"),
        operation("test", f"{REFS}/00/name", value="v1"),
        operation("test", "/spec/rules/0/name", value="main"),
        operation("test", "/metadata/generation", value=1),
        operation("test", "/status", value=None),
        operation(
            "test", "/spec/parentRefs/0", value={"kind": "Gateway", "name": "gateway", "group": GROUP.split("/")[2]}
        ),
    ],
    ids=lambda one: f"{one['path']} {one.get('value')}",
)
def test_guards_that_hold(api: Api, chat: str, guard: Json) -> None:
    changed = patched(api, chat, guard, operation("replace", f"{REFS}/1/weight", value=5)).ok()
    assert [one["weight"] for one in changed["spec"]["rules"][0]["backendRefs"]] == [1, 5]


@pytest.mark.parametrize(("sent", "holds"), [("0", True), (" 0 ", True), ("0.0", False), ("0e0", False), ("-0", False)])
def test_a_number_is_tested_as_it_is_spelled(api: Api, chat: str, sent: str, holds: bool) -> None:
    body = f'[{{"op":"test","path":"{REFS}/1/weight","value":{sent}}}]'.encode()
    assert api.call("PATCH", chat, body, content_type=JSON_PATCH).status == (200 if holds else 422)


@pytest.mark.parametrize(
    ("text", "sent", "holds"),
    [
        ("ü", '"ü"', True),
        ("ü", '"\\u00fc"', False),
        ("<", '"<"', False),
        ("<", '"\\u003c"', True),
        ("<", '"\\u003C"', False),
        ("&>", '"\\u0026\\u003e"', True),
        ("\u2028", '"\\u2028"', True),
        ("\u2028", '"\u2028"', False),
        ('"/\\\t', '"\\"/\\\\\\t"', True),
        ("/", '"\\/"', False),
    ],
)
@pytest.mark.parametrize("built_in", [True, False])
def test_a_string_is_tested_as_go_spells_it(
    api: Api, core: str, chat: str, text: str, sent: str, holds: bool, built_in: bool
) -> None:
    path = f"{core}/configmaps/settings" if built_in else chat
    if built_in:
        api.post(f"{core}/configmaps", config_map()).ok()
    api.patch(path, {"metadata": {"annotations": {"a": text}}}).ok()
    body = f'[{{"op":"test","path":"/metadata/annotations/a","value":{sent}}}]'.encode()
    assert api.call("PATCH", path, body, content_type=JSON_PATCH).status == (200 if holds else 422)


def test_a_spec_may_be_guarded_by_its_status_but_not_write_it(api: Api, chat: str) -> None:
    generation = api.get(chat).ok()["metadata"]["generation"]
    said = {"lastTransitionTime": "2026-11-21T14:00:00Z", "message": "", "observedGeneration": generation}
    conditions = [{**said, "type": "Accepted", "status": "True", "reason": "Accepted"}]
    parent = {"parentRef": {"name": "gateway"}, "controllerName": "example.com/gateway", "conditions": conditions}
    api.patch(f"{chat}/status", {"status": {"parents": [parent]}}).ok()
    accepted = "/status/parents/0/conditions/0"
    guard = operation("test", f"{accepted}/observedGeneration", value=generation)
    shift = operation("replace", f"{REFS}/1/weight", value=5)
    changed = patched(api, chat, guard, shift, operation("replace", f"{accepted}/status", value="False")).ok()
    assert changed["metadata"]["generation"] == generation + 1
    assert changed["status"]["parents"][0]["conditions"][0]["status"] == "True"
    guard = operation("test", f"{accepted}/status", value="False")
    patched(api, chat, guard, operation("replace", f"{REFS}/1/weight", value=9)).refused(422, "Invalid")


# --- what is written --------------------------------------------------------------------------------------------------


def test_replacing_what_is_absent_adds_it(api: Api, chat: str) -> None:
    path = "/metadata/annotations"
    assert patched(api, chat, operation("replace", path, value={"a": "b"})).ok()["metadata"]["annotations"] == {
        "a": "b"
    }


def test_without_strict_validation_a_typo_is_a_warning(api: Api, chat: str) -> None:
    typo = operation("replace", f"{REFS}/0/wieght", value=5)
    answer = patched(api, chat, typo, fieldValidation="Warn")
    assert answer.headers["Warning"] == '299 - "unknown field \\"spec.rules[0].backendRefs[0].wieght\\""'
    assert "wieght" not in answer.ok()["spec"]["rules"][0]["backendRefs"][0]
    body = patched(api, chat, typo).refused(422, "Invalid")
    assert body["message"].startswith(' "" is invalid: patch: Invalid value: ')
    assert body["message"].endswith('strict decoding error: unknown field "spec.rules[0].backendRefs[0].wieght"')


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            10.5,
            'Invalid value: "float64": spec.rules[0].backendRefs[0].weight in body must be of type int32: "float64"',
        ),
        (
            "10",
            'Invalid value: "string": spec.rules[0].backendRefs[0].weight in body must be of type integer: "string"',
        ),
        (-1, "Invalid value: -1: spec.rules[0].backendRefs[0].weight in body should be greater than or equal to 0"),
        (1_000_001, "should be less than or equal to 1000000"),
    ],
)
def test_a_weight_that_is_none_is_told_with_its_place(api: Api, chat: str, value: Any, said: str) -> None:
    body = patched(api, chat, operation("replace", f"{REFS}/0/weight", value=value)).refused(422, "Invalid")
    assert body["message"].startswith(f'{KIND} "chat" is invalid: ') and said in body["message"]
    assert any(one["field"] == "spec.rules[0].backendRefs[0].weight" for one in body["details"]["causes"])


def test_a_service_without_a_port_is_refused_and_a_pool_needs_none(api: Api, chat: str) -> None:
    new = operation("add", f"{REFS}/-", value={"name": "v3", "weight": 0})
    body = patched(api, chat, new).refused(422, "Invalid")
    assert "Must have port for Service reference" in body["message"]
    pool = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "v3", "weight": 0}
    patched(api, chat, operation("add", f"{REFS}/-", value=pool)).ok()


def test_names_of_rules_may_repeat_and_all_weights_may_be_0(api: Api, chat: str) -> None:
    copied = {"op": "copy", "from": "/spec/rules/0", "path": "/spec/rules/-"}
    changed = patched(api, chat, operation("replace", f"{REFS}/0/weight", value=0), copied).ok()
    assert [rule["name"] for rule in changed["spec"]["rules"]] == ["main", "main"]
    assert {one["weight"] for rule in changed["spec"]["rules"] for one in rule["backendRefs"]} == {0}


def test_the_same_weight_again_changes_nothing(api: Api, chat: str) -> None:
    before = api.get(chat).ok()["metadata"]
    again = patched(api, chat, operation("replace", f"{REFS}/0/weight", value=1)).ok()["metadata"]
    assert (again["generation"], again["resourceVersion"]) == (before["generation"], before["resourceVersion"])


@pytest.mark.parametrize("media", [MERGE, JSON_PATCH])
def test_an_older_version_is_a_conflict_in_either_format(api: Api, chat: str, media: str) -> None:
    old = api.get(chat).ok()["metadata"]["resourceVersion"]
    patched(api, chat, operation("replace", f"{REFS}/1/weight", value=5)).ok()
    body: Any = {"metadata": {"resourceVersion": old}, "spec": {"hostnames": ["a.example.com"]}}
    if media == JSON_PATCH:
        hosts = operation("add", "/spec/hostnames", value=["a.example.com"])
        body = [operation("replace", "/metadata/resourceVersion", value=old), hosts]
    said = api.patch(chat, body, media).refused(409, "Conflict")["message"]
    assert said.endswith("the object has been modified; please apply your changes to the latest version and try again")


def test_another_uid_in_a_merge_patch_is_immutable(api: Api, chat: str) -> None:
    new = {"uid": "another"}
    body = api.patch(chat, {"metadata": new, "spec": {"hostnames": ["a.example.com"]}}).refused(422, "Invalid")
    assert body["message"] == f'{KIND} "chat" is invalid: metadata.uid: Invalid value: "another": field is immutable'
    api.patch(chat, {"metadata": new | {"resourceVersion": LONG_AGO}}).refused(409, "Conflict")


def test_a_strategic_merge_is_not_taken(api: Api, chat: str) -> None:
    api.patch(chat, {"spec": {"hostnames": ["a.example.com"]}}, STRATEGIC).refused(415, "UnsupportedMediaType")


A, B, C = "k8sai.dev/a", "k8sai.dev/b", "k8sai.dev/c"
ENDS = "/metadata/finalizers"


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (operation("remove", f"{ENDS}/-1"), [A]),
        (operation("remove", f"{ENDS}/01"), [A]),
        (operation("remove", f"{ENDS}/-3"), None),
        (operation("add", f"{ENDS}/2", value=C), [A, B, C]),
        (operation("add", f"{ENDS}/-1", value=C), [A, B, C]),
        (operation("add", f"{ENDS}/-3", value=C), [C, A, B]),
        (operation("replace", f"{ENDS}/-", value=C), None),
        (operation("replace", f"{ENDS}/-1", value=C), [A, C]),
        (operation("move", f"{ENDS}/1", **{"from": f"{ENDS}/0"}), [B, A]),
        (operation("move", "/metadata/annotations", **{"from": "/metadata/nothing"}), None),
        (operation("copy", "/metadata/annotations", **{"from": "/metadata/nothing"}), [A, B]),
        (operation("test", ENDS, value=[B, A]), None),
        (operation("add", "metadata/x", value=1), [A, B]),  # where a path begins is not looked at
        (operation("add", "", value={}), None),
        ({"op": "add", "value": 1}, None),
    ],
    ids=lambda one: str(one) if isinstance(one, dict) else "",
)
def test_operations_are_carried_out_as_the_server_reads_them(
    api: Api, core: str, sent: Json, left: list[str] | None
) -> None:
    api.post(f"{core}/configmaps", config_map(finalizers=[A, B])).ok()
    answer = api.patch(f"{core}/configmaps/settings", [sent], JSON_PATCH, {"dryRun": "All"})
    if left is None:
        assert answer.refused(422, "Invalid")["message"] == REJECTED
    else:
        assert answer.ok()["metadata"]["finalizers"] == left
    api.patch(f"{core}/configmaps/settings", {"metadata": {"finalizers": None}}).ok()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", "object into Go value of type []handlers.jsonPatchOp"),
        (b'["x"]', "string into Go value of type handlers.jsonPatchOp"),
        (b"[1]", "number into Go value of type handlers.jsonPatchOp"),
    ],
)
def test_what_is_no_list_of_operations_is_told_as_go_reads_it(api: Api, core: str, body: bytes, said: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    answer = api.call("PATCH", f"{core}/configmaps/settings", body, content_type=JSON_PATCH)
    assert answer.refused(400, "BadRequest")["message"] == f"error decoding patch: json: cannot unmarshal {said}"


# --- server-side apply ------------------------------------------------------------------------------------------------


def applied(*refs: Json, **metadata: Any) -> Json:
    obj = manifest(*refs)
    return {**obj, "metadata": {**obj["metadata"], **metadata}}


def test_rules_are_owned_as_one_field_and_a_forced_apply_takes_the_other_references_away(api: Api, routes: str) -> None:
    chat = f"{routes}/chat"
    api.delete(chat)
    made = api.apply(chat, applied(ref("v1", 90), ref("v2", 10)), "git").ok()
    owned = next(one for one in made["metadata"]["managedFields"] if one["manager"] == "git")
    assert owned["fieldsV1"]["f:spec"]["f:rules"] == {}
    only = applied(ref("v2", 50))
    body = api.apply(chat, only, "tool").refused(409, "Conflict")
    causes = {one["field"]: one["message"] for one in body["details"]["causes"]}
    assert causes[".spec.rules"] == 'conflict with "git"'
    forced = api.apply(chat, only, "tool", force="true").ok()
    assert [one["name"] for one in forced["spec"]["rules"][0]["backendRefs"]] == ["v2"]


def test_applying_a_deleted_object_makes_it_again_unless_it_is_meant_by_uid(api: Api, routes: str) -> None:
    chat, uid = f"{routes}/chat", api.get(f"{routes}/chat").ok()["metadata"]["uid"]
    api.delete(chat)
    api.apply(chat, applied(uid=uid), "tool").refused(409, "Conflict")
    assert api.apply(chat, applied(), "tool").status == 201
