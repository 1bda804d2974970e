"""The new version's spec, from what `start` was asked for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.facts import Wish
from k8sai.canary.wishes import changed, operations, value_of
from k8sai.errors import Usage
from k8sai.sim import kinds
from k8sai.sim.patches import JSON_PATCH, patched

SPEC: dict[str, Any] = {"model": {"args": ["--a", "--b"], "storageUri": "hf://org/v1"}}


def test_values_are_put_where_their_paths_lead() -> None:
    new = changed(SPEC, Wish(values={"model.args[1]": "--c", "model.args[2]": "--d", "annotations.a\\.b/c": "2"}))
    assert new == {
        "model": {"args": ["--a", "--c", "--d"], "storageUri": "hf://org/v1"},
        "annotations": {"a.b/c": 2},
    }
    assert SPEC["model"]["args"] == ["--a", "--b"]


def test_the_patch_comes_first_and_null_takes_away() -> None:
    wish = Wish(patch={"model": {"storageUri": None, "args": ["--x"]}}, values={"model.args[0]": "--y"})
    assert changed(SPEC, wish) == {"model": {"args": ["--y"]}}


@pytest.mark.parametrize("path", ["", "model.args[9]", "model[0]", "model.storageUri.x", "a]b", "model.args[0"])
def test_a_path_that_leads_nowhere_is_a_mistake(path: str) -> None:
    with pytest.raises(Usage):
        changed(SPEC, Wish(values={path: "1"}))


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2), ("true", True), ("v2", "v2"), ("", ""), ("NaN", "NaN"), ('["a"]', ["a"])]
)
def test_values_are_read_as_json_where_they_are_json(text: str, value: Any) -> None:
    assert value_of(text) == value


_json = st.recursive(
    st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.sampled_from("abc"), _json, max_size=3)


@given(_objects, _objects)
def test_the_operations_make_the_new_of_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    kind = kinds.find("", "configmaps")
    found = patched(kind, {"metadata": {}, "data": old}, operations(old, new, "/data"), JSON_PATCH)
    assert found["data"] == new
    assert operations(old, old, "/data") == []


def test_keys_with_slashes_are_escaped() -> None:
    assert operations({}, {"a/b~c": 1}, "/x") == [{"op": "add", "path": "/x/a~1b~0c", "value": 1}]
