"""The notes of a recipe: what somebody should know who has rendered it, a line each."""

from collections.abc import Iterable, Mapping
from typing import Any

from k8sai.cookbook.expressions import GONE, Unrenderable, evaluate
from k8sai.cookbook.recipe import HEAD
from k8sai.errors import Usage


def noted(notes: Iterable[Any], name: str, context: Mapping[str, Any]) -> list[str]:
    """The notes of a recipe of this name, those left out that come to nothing. Raises Usage."""
    found = []
    for number, note in enumerate(notes, 1):
        try:
            line = evaluate(note, context)
        except Unrenderable as error:
            raise Usage(f"{name}/{HEAD}: note {number}: {error}") from error
        if line is not GONE and line:
            found.append(str(line))
    return found
