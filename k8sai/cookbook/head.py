"""What a recipe.yaml looks like: its own JSON Schema, and what is wrong with one."""

from typing import Any, Final

from k8sai.cookbook.schemas import validator
from k8sai.cookbook.words import said

Json = dict[str, Any]

GROUPS = (
    "training",
    "serving",
    "sharing",
    "queues",
    "routing",
    "scaling",
    "observability",
    "policy",
    "network",
    "pipelines",
    "fleet",
)
_TEXT: Final = {"type": "string", "minLength": 1}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_KIND: Final = {"type": "string", "pattern": "^[a-z0-9.-]+/v[0-9][a-z0-9]*/[A-Z][A-Za-z0-9]*$"}
_PARAMETER: Final = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": _TEXT, "examples": {"type": "array"}},
}
_CASE: Final = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _TEXT,
        "set": {"type": "object"},
        "makes": {"type": "array", "items": _TEXT},
        "fails": _TEXT,
    },
}
SCHEMA: Final[Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["apiVersion", "kind", "title", "description", "tags", "tests"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "k8sai.dev/v1alpha1"},
        "kind": {"const": "Recipe"},
        "title": {**_TEXT, "maxLength": 60},
        "description": _TEXT,
        "tags": {**_TEXTS, "minItems": 1, "prefixItems": [{"enum": list(GROUPS)}]},
        "parameters": {
            "type": "object",
            "properties": {
                "type": {"const": "object"},
                "properties": {
                    "type": "object",
                    "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40},
                    "additionalProperties": _PARAMETER,
                },
                "required": _TEXTS,
            },
        },
        "requires": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "kubernetes": {"type": "string", "pattern": "^1\\.[0-9]+$"},
                "kinds": {"type": "array", "items": _KIND},
                "features": _TEXTS,
            },
        },
        "plain": _TEXTS,
        "notes": {"type": "array", "items": {"type": ["string", "object"]}},
        "tests": {"type": "array", "minItems": 1, "items": _CASE},
    },
}


def problems(head: Json) -> list[str]:
    """What is wrong with a recipe.yaml, in words with the path. The schema of the parameters is looked at too."""
    wrong = [each for error in validator(SCHEMA).iter_errors(head) for each in said(error, SCHEMA)]
    return wrong or [*_schema_problems(head.get("parameters") or {})]


def _schema_problems(parameters: Json) -> list[str]:
    """Of the parameters' schema as a schema; a parameter that is required exists, a default is one that is allowed."""
    properties: dict[str, Any] = parameters.get("properties") or {}
    wrong = []
    for name in parameters.get("required") or ():
        if name not in properties:
            wrong.append(f"parameters.required: there is no parameter {name}")
    for name, schema in properties.items():
        try:
            own = validator(schema)
        except ValueError as error:
            wrong.append(f"parameters.properties.{name}: {' '.join(str(error).split())}")
            continue
        if "default" in schema and not own.is_valid(schema["default"]):
            wrong.append(
                f"parameters.properties.{name}: the default {schema['default']!r} is not allowed by its own schema"
            )
    return wrong
