"""Sets of fields: the wire form, and the algebra."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.schema.comparing import fields_of
from k8sai.schema.elements import BadItem, Path, item_step, path_text
from k8sai.schema.fieldset import FieldSet, read
from k8sai.schema.lists import UNTYPED, Custom, Shape, shape_of
from tests.schema.shaped import SHAPE, objects

STEPS = st.sampled_from(["f:a", "f:b", "f:a.b/c", 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"z"', "v:1", "v:2"])
SETS = st.lists(st.lists(STEPS, min_size=1, max_size=4).map(tuple), max_size=12).map(FieldSet)


def of(*paths: str) -> FieldSet:
    """`of("spec.replicas")`: fields only."""
    return FieldSet(tuple(f"f:{name}" for name in path.split(".")) for path in paths)


@given(SETS)
def test_the_wire_form_can_be_read_back(found: FieldSet) -> None:
    assert read(json.loads(json.dumps(found.wire()))) == found


@given(SETS, SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(one: FieldSet, two: FieldSet, three: FieldSet) -> None:
    a, b = set(one), set(two)
    assert set(one | two) == a | b
    assert set(one & two) == a & b
    assert set(one - two) == a - b
    assert (one | two) - two == one - two
    assert (one & two) | (one - two) == one
    assert one & (two | three) == (one & two) | (one & three)
    assert bool(one) == bool(a)
    assert all(path in one for path in a)
    assert (one == two) == (a == b)


@given(SETS, SETS)
def test_without_all_of_takes_what_is_below_too(one: FieldSet, two: FieldSet) -> None:
    heads = set(two)

    def stays(path: Path) -> bool:
        return not any(path[:size] in heads for size in range(1, len(path) + 1))

    assert set(one.without_all_of(two)) == {path for path in one if stays(path)}


@given(SETS)
def test_nothing_changes_an_operand(found: FieldSet) -> None:
    before = list(found)
    _ = (found | of("x.y"), found & found, found - found, found.without_all_of(of("a")), found.wire())
    assert list(found) == before


@given(objects)
def test_the_fields_of_an_object_survive_the_wire(obj: dict[str, object]) -> None:
    found = fields_of(obj, SHAPE)
    assert read(found.wire()) == found


def test_the_order_on_the_wire() -> None:
    found = FieldSet(
        [
            ("f:b",),
            ("f:a", 'k:{"port":443}'),
            ("f:a", 'k:{"port":80}'),
            ("f:a", 'v:"z"'),
            ("f:a", "f:x"),
            ("f:a",),
        ]
    )
    assert json.dumps(found.wire()) == json.dumps(
        {"f:a": {".": {}, "f:x": {}, 'k:{"port":80}': {}, 'k:{"port":443}': {}, 'v:"z"': {}}, "f:b": {}}
    )


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ([], "is an object"),
        ({"spec": {}}, "missing colon"),
        ({"k:{": {}}, "Expecting property name"),
        ({"f:a": 1}, "is an object"),
    ],
)
def test_what_is_no_set_of_fields(wire: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(wire)


def test_steps_of_a_later_form_are_left_out() -> None:
    assert read({"f:a": {}, "x:new": {}}) == of("a")


def test_whoever_writes_the_keys_they_are_one() -> None:
    assert read({'k:{"protocol": "TCP", "port": 80}': {}}) == read({'k:{"port":80,"protocol":"TCP"}': {}})


def test_parents_that_are_declared_belong_to_it() -> None:
    found = of("spec.template.spec.hostNetwork").with_named_parents(shape_of("apps/v1", "Deployment"))
    assert found == of("spec.template.spec.hostNetwork", "spec", "spec.template", "spec.template.spec")
    assert of("spec.a.b").with_named_parents(Custom(UNTYPED)) == of("spec.a.b")
    labels = of("metadata.labels.a").with_named_parents(Custom(UNTYPED))
    assert labels == of("metadata.labels.a", "metadata", "metadata.labels")


def test_fields_of_an_object() -> None:
    pod = {
        "spec": {
            "containers": [{"name": "main", "command": ["a"], "env": [], "ports": [{"containerPort": 80}]}],
            "securityContext": {},
            "nodeSelector": {"a": "b"},
            "priority": None,
        }
    }
    assert fields_of(pod, SHAPE).wire() == {
        "f:spec": {
            "f:containers": {
                'k:{"name":"main"}': {
                    ".": {},
                    "f:command": {},
                    "f:name": {},
                    "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                }
            },
            "f:nodeSelector": {},
            "f:priority": {},
            "f:securityContext": {},
        }
    }


def test_fields_of_what_nothing_is_known_of() -> None:
    found = fields_of({"spec": {"parts": [{"a": 1}], "size": {"x": 1}}}, Custom(UNTYPED))
    assert found.wire() == {"f:spec": {".": {}, "f:parts": {}, "f:size": {".": {}, "f:x": {}}}}


def test_a_path_in_words() -> None:
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:a", 'v:"x"', "i:3")
    assert path_text(path) == '.spec.ports[port=80,protocol="TCP"].a[="x"][3]'


@pytest.mark.parametrize(
    ("path", "item", "said"),
    [
        ("containers", None, "null element"),
        ("containers", "x", "non-map elements"),
        ("finalizers", {"a": 1}, "a map type"),
        ("finalizers", ["a"], "lists as elements"),
        ("finalizers", None, "explicit null"),
        ("secrets", {"namespace": "x"}, 'omits all key fields ["name"]'),
    ],
)
def test_items_that_cannot_be_told_apart(path: str, item: object, said: str) -> None:
    shapes: dict[str, Shape] = {
        "containers": SHAPE.field("spec").field("containers"),
        "finalizers": SHAPE.field("metadata").field("finalizers"),
        "secrets": shape_of("v1", "ServiceAccount").field("secrets"),
    }
    with pytest.raises(BadItem, match=said.replace("[", r"\[")):
        item_step(shapes[path], item)


def test_keys_are_written_as_go_writes_them() -> None:
    shape = SHAPE.field("spec").field("containers")
    assert item_step(shape, {"name": "<&>ü"}) == 'k:{"name":"\\u003c\\u0026\\u003eü"}'
