"""Paths as servers and people write them, understood against an object."""

from typing import Any

import pytest

from k8sai.deploy.paths import covers, find, text, value_at, with_value, without

OBJECT: dict[str, Any] = {
    "metadata": {
        "annotations": {"example.com/a.b": "1", "example.com/a": "2", "example": {"com/a.b": "nested"}},
        "finalizers": ["x/y", "z"],
    },
    "spec": {
        "replicas": 3,
        "containers": [
            {"name": "main", "image": "a:1", "args": ["--x", "--y"]},
            {"name": 'odd"]name', "image": "b:1", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "web"}]},
        ],
    },
}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (".spec.replicas", 3),
        ('.spec.containers[name="main"].image', "a:1"),
        ('.spec.containers[name="odd\\"]name"].image', "b:1"),
        ('.spec.containers[name="odd\\"]name"].ports[containerPort=80,protocol="TCP"].name', "web"),
        ('.spec.containers[name="main"].args[1]', "--y"),
        (".metadata.annotations.example.com/a.b", "1"),
        (".metadata.annotations.example.com/a", "2"),
        ('.metadata.finalizers[="z"]', "z"),
        (".spec", OBJECT["spec"]),
    ],
)
def test_a_path_is_found_and_said_again(written: str, value: object) -> None:
    path = find(written, OBJECT)
    assert path is not None
    assert value_at(OBJECT, path) == (value,)
    assert text(path) == written


@pytest.mark.parametrize(
    "written",
    [".spec.nothing", '.spec.containers[name="no"].image', ".spec.replicas.x", "spec", ".spec.containers[9]", ".spec["],
)
def test_what_is_not_there_is_not_found(written: str) -> None:
    assert find(written, OBJECT) is None


def test_the_whole_object() -> None:
    assert find(".", OBJECT) == ()
    assert text(()) == "."


def test_a_key_that_the_server_fills_in_may_be_missing() -> None:
    """`protocol` is a key of ports with a default; a manifest need not write it."""
    tree = {"ports": [{"containerPort": 80, "name": "web"}]}
    path = find('.ports[containerPort=80,protocol="TCP"].name', tree)
    assert path is not None and value_at(tree, path) == ("web",)


def test_a_field_goes_and_the_rest_stays() -> None:
    path = find('.spec.containers[name="main"].image', OBJECT)
    assert path is not None
    changed = without(OBJECT, path)
    assert changed["spec"]["containers"][0] == {"name": "main", "args": ["--x", "--y"]}
    assert changed["spec"]["containers"][1] == OBJECT["spec"]["containers"][1]
    assert OBJECT["spec"]["containers"][0]["image"] == "a:1"


def test_an_item_goes() -> None:
    path = find('.metadata.finalizers[="x/y"]', OBJECT)
    assert path is not None
    assert without(OBJECT, path)["metadata"]["finalizers"] == ["z"]


def test_a_value_is_replaced() -> None:
    path = find(".spec.replicas", OBJECT)
    assert path is not None
    assert with_value(OBJECT, path, 9)["spec"]["replicas"] == 9
    assert OBJECT["spec"]["replicas"] == 3


def test_a_path_that_is_not_there_changes_nothing() -> None:
    assert without(OBJECT, ("f:spec", "f:none", "f:at all")) == OBJECT
    assert with_value(OBJECT, ("f:none",), 1) == OBJECT


@pytest.mark.parametrize(
    ("above", "below", "does"),
    [
        (".spec", ".spec.replicas", True),
        ("spec.replicas", ".spec.replicas", True),
        (".spec.containers", '.spec.containers[name="main"].image', True),
        (".spec.rep", ".spec.replicas", False),
        (".specials", ".spec", False),
        (".spec.replicas", ".spec", False),
        (".spec.containers[name=main]", '.spec.containers[name="main"].image', True),
        (".spec.containers[name=m]", '.spec.containers[name="main"].image', False),
    ],
)
def test_what_covers_what(above: str, below: str, does: bool) -> None:
    assert covers(above, below) is does
