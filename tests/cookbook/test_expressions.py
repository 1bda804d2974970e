"""What expressions can do beside JSON-e's own, and what is said of parameters that stand for each other."""

from typing import Any

import pytest

from k8sai.cookbook.expressions import Unrenderable, evaluate
from k8sai.cookbook.schemas import validator
from k8sai.cookbook.words import said

EITHER = {
    "type": "object",
    "properties": {"fraction": {"type": "string"}, "memory": {"type": "integer"}},
    "oneOf": [{"required": ["fraction"]}, {"required": ["memory"]}],
}
ONLY_WITH_MPS = {
    "type": "object",
    "properties": {"strategy": {"type": "string"}, "percentage": {"type": "integer"}},
    "if": {"properties": {"strategy": {"const": "TimeSlicing"}}},
    "then": {"properties": {"percentage": False}},
}


def sentences(schema: dict[str, Any], values: dict[str, Any]) -> list[str]:
    return [line for error in validator(schema).iter_errors(values) for line in said(error, schema)]


def test_a_mapping_becomes_a_list_in_its_own_order() -> None:
    template = {"$map": {"$eval": "entries(env)"}, "each(e)": {"name": "${e.key}", "value": "${e.value}"}}
    made = evaluate(template, {"env": {"B": "2", "A": "${x}"}})
    assert made == [{"name": "B", "value": "2"}, {"name": "A", "value": "${x}"}]


def test_entries_of_what_is_no_mapping_are_refused() -> None:
    with pytest.raises(Unrenderable, match="not a mapping"):
        evaluate({"$eval": "entries(x)"}, {"x": [1]})


def test_parameters_that_stand_for_each_other_are_named() -> None:
    assert sentences(EITHER, {}) == ["one of fraction, memory must be said"]
    assert sentences(EITHER, {"fraction": "0.5", "memory": 1}) == ["fraction and memory exclude each other"]
    assert sentences(EITHER, {"memory": 1}) == []


def test_a_parameter_that_another_choice_rules_out_is_named() -> None:
    wrong = sentences(ONLY_WITH_MPS, {"strategy": "TimeSlicing", "percentage": 50})
    assert wrong == ["percentage: this has no meaning beside the other values"]
