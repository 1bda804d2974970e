"""A JSON patch carried out for a plan leaves what the embedded API server leaves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.facts import Json
from k8sai.canary.running.patched import patched, value_or_none
from k8sai.sim import json_patch

_VALUES = st.recursive(
    st.integers(0, 9) | st.sampled_from(["a", "b/c", ""]) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c/~d"]), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c/~d"]), _VALUES, max_size=3)


def pointers(value: Any, path: str = "") -> list[str]:
    """Of every part, and of places beside them."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, part in value.items():
            found += pointers(part, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
        found.append(f"{path}/new")
    if isinstance(value, list):
        for at, part in enumerate(value):
            found += pointers(part, f"{path}/{at}")
        found.append(f"{path}/-")
    return found


@given(_OBJECTS, st.data())
def test_as_the_server_does(obj: Json, data: Any) -> None:
    places = pointers(obj) or ["/new"]
    operations: list[Json] = []
    for _ in range(data.draw(st.integers(1, 3))):
        op = data.draw(st.sampled_from(["add", "replace", "remove", "test", "move", "copy"]))
        one: Json = {"op": op, "path": data.draw(st.sampled_from(places))}
        if op in ("add", "replace", "test"):
            one["value"] = data.draw(_VALUES)
        if op in ("move", "copy"):
            one["from"] = data.draw(st.sampled_from(places))
        operations.append(one)
    try:
        theirs = json_patch.apply(
            json.loads(json.dumps(obj)), json_patch.operations_of(json.dumps(operations).encode())
        )
    except json_patch.Inapplicable:
        return  # what is not carried out is not planned
    assert patched(obj, operations) == theirs


def test_a_guard_is_looked_up_where_it_points() -> None:
    obj = {"a": [{"b/c": 1}], "none": None}
    assert value_or_none(obj, "/a/0/b~1c") == 1
    assert value_or_none(obj, "/a/1/b~1c") is None
    assert value_or_none(obj, "/none/x") is None
    with pytest.raises(LookupError):
        patched(obj, [{"op": "test", "path": "/a/0/b~1c", "value": 2}])
