"""Objects of a custom kind: what is refused and in which words, what is dropped, filled in, shown and scaled."""

from collections.abc import Iterator

import pytest

from tests.contract.api import APPLY, JSON_PATCH, STRATEGIC, TABLE, Api, Json
from tests.contract.conftest import Server
from tests.contract.definitions import CRDS, define, definition, group, model


@pytest.fixture(scope="module")
def of(server: Server) -> Iterator[str]:
    """The group of the kind that every test here uses."""
    name = group()
    define(server.api, definition(name))
    yield name
    server.api.delete(f"{CRDS}/models.{name}")


@pytest.fixture
def models(of: str, namespace: str) -> str:
    """The path of the kind in the test's namespace."""
    return f"/apis/{of}/v1/namespaces/{namespace}/models"


def causes(body: Json) -> set[tuple[str, str, str]]:
    return {(one["field"], one["reason"], one["message"]) for one in body["details"]["causes"]}


def test_defaults_and_the_servers_metadata(api: Api, of: str, models: str) -> None:
    made = api.post(models, model(of)).ok()
    assert made["spec"] == {"model": "qwen3", "replicas": 1, "precision": "bf16"}
    assert (made["metadata"]["generation"], made["apiVersion"], made["kind"]) == (1, f"{of}/v1", "Model")
    changed = api.patch(f"{models}/m", {"spec": {"replicas": None, "most": 3}}).ok()
    assert changed["spec"] == {"model": "qwen3", "replicas": 1, "precision": "bf16", "most": 3}
    assert changed["metadata"]["generation"] == 2
    listed = api.get(models).ok()
    assert (listed["kind"], [one["kind"] for one in listed["items"]]) == ("ModelList", ["Model"])


WRONG: list[tuple[Json, list[str]]] = [
    ({"model": "q"}, ['spec.model I Invalid value: "q": spec.model in body should be at least 2 chars long']),
    ({"model": "q" * 21}, ["spec.model L Too long: may not be more than 20 bytes"]),
    (
        {"model": "Qwen 3"},
        ["spec.model I Invalid value: \"Qwen 3\": spec.model in body should match '^[a-z][a-z0-9-]*$'"],
    ),
    (
        {"replicas": "2"},
        [
            'spec.replicas T Invalid value: "string": spec.replicas in body must be of type integer: "string"',
            ".spec.replicas I Invalid value: 0: .spec.replicas accessor error: 2 is of the type string, expected int64",
        ],
    ),
    (
        {"replicas": -1},
        [
            "spec.replicas I Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
            ".spec.replicas I Invalid value: -1: should be a non-negative integer",
        ],
    ),
    ({"replicas": 9}, ["spec.replicas I Invalid value: 9: spec.replicas in body should be less than or equal to 8"]),
    ({"precision": "int4"}, ['spec.precision N Unsupported value: "int4": supported values: "bf16", "fp8"']),
    ({"share": 0}, ["spec.share I Invalid value: 0: spec.share in body should be greater than 0"]),
    (
        {"size": True},
        [
            'spec.size T Invalid value: "boolean": spec.size in body must be of type integer,string: "boolean"',
            '<nil> I Invalid value: "": "spec.size" must validate at least one schema (anyOf)',
            'spec.size T Invalid value: "boolean": spec.size in body must be of type integer: "boolean"',
        ],
    ),
    (
        {"started": "today"},
        ['spec.started T Invalid value: "today": spec.started in body must be of type date-time: "today"'],
    ),
    (
        {"labels": {"a": 1}},
        ['spec.labels.a T Invalid value: "integer": spec.labels.a in body must be of type string: "integer"'],
    ),
    ({"labels": {"a": "1", "b": "2", "c": "3"}}, ["spec.labels M Too many: 3: must have at most 2 items"]),
    ({"object": {"kind": "Pod"}}, ["spec.object.apiVersion R Required value"]),
    ({"zones": ["eu-a", "eu-a"]}, ['spec.zones[1] D Duplicate value: "eu-a"']),
    ({"shards": [{"name": "a"}, {"name": "a"}]}, ['spec.shards[1] D Duplicate value: {"name":"a"}']),
    ({"shards": [{"rank": 1}]}, ["spec.shards[0].name R Required value"]),
    (
        {"source": {"url": "a", "claim": "b"}},
        [
            '<nil> I Invalid value: "": "spec.source" must validate one and only one schema (oneOf). '
            "Found 2 valid alternatives"
        ],
    ),
    ({"replicas": 3, "most": 2}, ["spec.replicas I Invalid value: replicas must not be above most"]),
    ({"zones": ["us-a"]}, ["spec F Forbidden: not in Europe: us-a"]),
]
REASONS = {
    "D": "FieldValueDuplicate",
    "F": "FieldValueForbidden",
    "I": "FieldValueInvalid",
    "L": "FieldValueTooLong",
    "M": "FieldValueTooMany",
    "N": "FieldValueNotSupported",
    "R": "FieldValueRequired",
    "T": "FieldValueTypeInvalid",
}
NOT_CHECKED = (
    "<nil>",
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
)
BLOCKING = "LMNRT"  # errors that rules wait for


@pytest.mark.parametrize(("spec", "told"), WRONG, ids=[f"{i}-{next(iter(spec))}" for i, (spec, _) in enumerate(WRONG)])
def test_wrong_values(api: Api, of: str, models: str, spec: Json, told: list[str]) -> None:
    body = api.post(models, model(of, **spec)).refused(422, "Invalid")
    expected = {(field, REASONS[letter], text) for field, letter, text in (one.split(" ", 2) for one in told)}
    blocked = any(one.split(" ")[1] in BLOCKING for one in told)
    assert causes(body) == expected | ({NOT_CHECKED} if blocked else set())
    assert (body["details"]["group"], body["details"]["kind"], body["details"]["name"]) == (of, "Model", "m")
    assert body["message"].startswith(f'Model.{of} "m" is invalid: ')


def test_a_spec_is_required(api: Api, of: str, models: str) -> None:
    bare = model(of)
    del bare["spec"]
    body = api.post(models, bare).refused(422, "Invalid")
    assert causes(body) == {("spec", "FieldValueRequired", "Required value"), NOT_CHECKED}


def test_unknown_fields(api: Api, of: str, models: str) -> None:
    obj = model(of, colour="red", shards=[{"name": "a", "x": 1}], anything={"free": [1]}, labels={"a": "b"})
    obj["metadata"]["strange"] = 1
    strict = api.post(models, obj, {"fieldValidation": "Strict"}).refused(400, "BadRequest")
    unknown = ["metadata.strange", "spec.colour", "spec.shards[0].x"]
    said = ", ".join(f'unknown field "{path}"' for path in unknown)
    assert strict["message"] == (f'Model in version "v1" cannot be handled as a Model: strict decoding error: {said}')
    warned = api.post(models, obj, {"fieldValidation": "Warn", "dryRun": "All"})
    told = warned.headers.get("Warning", "")
    assert all(f'unknown field \\"{path}\\"' in told for path in unknown)
    silent = api.post(models, obj, {"fieldValidation": "Ignore"})
    assert "Warning" not in silent.headers
    assert silent.ok()["spec"] == {
        "model": "qwen3",
        "replicas": 1,
        "precision": "bf16",
        "shards": [{"name": "a"}],
        "anything": {"free": [1]},
        "labels": {"a": "b"},
    }


def test_a_patch_is_checked_as_well(api: Api, of: str, models: str) -> None:
    api.post(models, model(of)).ok()
    strict = api.patch(f"{models}/m", {"spec": {"colour": "red"}}, query={"fieldValidation": "Strict"})
    assert 'strict decoding error: unknown field "spec.colour"' in strict.body["message"]
    assert strict.status == 422
    body = api.patch(f"{models}/m", {"spec": {"replicas": 99}}).refused(422, "Invalid")
    assert ("spec.replicas", "FieldValueInvalid") in {(field, reason) for field, reason, _ in causes(body)}
    api.patch(f"{models}/m", {"spec": {"replicas": 2}}, STRATEGIC).refused(415, "UnsupportedMediaType")
    done = api.patch(f"{models}/m", [{"op": "add", "path": "/spec/zones", "value": ["eu-b"]}], JSON_PATCH).ok()
    assert done["spec"]["zones"] == ["eu-b"]


def test_rules_of_a_change(api: Api, of: str, models: str) -> None:
    made = api.post(models, model(of, fixed="a", shards=[{"name": "x", "rank": 2}, {"name": "y", "rank": 1}])).ok()
    body = api.put(f"{models}/m", {**made, "spec": {**made["spec"], "fixed": "b"}}).refused(422, "Invalid")
    assert causes(body) == {("spec.fixed", "FieldValueInvalid", 'Invalid value: "b": fixed is immutable')}
    turned = {**made["spec"], "shards": [{"name": "y", "rank": 1}, {"name": "x", "rank": 1}]}
    body = api.put(f"{models}/m", {**made, "spec": turned}).refused(422, "Invalid")
    assert causes(body) == {("spec.shards[1].rank", "FieldValueInvalid", "Invalid value: 1: a rank never falls")}
    turned["shards"][1]["rank"] = 3
    assert api.put(f"{models}/m", {**made, "spec": turned}).ok()["spec"]["shards"] == turned["shards"]


def test_the_kind_must_be_the_one_of_the_path(api: Api, of: str, models: str) -> None:
    other = api.post(models, {**model(of), "kind": "Other"}).refused(422, "Invalid")
    assert other["message"] == f'Other.{of} "m" is invalid: kind: Invalid value: "Other": must be Model'
    elsewhere = api.post(models, {**model(of), "apiVersion": "example.com/v1"}).refused(400, "BadRequest")
    assert elsewhere["message"].endswith(f"(example.com/v1) does not match the expected API version ({of}/v1)")
    untyped = model(of)
    del untyped["kind"]
    api.post(models, untyped).refused(400, "BadRequest")
    wrong = model(of)
    wrong["metadata"]["labels"] = {"a": 1}
    mistyped = "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
    assert api.post(models, wrong).refused(400, "BadRequest")["message"].endswith(mistyped)


def test_an_update_says_what_it_changes(api: Api, of: str, models: str) -> None:
    api.post(models, model(of)).ok()
    body = api.put(f"{models}/m", model(of, replicas=2)).refused(422, "Invalid")
    assert causes(body) == {
        ("metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update")
    }


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"colour": "red"}, ".spec.colour: field not declared in schema"),
        ({"replicas": "x"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"labels": "x"}, ".spec.labels: expected map, got &{x}"),
        ({"zones": "x"}, ".spec.zones: expected list, got &{x}"),
        ({"zones": ["a", "a"]}, '.spec.zones: duplicate entries for key [="a"]'),
        ({"shards": [{"name": "a", "x": 1}]}, '.spec.shards[name="a"].x: field not declared in schema'),
        ({"object": {"metadata": {"x": 1}}}, ".spec.object.metadata.x: field not declared in schema"),
    ],
)
def test_an_applied_configuration_must_fit(api: Api, of: str, models: str, spec: Json, said: str) -> None:
    answer = api.call("PATCH", f"{models}/m", model(of, **spec), query={"fieldManager": "me"}, content_type=APPLY)
    assert (answer.status, answer.body["message"]) == (
        500,
        f"failed to create typed patch object (/m; {of}/v1, Kind=Model): {said}",
    )


def test_lists_are_merged_as_the_schema_says(api: Api, of: str, models: str) -> None:
    for manager, name in (("one", "a"), ("two", "b")):
        wanted = model(of, shards=[{"name": name, "rank": 1}], zones=[f"eu-{name}"], anything={name: [1]})
        api.call("PATCH", f"{models}/m", wanted, query={"fieldManager": manager}, content_type=APPLY).ok()
    spec = api.get(f"{models}/m").ok()["spec"]
    assert [one["name"] for one in spec["shards"]] == ["a", "b"]
    assert (spec["zones"], spec["anything"]) == (["eu-a", "eu-b"], {"a": [1], "b": [1]})


def test_status_is_written_apart(api: Api, of: str, models: str) -> None:
    obj = {**model(of), "status": {"replicas": 5}}
    assert "status" not in api.post(models, obj).ok()
    ready = {"status": {"replicas": 1, "selector": "a=b", "conditions": [{"type": "Ready", "status": "True"}]}}
    told = api.patch(f"{models}/m/status", {**ready, "spec": {"replicas": 7}}).ok()
    assert (told["status"], told["spec"]["replicas"], told["metadata"]["generation"]) == (ready["status"], 1, 1)
    kept = api.patch(f"{models}/m", {"status": {"replicas": 9}, "spec": {"replicas": 2}}).ok()
    assert (kept["status"]["replicas"], kept["spec"]["replicas"], kept["metadata"]["generation"]) == (1, 2, 2)
    body = api.patch(f"{models}/m/status", {"status": {"conditions": [{"type": "x"}]}}).refused(422, "Invalid")
    assert ("status.conditions[0].status", "FieldValueRequired", "Required value") in causes(body)


def test_scale(api: Api, of: str, models: str, namespace: str) -> None:
    api.post(models, model(of, replicas=3)).ok()
    api.patch(f"{models}/m/status", {"status": {"replicas": 2, "selector": "app=m"}}).ok()
    scale = api.get(f"{models}/m/scale").ok()
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "app=m"})
    changed = api.patch(f"{models}/m/scale", {"spec": {"replicas": 4}}).ok()
    assert changed["spec"] == {"replicas": 4}
    assert api.get(f"{models}/m").ok()["spec"]["replicas"] == 4
    api.patch(f"{models}/m/scale", {"spec": {"replicas": 9}}).refused(422, "Invalid")


def test_columns(api: Api, of: str, models: str) -> None:
    api.post(models, model(of, zones=["eu-a", "eu-b"])).ok()
    api.patch(f"{models}/m/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}).ok()
    api.post(models, model(of, name="n")).ok()
    table = api.get(models, accept=TABLE).ok()
    columns = [(one["name"], one["type"], one["priority"]) for one in table["columnDefinitions"]]
    assert columns == [
        ("Name", "string", 0),
        ("Model", "string", 0),
        ("Replicas", "integer", 0),
        ("Ready", "string", 0),
        ("Zones", "string", 1),
        ("Age", "date", 0),
    ]
    told = {one["name"]: one["description"] for one in table["columnDefinitions"]}
    assert told["Replicas"] == "How many are wanted"
    assert told["Model"] == "Custom resource definition column (in JSONPath format): .spec.model"
    cells = [row["cells"][:5] for row in table["rows"]]
    assert cells == [["m", "qwen3", 1, "True", '["eu-a","eu-b"]'], ["n", "qwen3", 1, None, None]]
    assert all(row["cells"][5].endswith("s") for row in table["rows"])


def test_selectable_fields(api: Api, of: str, models: str) -> None:
    api.post(models, model(of)).ok()
    api.post(models, model(of, name="n", precision="fp8")).ok()
    found = api.get(models, {"fieldSelector": "spec.precision=fp8"}).ok()["items"]
    assert [one["metadata"]["name"] for one in found] == ["n"]
    body = api.get(models, {"fieldSelector": "spec.model=qwen3"}).refused(400, "BadRequest")
    assert body["message"].endswith("field label not supported: spec.model")
