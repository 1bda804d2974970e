"""The values of a recipe's parameters: from flags and files, checked all at once, completed by defaults."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.schemas import validator
from k8sai.cookbook.words import meant, said, shown
from k8sai.errors import K8saiError, NotFound, Usage
from k8sai.quantity import parse as parse_quantity

Json = dict[str, Any]

_LONGEST = 1 << 18  # characters: what annotations may have together, and more than anything else needs
_WORDS = {"true": True, "false": False}


def settle(recipe: Recipe, given: Mapping[str, Any], before: Sequence[str] = ()) -> Json:
    """The values to render with: what was given, completed by defaults. Raises Usage with every error, those that were
    found before first."""
    values = _completed(recipe.parameters, dict(given))
    if unwritable := _unwritable(values):
        raise Usage(f"{recipe.name}: {unwritable}")
    wrong = [
        each for error in validator(recipe.parameters).iter_errors(values) for each in said(error, recipe.parameters)
    ]
    wrong += _amounts(recipe.properties, values, "")
    _insist_on_none(recipe, [*before, *(f"{recipe.name}: {each}" for each in wrong)])
    return values


def _insist_on_none(recipe: Recipe, wrong: Sequence[str]) -> None:
    if wrong:
        raise Usage(wrong[0], _hint(recipe), tuple(wrong[1:]))


def missing(recipe: Recipe, given: Mapping[str, Any], namespace: str = "") -> list[str]:
    """The parameters that must still be said; one called namespace is said by that of everything."""
    said = {*given, "namespace"} if namespace else given
    return [name for name in recipe.parameters.get("required") or () if name not in said]


def from_file(path: str) -> Json:
    """The mapping in a file of values, YAML or JSON. Raises NotFound, Usage."""
    from k8sai.yaml_in import documents

    found = [each for each in _parsed(path, documents) if each is not None]
    if len(found) > 1 or (found and not isinstance(found[0], dict)):
        raise Usage(f"{path}: values are one mapping of parameter to value")
    return found[0] if found else {}


def from_sets(recipe: Recipe, sets: Iterable[str]) -> Json:
    """What `--set name=value` says, each by the type that the parameter has. Raises Usage with every error.

    A list may be written `a,b,c` or as JSON; `outer.inner=value` reaches into a mapping.
    """
    values, wrong = heard(recipe, sets)
    _insist_on_none(recipe, wrong)
    return values


def heard(recipe: Recipe, sets: Iterable[str]) -> tuple[Json, list[str]]:
    """The same, with what is wrong beside it. A text that is no value of its type is kept as it is."""
    values: Json = {}
    wrong: list[str] = []
    for each in sets:
        try:
            _hear(recipe, values, each)
        except Usage as error:
            wrong.append(error.message)
    return values, wrong


def _hear(recipe: Recipe, values: Json, each: str) -> None:
    name, equals, text = each.partition("=")
    if not equals or not name:
        raise Usage(f"--set {each}: this is not name=value")
    first, *rest = name.split(".")
    if first not in recipe.properties:
        raise Usage(f"--set {each}: {recipe.name} has no parameter {first}{meant(first, recipe.properties)}")
    schema, place = recipe.properties[first], values
    for step in rest:
        place = place.setdefault(first, {})
        if not isinstance(place, dict):
            raise Usage(f"--set {each}: {first} has a value already, and cannot have parts too")
        schema = (schema.get("properties") or {}).get(step) or schema.get("additionalProperties") or {}
        schema, first = schema if isinstance(schema, dict) else {}, step
    place[first] = text  # so that it is not said to be missing too
    place[first] = _typed(text, schema, each)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """Mappings are joined, everything else is replaced."""
    whole = dict(base)
    for name, value in over.items():
        old = whole.get(name)
        whole[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return whole


def _typed(text: str, schema: Json, told: str) -> Any:
    if "x-k8sai-file" in schema:
        return _manifests(text) if schema["x-k8sai-file"] == "manifests" else _documents(text)
    wanted = schema.get("type")
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if "null" in kinds and text == "null":
        return None
    if "boolean" in kinds and text in _WORDS:
        return _WORDS[text]
    if "array" in kinds and not text.startswith("["):
        part = schema.get("items") or {}
        return [_typed(each.strip(), part, told) for each in text.split(",") if each.strip()]
    if "object" in kinds and text[:1] != "{" and "=" in text:
        pairs = (each.partition("=") for each in text.split(","))
        part = schema.get("additionalProperties")
        return {
            key.strip(): _typed(value.strip(), part if isinstance(part, dict) else {}, told) for key, _, value in pairs
        }
    if {"integer", "number", "array", "object"} & set(kinds) or (wanted is None and "enum" not in schema):
        try:
            return json.loads(text)
        except ValueError as error:
            if text[:1] in ("[", "{"):
                raise Usage(f"--set {told}: this is not JSON: {error}") from error
    return text


def _manifests(path: str) -> list[Json]:
    """The objects of a file that a recipe changes."""
    from k8sai.manifests import read

    return [each.object for each in read([path])]


def _documents(path: str) -> list[Json]:
    """The mappings of a file that are no Kubernetes objects."""
    from k8sai.yaml_in import documents

    found = [each for each in _parsed(path, documents) if each is not None]
    if not all(isinstance(each, dict) for each in found):
        raise Usage(f"{path}: every document of it must be a mapping")
    return found


def _completed(schema: Mapping[str, Any], values: Json) -> Json:
    """Defaults of what was not said; also of the parts of a mapping that is there."""
    for name, part in (schema.get("properties") or {}).items():
        if name not in values and "default" in part:
            values[name] = json.loads(json.dumps(part["default"]))
        if isinstance(values.get(name), dict) and part.get("properties"):
            values[name] = _completed(part, dict(values[name]))
    return values


def _unwritable(node: Any) -> str:
    """Why a value, or a part of one, fits into no object; empty where it does."""
    if isinstance(node, str):
        if len(node) > _LONGEST:
            return f"a text of {len(node):,} characters is longer than the {_LONGEST:,} that fit into an object"
        try:
            node.encode()
        except UnicodeEncodeError:
            return "half of a surrogate pair is in a value: no file can hold that"
        return ""
    parts = [*node, *node.values()] if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return next((wrong for wrong in map(_unwritable, parts) if wrong), "")


def _amounts(properties: Mapping[str, Any], values: Mapping[str, Any], within: str) -> list[str]:
    """What says it is a quantity of Kubernetes, and is none."""
    wrong = []
    for name, schema in properties.items():
        value, where = values.get(name), f"{within}{name}"
        if schema.get("x-k8sai-quantity") and isinstance(value, str):
            try:
                parse_quantity(value)
            except (ValueError, K8saiError):
                wrong.append(f"{where}: {shown(value)} is not a quantity, as 500m, 2 or 48Gi are")
        if isinstance(value, dict) and schema.get("properties"):
            wrong += _amounts(schema["properties"], value, f"{where}.")
    return wrong


def _parsed(path: str, documents: Any) -> list[Any]:
    try:
        text = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}") from error
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from error
    try:
        found: list[Any] = documents(text)
    except ValueError as error:
        raise Usage(f"{path}: {error}") from error
    return found


def _hint(recipe: Recipe) -> str:
    return f"`k8sai recipe explain {recipe.name}` lists the parameters"
