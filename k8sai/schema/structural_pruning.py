"""Fields that a structural schema does not know: which they are, and dropping them.

Source: apiextensions-apiserver `pkg/apiserver/schema/pruning` and `defaulting/prunenulls.go`.
"""

from typing import Any

from k8sai.schema import object_meta
from k8sai.schema.structural import Structural

_HEAD = ("apiVersion", "kind", "metadata")


def prune(schema: Structural, value: Any) -> list[str]:
    """Drop unknown fields and impossible nulls in place; the paths of the unknown fields, sorted."""
    found: list[str] = []
    _walk(schema, value, "", found)
    _drop_nulls(schema, value)
    return sorted(found)


def _walk(schema: Structural | None, value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, list):
        items = schema.items if schema else None
        lenient = schema is not None and schema.preserves
        if lenient and items is None:
            return
        for at, one in enumerate(value):
            _walk(items, one, f"{path}[{at}]", found)
    elif isinstance(value, dict):
        _fields(schema, value, path, found)


def _fields(schema: Structural | None, value: dict[str, Any], path: str, found: list[str]) -> None:
    """A schema that preserves unknown fields still prunes below the fields it declares."""
    for key in tuple(value):
        place = f"{path}.{key}" if path else key
        if schema is not None and schema.embedded and key in _HEAD:
            if key == "metadata":
                found.extend(object_meta.prune(value[key], place))
            continue
        declared = schema.child(key) if schema else None
        if declared is not None:
            _walk(declared, value[key], place, found)
        elif schema is not None and schema.has_map:
            _below_map(schema, value[key], place, found)
        elif schema is None or not schema.preserves:
            if path or key not in _HEAD:
                found.append(place)
            del value[key]


def _below_map(schema: Structural, value: Any, place: str, found: list[str]) -> None:
    """`additionalProperties: true` declares keys of no shape: what is in them goes."""
    _walk(schema.additional, value, place, found)


def _drop_nulls(schema: Structural | None, value: Any) -> None:
    """A null goes where the schema allows none and has no default to put there; items of lists stay."""
    if isinstance(value, dict):
        for key in tuple(value):
            below = schema.below(key) if schema else None
            if value[key] is None and below is not None and not below.nullable and below.raw.get("default") is None:
                del value[key]
            else:
                _drop_nulls(below, value[key])
    elif isinstance(value, list):
        for one in value:
            _drop_nulls(schema.items if schema else None, one)
