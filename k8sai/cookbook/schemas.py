"""JSON Schema (2020-12) that never leaves the recipe: no reference is ever fetched."""

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator


def validator(schema: dict[str, Any]) -> "Draft202012Validator":
    """What checks values against a schema. Raises ValueError where that is none, or refers to somewhere else."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema, retriever=_fetch_nothing)


def _fetch_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not in the recipe, and nothing is fetched")
