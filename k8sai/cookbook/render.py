"""A recipe with its values: the files somebody will own, and the objects in them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from k8sai.cookbook.bounded import rendered_apart
from k8sai.cookbook.recipe import Recipe, Template
from k8sai.cookbook.values import settle
from k8sai.cookbook.words import shown
from k8sai.manifests import Manifest, parse

Json = dict[str, Any]

_NAMESPACE: Final = re.compile(r"(?=.{1,63}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class File:
    """One rendered template. `manifests` are read from the very text, so what is shown is what is applied."""

    name: str
    text: str
    manifests: tuple[Manifest, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything that came of a recipe: files in the templates' order, and what to know, a line each."""

    recipe: Recipe
    values: Json
    namespace: str
    files: tuple[File, ...]
    notes: tuple[str, ...]

    @property
    def manifests(self) -> list[Manifest]:
        """All objects, in the order of the files."""
        return [manifest for file in self.files for manifest in file.manifests]


def render(recipe: Recipe, given: Mapping[str, Any], namespace: str = "", *, wrong: Sequence[str] = ()) -> Rendered:
    """The recipe with these values, completed by its defaults. Raises Usage with every wrong value, after what is known
    to be `wrong`, or with the place in a template. Templates that come to nothing make no file. A parameter `namespace`
    need not be said twice.

    What did not come with the program is rendered apart, within limits.
    """
    if namespace and "namespace" in recipe.properties:
        given = {"namespace": namespace, **given}
    if namespace and not _NAMESPACE.fullmatch(namespace):
        wrong = (*wrong, f"{shown(namespace)} is no name of a namespace: small letters, digits, and - between them")
    values = settle(recipe, given, wrong)
    context = context_of(recipe, values, namespace)
    texts, notes = _here(recipe, context) if recipe.trusted else _apart(recipe, context)
    pairs = zip(recipe.templates, texts, strict=True)
    files = [_file(template, text, recipe.place(template.name)) for template, text in pairs if text.strip()]
    return Rendered(recipe, values, namespace, tuple(files), tuple(notes))


def context_of(recipe: Recipe, values: Mapping[str, Any], namespace: str) -> Json:
    """What templates may name: every parameter (null where nothing was said), the recipe and the namespace. Where
    `namespace` is a parameter too, it is that one."""
    unsaid = dict.fromkeys(recipe.properties)
    return {"namespace": namespace, **unsaid, **values, "recipe": recipe.name}


def _file(template: Template, text: str, place: str) -> File:
    return File(template.name, text, () if template.plain else tuple(parse(text.encode(), place)))


def _here(recipe: Recipe, context: Json) -> tuple[list[str], list[str]]:
    from k8sai.cookbook.notes import noted
    from k8sai.cookbook.tree import rendered

    texts = [rendered(template.text, recipe.place(template.name), context) for template in recipe.templates]
    return texts, noted(recipe.notes, recipe.name, context)


def _apart(recipe: Recipe, context: Json) -> tuple[list[str], list[str]]:
    templates = [(recipe.place(template.name), template.text) for template in recipe.templates]
    return rendered_apart(templates, recipe.notes, context, recipe.name)
