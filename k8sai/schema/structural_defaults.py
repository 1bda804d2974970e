"""Defaults of a structural schema.

Source: apiextensions-apiserver `pkg/apiserver/schema/defaulting/algorithm.go`.
"""

from copy import deepcopy
from typing import Any

from k8sai.schema.structural import Structural


def fill(schema: Structural | None, value: Any) -> None:
    """Put defaults where a field is absent, or null where null may not be; in place, then below."""
    if schema is None:
        return
    if isinstance(value, dict):
        for name, field in (schema.raw.get("properties") or {}).items():
            default = field.get("default")
            if default is not None and (name not in value or (value[name] is None and not field.get("nullable"))):
                value[name] = deepcopy(default)
        for key in value:
            below = schema.below(key)
            if below is not None and schema.child(key) is None and _unwanted_null(below, value[key]):
                value[key] = deepcopy(below.raw.get("default"))
            fill(below, value[key])
    elif isinstance(value, list) and schema.items is not None:
        for at, one in enumerate(value):
            if _unwanted_null(schema.items, one):
                value[at] = deepcopy(schema.items.raw.get("default"))
            fill(schema.items, value[at])


def _unwanted_null(schema: Structural, value: Any) -> bool:
    return value is None and not schema.nullable
