"""The metadata of objects: its fields, and what a value of the wrong type is told.

Source: apimachinery `pkg/apis/meta/v1` ObjectMeta, apiextensions-apiserver `pkg/apiserver/schema/objectmeta`.
"""

from typing import Any, Final

_TEXT, _WHOLE, _TEXTS, _LIST, _MANY, _TIME = "string", "int64", "map[string]string", "[]string", "[]", "v1.Time"
_FIELDS: Final = {
    "name": _TEXT,
    "generateName": _TEXT,
    "namespace": _TEXT,
    "selfLink": _TEXT,
    "uid": "types.UID",
    "resourceVersion": _TEXT,
    "generation": _WHOLE,
    "creationTimestamp": _TIME,
    "deletionTimestamp": _TIME,
    "deletionGracePeriodSeconds": _WHOLE,
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "ownerReferences": _MANY,
    "finalizers": _LIST,
    "managedFields": _MANY,
}
_OWNER: Final = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
_NAMES: Final = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


def prune(meta: Any, path: str) -> list[str]:
    """Drop fields that metadata does not have, in place; their paths."""
    if not isinstance(meta, dict):
        return []
    found = [key for key in meta if key not in _FIELDS]
    paths = [f"{path}.{key}" for key in found]
    for key in found:
        del meta[key]
    owners = meta.get("ownerReferences")
    for at, owner in enumerate(owners if isinstance(owners, list) else ()):
        strange = [key for key in owner if key not in _OWNER] if isinstance(owner, dict) else []
        paths += [f"{path}.ownerReferences[{at}].{key}" for key in strange]
        for key in strange:
            del owner[key]
    return paths


def wrong_type(meta: Any) -> str:
    """Why metadata cannot be read, as Go's decoder says it; empty where it can."""
    if not isinstance(meta, dict):
        return f"json: cannot unmarshal {_name(meta)} into Go value of type v1.ObjectMeta"
    for key, value in meta.items():
        wanted = _FIELDS.get(key)
        if value is None or wanted is None:
            continue
        wrong = _wrong(value, wanted)
        if wrong is not None:
            return f"json: cannot unmarshal {_name(wrong[0])} into Go struct field ObjectMeta.{key} of type {wrong[1]}"
    return ""


def _wrong(value: Any, wanted: str) -> tuple[Any, str] | None:
    """The value that does not fit, and the type it should have."""
    if wanted == _TEXTS:
        if not isinstance(value, dict):
            return value, wanted
        return next(((one, _TEXT) for one in value.values() if not isinstance(one, str | None)), None)
    if wanted in (_LIST, _MANY):
        if not isinstance(value, list):
            return value, wanted
        kind: type = str if wanted == _LIST else dict
        return next(((one, _TEXT) for one in value if not isinstance(one, kind)), None)
    if wanted == _WHOLE:
        return None if isinstance(value, int) and not isinstance(value, bool) else (value, wanted)
    return None if isinstance(value, str) else (value, wanted)


def _name(value: Any) -> str:
    return _NAMES.get(type(value), "null")
