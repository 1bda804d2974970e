"""What is to be applied or deleted: files as they are, or a recipe rendered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from k8sai.cookbook.recipe import Recipe, Requires
from k8sai.errors import Usage
from k8sai.manifests import Manifest
from k8sai.manifests import read as read_files


@dataclass(frozen=True, slots=True)
class Source:
    """The set as somebody wrote it. `name` is what a recipe's set is called, "" for files."""

    manifests: tuple[Manifest, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    requires: Requires | None = None


def read(
    recipe: str,
    files: Sequence[str],
    *,
    recursive: bool = False,
    sets: Sequence[str] = (),
    values: Sequence[str] = (),
    recipe_dirs: Sequence[str] = (),
    namespace: str = "",
) -> Source:
    """The objects. Raises NotFound, and Usage with everything that is wrong with a recipe's parameters."""
    if not recipe:
        found = read_files(files, recursive)
        if not found:
            raise Usage(f"there is no object in {', '.join(files)}")
        return Source(tuple(found))
    return _rendered(recipe, sets, values, recipe_dirs, namespace)


def _rendered(
    name: str, sets: Sequence[str], values: Sequence[str], recipe_dirs: Sequence[str], namespace: str
) -> Source:
    from k8sai.cookbook.library import open_library
    from k8sai.cookbook.render import render
    from k8sai.cookbook.said import said

    recipe = open_library([Path(folder) for folder in recipe_dirs]).find(name)
    told = said(recipe, values, sets)
    rendered = render(recipe, told.values, namespace, wrong=told.wrong)
    called = set_name(recipe, rendered.values.get("name"))
    return Source(tuple(rendered.manifests), called, rendered.notes, recipe.requires)


def set_name(recipe: Recipe, name: object) -> str:
    """What the set of a recipe is called: by the recipe, and by its parameter `name` where it has one."""
    return f"{recipe.name}-{name}" if isinstance(name, str) and name else recipe.name
