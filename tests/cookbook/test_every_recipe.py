"""What holds for every recipe of the library: it is right, its tests pass, and no value changes its shape."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.cookbook.checking import Judge, outcome
from k8sai.cookbook.index import FILE, written
from k8sai.cookbook.judges import builtin, definitions
from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.lint.kinds import BUILTIN
from k8sai.cookbook.lint.run import lint_recipe
from k8sai.cookbook.recipe import Case, Recipe, load
from k8sai.cookbook.render import Rendered, render
from k8sai.errors import Usage
from k8sai.yaml_in import documents

CRDS = Path(__file__).parents[3] / "shared" / "crds"
NAMES = sorted(each.parent.name for each in built_in().glob("*/recipe.yaml"))
HOSTILE = (
    "x\n  securityContext: {privileged: true} # ${name} $${x} {{y}} '\"`&*!|>%@\t ä€𝄞\u2028\x85\ufeff",
    "---\napiVersion: v1",
    "no",
    "1e3",
    "0123",
)


UNDEFINED = {"scheduling.x-k8s.io/v1alpha1/PodGroup"}  # of the coscheduling plugin: no definition is at hand


@cache
def recipe(name: str) -> Recipe:
    return load(built_in() / name, BUILT_IN, trusted=True)


@cache
def rendered(name: str, case: str) -> Rendered:
    """One of its cases as it is."""
    made = recipe(name)
    return render(made, next(each.values for each in made.cases if each.name == case))


@cache
def judges() -> tuple[Judge, ...]:
    """All of them, or a skip that says which is not here."""
    own = builtin()
    assert own is not None, "kubernetes-validate belongs to the tools of development"
    if not CRDS.is_dir():
        pytest.skip(f"there is no {CRDS.name} folder with definitions beside the project")
    return own, definitions(CRDS)


@pytest.mark.parametrize("name", NAMES)
def test_lint_finds_no_error(name: str) -> None:
    found = lint_recipe(recipe(name))
    assert [(each.rule, each.place, each.message) for each in found if each.severity == "error"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_case_is_what_the_schemas_allow(name: str) -> None:
    made = recipe(name)
    went = [outcome(made, case, judges()) for case in made.cases]
    assert [(each.case.name, each.wrong) for each in went if each.wrong] == []
    assert {kind for each in went for kind in each.unjudged} - UNDEFINED == set()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_makes_at_the_least_is_what_it_needs(name: str) -> None:
    """A kind that no Kubernetes has by itself is named, so that a cluster can be asked for it beforehand."""
    made = recipe(name)
    if any("x-k8sai-file" in schema for schema in made.properties.values()):
        return  # what it makes is what somebody brings
    first = next(case for case in made.cases if not case.fails)
    kinds = {
        f"{each.api_version}/{each.kind}" for each in rendered(name, first.name).manifests if each.group not in BUILTIN
    }
    assert kinds - set(made.requires.kinds) == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_text_changes_the_shape(name: str) -> None:
    made = recipe(name)
    for case, parameter in texts(made):
        plain = trees(rendered(name, case.name))
        for hostile in HOSTILE:
            try:
                changed = trees(render(made, {**case.values, parameter: hostile}))
            except Usage as error:
                assert error.messages  # refused, and said why
                continue
            assert same(plain, changed, case.values[parameter], hostile), (case.name, parameter, hostile)


def texts(made: Recipe) -> Iterator[tuple[Case, str]]:
    """Parameters that are any text, not one of some choices, each with the first case that says it."""
    for name, schema in made.properties.items():
        says = (each for each in made.cases if not each.fails and isinstance(each.values.get(name), str))
        case = next(says, None)
        if case and schema.get("type") == "string" and "enum" not in schema:
            yield case, name


def trees(whole: Rendered) -> list[Any]:
    """The files as data, read by two readers that must agree."""
    found = []
    for file in whole.files:
        read = documents(file.text.encode())
        if file.manifests:
            assert read == list(yaml.safe_load_all(file.text))
        found.append([file.name, read])
    return found


def same(one: Any, other: Any, old: str, new: str) -> bool:
    """Whether two trees differ in texts alone; in a key only where the key is made of the parameter."""
    if isinstance(one, dict):
        if not isinstance(other, dict) or len(one) != len(other):
            return False
        pairs = zip(one.items(), other.items(), strict=True)
        return all((a == b or a.replace(old, new) == b) and same(x, y, old, new) for (a, x), (b, y) in pairs)
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same(x, y, old, new) for x, y in zip(one, other, strict=True))
        )
    return type(one) is type(other)


def test_the_index_is_what_the_recipes_say() -> None:
    assert (built_in() / FILE).read_text(encoding="utf-8") == written(built_in()), "run: python -m k8sai.cookbook.index"
