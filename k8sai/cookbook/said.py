"""The parameters somebody said: from the lock, from files, from flags; as values to render with, and as kept in a lock.

A parameter that stands for a file (`x-k8sai-file`) is kept as the path to it, from the lock's folder: the file is read
anew at each update, and what is in it is not copied.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.values import from_file, from_sets, heard, merged
from k8sai.errors import Usage

Json = dict[str, Any]

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Said:
    """`values` are complete but for defaults; `paths` are where those that stand for a file were read; `wrong` is what
    was said in flags and means nothing."""

    values: Json
    paths: Mapping[str, str]
    wrong: tuple[str, ...] = ()

    def kept(self, folder: Path) -> Json:
        """As a lock in this folder keeps them."""
        paths = {name: path if path == _STDIN else _from(folder, path) for name, path in self.paths.items()}
        return {**self.values, **paths}


def said(recipe: Recipe, files: Iterable[str], sets: Iterable[str]) -> Said:
    """Files in their order, then flags. Raises NotFound, Usage for files."""
    whole: Json = {}
    for path in files:
        whole = merged(whole, from_file(path))
    flags = [each.partition("=") for each in sets]
    of_files = {name: text for name, equals, text in flags if equals and name in _of_files(recipe)}
    others = ["".join(each) for each in flags if each[0] not in of_files]
    values, wrong = heard(recipe, others)
    return replace(_read(recipe, {**merged(whole, values), **of_files}), wrong=tuple(wrong))


def said_before(recipe: Recipe, parameters: Mapping[str, Any], folder: Path, now: Said) -> Said:
    """What a lock in this folder kept, with what is said now over it. What the recipe no longer knows is left out.
    Raises NotFound, Usage."""
    before = {name: value for name, value in parameters.items() if name in recipe.properties}
    of_files = _of_files(recipe) & before.keys()
    for name in of_files - now.values.keys():
        if before[name] == _STDIN:
            raise Usage(f"{name} was read from stdin", f"say it again: --set {name}=FILE")
        if isinstance(before[name], str):
            before[name] = os.path.relpath(folder / before[name])
    again = _read(recipe, {name: value for name, value in before.items() if name not in now.paths})
    return Said(merged(again.values, now.values), {**again.paths, **now.paths}, now.wrong)


def _of_files(recipe: Recipe) -> set[str]:
    return {name for name, schema in recipe.properties.items() if "x-k8sai-file" in schema}


def _read(recipe: Recipe, whole: Json) -> Said:
    """With what is in the files, where a value is the path to one."""
    paths = {name: whole[name] for name in _of_files(recipe) & whole.keys() if isinstance(whole[name], str)}
    return Said({**whole, **from_sets(recipe, [f"{name}={path}" for name, path in paths.items()])}, paths)


def _from(folder: Path, path: str) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
