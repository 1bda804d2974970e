"""Updates between what real recipes make: from each of their cases to the next, with notes of a person in the files."""

from typing import Any

import pytest
import yaml

from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.merge import merge
from k8sai.cookbook.merge_files import identity
from k8sai.cookbook.recipe import load
from k8sai.cookbook.render import render
from k8sai.yaml_in import documents
from tests.cookbook import readmes

Texts = dict[str, str]


def cases(name: str) -> list[Texts]:
    """The files of each case that makes some."""
    recipe = load(built_in() / name, BUILT_IN, trusted=True)
    made = (render(recipe, case.values) for case in recipe.cases if not case.fails)
    return [{file.name: file.text for file in each.files} for each in made]


def noted(files: Texts) -> Texts:
    """As somebody leaves them: a note above each key of the objects, and the lists indented."""
    return {
        name: "".join(f"# kept\n{line}\n" if line[:1].isalpha() else f"{line}\n" for line in text.splitlines())
        for name, text in files.items()
    }


def objects(files: dict[str, str | None]) -> dict[str, list[Any]]:
    return {name: [each for each in documents(text.encode()) if each] for name, text in files.items() if text}


def in_any_order(value: Any) -> Any:
    """Lists of named things as mappings: what was added stands where there was a place for it."""
    if isinstance(value, dict):
        return {key: in_any_order(each) for key, each in value.items()}
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return sorted((in_any_order(each) for each in value), key=yaml.safe_dump)
    return value


def known(text: str) -> set[object]:
    return {found for each in documents(text.encode()) if (found := identity(each))}


@pytest.mark.parametrize("name", readmes.names())
def test_from_one_case_to_the_next(name: str) -> None:
    made = cases(name)
    for base, new in zip(made, [*made[1:], *made[:1]], strict=True):
        found = merge(base, noted(base), new)
        assert found.conflicts == ()
        assert in_any_order(objects(found.files)) == in_any_order(objects(dict(new)))
        for file in base.keys() & new.keys():
            if known(base[file]) & known(new[file]):
                assert "# kept" in (found.files[file] or "")
