"""What is asked for a recipe's parameters, and what is said of the answers."""

from pathlib import Path
from typing import Any

import pytest

from k8sai.cookbook.questions import answer, answered, questions
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.values import from_sets
from tests.cookbook import making


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return making.recipe(tmp_path)


def test_a_question_for_each_parameter_those_that_must_be_said_first(tmp_path: Path) -> None:
    late = making.HEAD.replace("required: [name]", "required: [mode]")
    asked = questions(making.recipe(tmp_path, late))
    assert [(each.name, each.sort, each.required) for each in asked] == [
        ("mode", "choice", True),
        ("name", "text", False),
        ("gpus", "number", False),
        ("queue", "text", False),
        ("memory", "text", False),
        ("args", "list", False),
        ("env", "mapping", False),
    ]
    assert asked[0].choices == ("fast", "slow")
    assert (asked[1].title, asked[1].example, asked[2].default, asked[5].default) == ("Name", "qwen", "1", "")


def test_answers_are_judged_in_the_words_of_the_command_line(recipe: Recipe) -> None:
    found = answered(recipe, {"name": "", "gpus": "0", "mode": "fats", "memory": "much", "args": "a, b"})
    assert found.missing == ("name",)
    assert found.wrong == {
        "gpus": "0 is less than 1",
        "mode": "fats is none of fast, slow; did you mean fast?",
        "memory": "much is not a quantity, as 500m, 2 or 48Gi are",
    }
    assert found.values["args"] == ["a", "b"]
    assert not found.complete
    assert answered(recipe, {"name": "a"}).complete


def test_what_cannot_be_read_is_wrong_and_not_missing(recipe: Recipe) -> None:
    found = answered(recipe, {"name": "a", "args": "[1,"})
    assert list(found.wrong) == ["args"]
    assert found.missing == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "a b"),
        ("gpus", 2),
        ("args", ["--a=b", "c d"]),
        ("args", ["a,b"]),
        ("args", ["[x"]),
        ("args", [" a"]),
        ("args", []),
        ("env", {"A": "1", "B": "x, y"}),
    ],
)
def test_an_answer_means_the_value(recipe: Recipe, name: str, value: Any) -> None:
    text = answer(value)
    assert from_sets(recipe, [f"{name}={text}"]) == {name: value}


def test_some_values_are_no_line() -> None:
    assert answer("a\nb") is None
