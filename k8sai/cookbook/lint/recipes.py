"""Rules about recipes: parameters that are used and declared, templates that mean what they say."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from k8sai.cookbook.expressions import is_operator
from k8sai.cookbook.lint.finding import Finding, Said
from k8sai.cookbook.recipe import HEAD, README, Recipe
from k8sai.cookbook.tree import places, plain, read
from k8sai.manifests import Manifest

_WORD: Final = re.compile(r"\b([a-z][a-z0-9_]*)\b")
_LEFT: Final = re.compile(r"\$\{(\w+)\}")
_INSIDE: Final = re.compile(r"(?<!\$)\$\{([^}]*)\}")
_EXPRESSIONS: Final = ("$eval", "$if", "$switch", "$match", "$map", "$find", "$reduce", "$let", "$sort", "$json")
_AMBIGUOUS: Final = re.compile(r"(?:y|n|yes|no|on|off|0\d+|[-+]?\d[\d_]*:[\d:]+|0o\d+|\d[\d.]*[eE]\d+)", re.IGNORECASE)
_OWN: Final = ("recipe", "namespace")


def rules(recipe: Recipe) -> Iterator[Finding]:
    """Everything there is to say of a recipe before it is rendered."""
    yield from parameters(recipe)
    templates = {recipe.place(each.name): each.text for each in recipe.templates}
    parsed = {place: read(text, place) for place, text in templates.items()}
    yield from used(recipe, chain.from_iterable(parsed.values()))
    for place, documents in parsed.items():
        yield from maps(documents, place)
        yield from words(documents, place)
    yield from readme(recipe)
    yield from cases(recipe)


def parameters(recipe: Recipe) -> Iterator[Finding]:
    """A person fills them in: each says what it is and gives an example, unless a default or choices do."""
    head = recipe.place(HEAD)
    for name, schema in recipe.properties.items():
        if not {"type", "enum", "const", "anyOf", "oneOf", "x-k8sai-file"} & schema.keys():
            yield Finding("parameter", "error", f"{name} has no type", head)
        needs = name in (recipe.parameters.get("required") or ()) and "x-k8sai-file" not in schema
        if needs and not {"examples", "enum", "const"} & schema.keys() and schema.get("type") != "boolean":
            yield Finding("parameter", "warning", f"{name} is required and has no examples", head)


def used(recipe: Recipe, documents: Iterable[Any]) -> Iterator[Finding]:
    """Parameters that nothing reads. Words that are no parameter are found when a case is rendered."""
    words_used: set[str] = set()
    for document in documents:
        words_used |= _words(plain(document))
    for note in recipe.notes:
        words_used |= _words(note)
    for name in recipe.properties:
        if name not in words_used:
            yield Finding("unused-parameter", "error", f"no template reads {name}", recipe.place(HEAD))


def leftovers(recipe: Recipe, manifest: Manifest) -> Iterator[Said]:
    """A parameter in a rendered text that was meant to be filled in, and was escaped."""
    for where, text in _texts(manifest.object, ""):
        for name in _LEFT.findall(text):
            if name in recipe.properties:
                yield Said("leftover", f"${{{name}}} was not filled in: the template has one $ too many", where)


def _texts(node: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield where, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, f"{where}.{key}" if where else str(key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _texts(item, f"{where}[{index}]")


def maps(documents: Iterable[Any], place: str) -> Iterator[Finding]:
    """`$map` over a mapping joins what it makes into one: entries vanish without a word."""
    for document in documents:
        for path, value, line in places(document):
            if path and path[-1] == "$map" and isinstance(value, dict) and not is_operator(value):
                yield Finding(
                    "map-over-mapping", "error", "$map over a mapping loses entries: map over a list", place, line
                )


def words(documents: Iterable[Any], place: str) -> Iterator[Finding]:
    """Words without quotes that YAML 1.1 and 1.2 read as different things."""
    for document in documents:
        for _, value, line in places(document):
            if type(value) is str and _AMBIGUOUS.fullmatch(value):
                yield Finding("ambiguous", "error", f"{value} is read in two ways: put it in quotes", place, line)


def readme(recipe: Recipe) -> Iterator[Finding]:
    """Somebody reads it at night: what it makes, and a command with its output."""
    file = recipe.folder / README
    place = recipe.place(README)
    if not file.is_file():
        yield Finding("readme", "error", "there is no README.md", place)
    elif "```console\n$ kubectl ai-scaffold " not in file.read_text(encoding="utf-8"):
        yield Finding("readme", "warning", "no console block shows a command and its output", place)


def cases(recipe: Recipe) -> Iterator[Finding]:
    """Each optional parameter is tried at least once, and one case is refused."""
    head = recipe.place(HEAD)
    said = {name for case in recipe.cases for name in case.values}
    for name in recipe.properties:
        if name not in said:
            yield Finding("untested-parameter", "warning", f"no test says {name}", head)
    if recipe.properties and not any(case.fails for case in recipe.cases):
        yield Finding("untested-parameter", "warning", "no test says what is refused", head)


def _words(node: Any) -> set[str]:
    """Every word in the expressions of a tree."""
    if isinstance(node, str):
        return {word for inside in _INSIDE.findall(node) for word in _WORD.findall(inside)}
    if isinstance(node, list):
        return set().union(*map(_words, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, value in node.items():
        found |= _words(key) | _words(value)
        if key in _EXPRESSIONS or is_operator(node):
            found |= _expression_words(value) | set(_WORD.findall(str(key)))
    return found


def _expression_words(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(_WORD.findall(value))
    if isinstance(value, dict):
        return set().union(
            set(), *(set(_WORD.findall(str(key))) | _expression_words(each) for key, each in value.items())
        )
    return set()
