"""Parameters from flags and files: typed by the recipe, checked all at once, completed by defaults."""

from pathlib import Path
from typing import Any

import pytest

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.values import from_file, from_sets, merged, missing, settle
from k8sai.errors import K8saiError, NotFound, Usage
from tests.cookbook.making import HEAD, recipe


@pytest.fixture
def made(tmp_path: Path) -> Recipe:
    return recipe(tmp_path)


def refused(made: Recipe, given: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(Usage) as caught:
        settle(made, given)
    return caught.value.messages


def test_every_wrong_value_is_said_with_what_was_probably_meant(made: Recipe) -> None:
    said = refused(made, {"gpu": 2, "gpus": 0, "mode": "fats", "memory": "4 Gi", "args": ["a", 1]})
    assert sorted(said) == [
        "a-test: args[1]: 1 is not a text",
        "a-test: gpus: 0 is less than 1",
        "a-test: memory: 4 Gi is not a quantity, as 500m, 2 or 48Gi are",
        "a-test: mode: fats is none of fast, slow; did you mean fast?",
        "a-test: name is missing: Name (for example qwen)",
        "a-test: there is no gpu; did you mean gpus?",
    ]


def test_what_a_rule_requires_is_said_with_its_title(tmp_path: Path) -> None:
    ruled = HEAD.replace(
        "  properties:", "  allOf: [{if: {required: [gpus]}, then: {required: [mode]}}]\n  properties:", 1
    )
    (said,) = refused(recipe(tmp_path, ruled), {"name": "a", "gpus": 2})
    assert said == "a-test: mode is missing: Mode"


def test_defaults_complete_and_the_recipe_keeps_its_own(made: Recipe) -> None:
    values = settle(made, {"name": "a"})
    assert values == {"name": "a", "gpus": 1, "args": []}
    values["args"].append("x")
    assert settle(made, {"name": "a"})["args"] == []


def test_what_must_still_be_said(made: Recipe) -> None:
    assert missing(made, {}) == ["name"]
    assert missing(made, {"name": "a"}) == []


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("name=no", {"name": "no"}),
        ("name=1e3", {"name": "1e3"}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
        ("gpus=8", {"gpus": 8}),
        ("gpus=eight", {"gpus": "eight"}),
        ("args=-a,--b=1", {"args": ["-a", "--b=1"]}),
        ('args=["a,b", "c"]', {"args": ["a,b", "c"]}),
        ("args=", {"args": []}),
        ("env.A=1", {"env": {"A": "1"}}),
        ("env=A=1,B=x", {"env": {"A": "1", "B": "x"}}),
        ('env={"A": "1"}', {"env": {"A": "1"}}),
    ],
)
def test_a_flag_says_a_value_of_the_type_that_the_parameter_has(made: Recipe, said: str, value: dict[str, Any]) -> None:
    assert from_sets(made, [said]) == value


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("name", "--set name: this is not name=value"),
        ("=x", "--set =x: this is not name=value"),
        ("gpsu=1", "--set gpsu=1: a-test has no parameter gpsu; did you mean gpus?"),
        ("args=[1,", "--set args=[1,: this is not JSON: "),
    ],
)
def test_flags_that_say_nothing(made: Recipe, said: str, message: str) -> None:
    with pytest.raises(Usage) as caught:
        from_sets(made, [said])
    assert caught.value.message.startswith(message)


def test_flags_that_say_nothing_are_all_told(made: Recipe) -> None:
    with pytest.raises(Usage) as caught:
        from_sets(made, ["name=a", "gpsu=1", "args=[1,"])
    first, second = caught.value.messages
    assert first.startswith("--set gpsu=1: ") and second.startswith("--set args=[1,: ")


def test_a_value_and_its_parts_exclude_each_other(made: Recipe) -> None:
    with pytest.raises(Usage, match="has a value already"):
        from_sets(made, ["name=a", "name.b=c"])


def test_what_no_object_can_hold_is_refused_before_anything_is_rendered(made: Recipe) -> None:
    assert "longer than the 262,144 that fit" in refused(made, {"name": "x" * (1 << 20)})[0]
    assert "half of a surrogate pair" in refused(made, {"name": "\ud800"})[0]
    assert "half of a surrogate pair" in refused(made, {"name": "a", "env": {"\ud800": "x"}})[0]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: 1\n---\nb: 2\n", "values are one mapping"),
        ("[1]\n", "values are one mapping"),
        ("a: [\n", "line 2"),
        ("a: 1\na: 2\n", "the key 'a' is there twice"),
    ],
)
def test_files_of_values_that_are_none(tmp_path: Path, text: str, error: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    with pytest.raises(Usage, match=error):
        from_file(str(file))


def test_files_of_values(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("name: qwen\nsince: 2026-01-01\n")
    assert from_file(str(file)) == {"name": "qwen", "since": "2026-01-01"}
    file.write_text("# nothing\n")
    assert from_file(str(file)) == {}
    with pytest.raises(NotFound):
        from_file(str(tmp_path / "none.yaml"))
    with pytest.raises(K8saiError):
        from_file(str(tmp_path))


def test_later_values_win_and_mappings_are_joined() -> None:
    assert merged({"a": 1, "b": {"c": 1, "d": 2}, "e": [1]}, {"b": {"c": 3}, "e": [2]}) == {
        "a": 1,
        "b": {"c": 3, "d": 2},
        "e": [2],
    }
