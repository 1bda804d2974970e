"""Merge patches: the examples of RFC 7396, and the empty mappings that servers do not keep."""

from typing import Any

import pytest

from k8sai.merge_patch import merged


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [  # appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ],
)
@pytest.mark.parametrize("hollow", [True, False])
def test_merging(value: Any, patch: Any, result: Any, hollow: bool) -> None:
    assert merged(value, patch, hollow=hollow) == result


def test_a_mapping_that_would_be_empty_is_made_only_where_the_rfc_is_asked_for() -> None:
    patch = {"a": {"bb": {"ccc": None}}}
    assert merged({}, patch, hollow=True) == {"a": {"bb": {}}}
    assert merged({}, patch) == {}
    assert merged({"a": {"bb": {"ccc": 1}}}, patch) == {"a": {"bb": {}}}


def test_what_is_merged_into_is_left_alone() -> None:
    value = {"a": {"b": 1}}
    merged(value, {"a": {"b": None, "c": 2}})
    assert value == {"a": {"b": 1}}
