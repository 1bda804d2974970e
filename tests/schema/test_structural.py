"""Structural schemas without a server: what is dropped, filled in, refused; the words are held against a real one."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit, NotFound, Usage
from k8sai.schema.crd import Crd
from k8sai.schema.crd_folder import CrdFolder
from k8sai.schema.structural import Structural
from tests.contract.definitions import definition, model

Json = dict[str, Any]
GROUP = "example.com"


def crd(**properties: Json) -> Crd:
    """A kind with these fields in its spec."""
    made = definition(GROUP)
    spec = {"type": "object", "properties": properties}
    made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": spec}}
    return Crd.of(made)


def refusals(of: Crd, old: Json | None = None, **spec: Any) -> list[str]:
    obj: Json = {"apiVersion": f"{GROUP}/v1", "kind": "Model", "metadata": {"name": "m"}, "spec": spec}
    before = None if old is None else {**obj, "spec": old}
    return of.admit(obj, before).refusals()


def test_an_object_is_left_alone_and_a_copy_is_completed() -> None:
    obj = model(GROUP, shards=[{"name": "a", "x": 1}], note=None, anything={"x": {"y": 1}})
    before = copy.deepcopy(obj)
    admitted = Crd.of(definition(GROUP)).admit(obj)
    assert obj == before
    assert admitted.unknown == ["spec.shards[0].x"]
    assert admitted.obj["spec"] == {
        "model": "qwen3",
        "replicas": 1,
        "precision": "bf16",
        "note": None,
        "shards": [{"name": "a"}],
        "anything": {"x": {"y": 1}},
    }
    assert admitted.refusals() == ['unknown field "spec.shards[0].x"']


def test_status_is_not_written_with_the_rest() -> None:
    of = Crd.of(definition(GROUP))
    obj = {**model(GROUP), "status": {"replicas": "many"}}
    assert "status" not in of.admit(obj).obj
    assert of.admit(obj, {**model(GROUP), "status": {"replicas": 1}}).obj["status"] == {"replicas": 1}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ({"type": "string", "format": "date-time"}, [], []),  # as on the server
        ({"type": "integer"}, 2.0, []),
        ({"type": "integer", "format": "int32"}, 2**31, ["Checked value must be of type integer with format int32"]),
        ({"type": "number", "multipleOf": 0.5}, 1.25, ["spec.x in body should be a multiple of 0.5"]),
        ({"type": "string", "pattern": r"^\p{Lu}+$"}, "ÄÖ", []),
        ({"type": "string", "enum": ["a"]}, None, []),
        ({"type": "string", "enum": ["a"], "nullable": True}, None, ["Unsupported value: null"]),
        ({"type": "array", "uniqueItems": True, "items": {"type": "string"}}, ["a", "a"], ["duplicates"]),
        ({"type": "object", "additionalProperties": False}, {"a": 1}, ['unknown field "spec.x.a"']),
        ({"type": "string", "not": {"enum": ["a"]}}, "a", ['"spec.x" must not validate the schema (not)']),
        ({"type": "string", "allOf": [{"minLength": 2}, {"maxLength": 3}]}, "a", ["all the schemas (allOf)"]),
        ({"type": "string", "format": "ipv4"}, "10.0.0.300", ["must be of type ipv4"]),
        ({"type": "string", "format": "duration"}, "5 minutes", []),
        ({"type": "string", "format": "uri"}, "no uri", ["must be of type uri"]),
        ({"type": "string", "format": "of-our-own"}, "anything", []),
    ],
)  # fmt: skip
def test_values(field: Json, value: Any, said: list[str]) -> None:
    found = refusals(crd(x=field), x=value)
    assert len(found) >= len(said) and bool(found) == bool(said), found
    for text in said:
        assert any(text in one for one in found), found


def test_what_was_wrong_and_stays_is_forgiven() -> None:
    of = crd(x={"type": "integer", "maximum": 3}, y={"type": "string"})
    assert refusals(of, x=9) == ["spec.x: Invalid value: 9: spec.x in body should be less than or equal to 3"]
    assert refusals(of, {"x": 9}, x=9, y="new") == []
    assert len(refusals(of, {"x": 9}, x=8)) == 1


def test_the_shape_of_lists() -> None:
    shape = Crd.of(definition(GROUP)).schema("v1").field("spec")
    shards = shape.field("shards")
    assert (shards.list_type, shards.keys, shards.item().named("rank")) == ("map", ("name",), True)
    assert (shape.field("zones").list_type, shape.field("nowhere").list_type) == ("set", "atomic")


def test_rules_that_cannot_be_run_hold_nothing_against_anybody() -> None:
    of = crd(x={"type": "string", "x-kubernetes-validations": [{"rule": "self.conjugated() == 'x'"}]})
    obj = model(GROUP, x="y")
    del obj["spec"]["model"]
    admitted = of.admit(obj)
    assert admitted.refusals() == []
    (unchecked,) = admitted.unchecked
    assert (unchecked.path, unchecked.why) == ("spec.x", "the function conjugated() is not known here")


def test_a_deep_object_is_no_danger() -> None:
    node: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    deep: Json = {}
    for _ in range(200):
        deep = {"a": deep}
    assert refusals(crd(x=node), x=deep) == []


def test_definitions_of_other_kinds_and_versions() -> None:
    with pytest.raises(Usage, match="is no CustomResourceDefinition"):
        Crd.of({"apiVersion": "v1", "kind": "Pod"})
    with pytest.raises(Usage, match="incomplete"):
        Crd.of({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {}})
    with pytest.raises(Usage, match="not served as v9: only as v1"):
        Crd.of(definition(GROUP)).admit(model(GROUP, version="v9"))


FILE = """\
apiVersion: v1
kind: ConfigMap
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gizmos.example.com
spec:
  group: example.com
  names:
    plural: gizmos
    kind: Gizmo
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          op: {type: string, enum: [=, "!=", 2020-01-01]}
"""


def test_a_folder_finds_definitions_without_reading_them(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "gizmos.yaml").write_text(FILE)
    (tmp_path / "models.json").write_text(json.dumps(definition(GROUP)))
    (tmp_path / "broken.yaml").write_text(
        "kind: CustomResourceDefinition\nspec:\n  group: a.b\n  names:\n    kind: X\n\t"
    )
    (tmp_path / "notes.txt").write_text("kind: CustomResourceDefinition")
    folder = CrdFolder(tmp_path)
    assert folder.kinds() == [("a.b", "X"), ("example.com", "Gizmo"), ("example.com", "Model")]
    gizmo = folder.find("example.com/v1", "Gizmo")
    assert gizmo is not None and gizmo is folder.find("example.com/v1", "Gizmo")
    assert gizmo.schema("v1").raw["properties"]["op"]["enum"] == ["=", "!=", "2020-01-01"]
    assert folder.find("example.com/v1", "Nothing") is None
    with pytest.raises(Usage, match=r"broken\.yaml is no valid YAML"):
        folder.find("a.b/v1", "X")
    with pytest.raises(NotFound) as caught:
        CrdFolder(tmp_path / "absent")
    assert caught.value.exit == Exit.NOT_FOUND


def test_rules_are_looked_for_without_recursion() -> None:
    node: Json = {"type": "string", "x-kubernetes-validations": [{"rule": "true"}]}
    for _ in range(5000):
        node = {"type": "array", "items": node}
    assert Structural(node).has_rules
