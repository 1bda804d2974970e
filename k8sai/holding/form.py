"""A state as text in its ConfigMap and back: every field by its name in camelCase, nothing guessed, no Secret's data.

A state is a frozen dataclass of dataclasses, tuples, enums and plain values, with a `version`. What is not understood
is refused rather than dropped: it would be lost with the next save.
"""

import json
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from k8sai.errors import Refused

Json = dict[str, Any]
T = TypeVar("T")

_SECRETS: Final = frozenset(("Secret", "SecretList"))


class Unreadable(Refused):
    """What is kept is not in a form that this version knows."""


def text(state: Any, what: str) -> str:
    """Raises Refused where a Secret's data would be kept in `what`."""
    told = document(state)
    refuse_secrets(told, what)
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)


def document(state: Any) -> Json:
    """As it is kept, before it is text."""
    told: Json = _told(state)
    return told


def state(kind: type[T], kept: str, version: int) -> T:
    """Raises Unreadable for another version, an unknown field, a wrong type, a missing field."""
    read = read_object(kept)
    if read.get("version") != version:
        raise Unreadable(f"it is in version {read.get('version')!r}, and this k8sai knows {version}")
    try:
        return msgspec.convert(_named(kind, read, "$"), kind)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from error


def refuse_secrets(value: Any, where: str) -> None:
    """Raises Refused where a Secret with its data is anywhere in it; references to Secrets are fine."""
    if isinstance(value, dict):
        if value.get("kind") in _SECRETS and (value.get("data") or value.get("stringData") or value.get("items")):
            raise Refused(f"{where} would hold a Secret's data, which k8sai never keeps")
        for part in value.values():
            refuse_secrets(part, where)
    elif isinstance(value, list | tuple):
        for part in value:
            refuse_secrets(part, where)


def _told(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {_camel(field.name): _told(getattr(value, field.name)) for field in fields(value)}
    return [_told(one) for one in value] if isinstance(value, tuple) else value


def _named(kind: Any, value: Any, place: str) -> Any:
    """Names as in Python, where a dataclass is expected; raises Unreadable for one that it does not have."""
    inner = next((one for one in (kind, *get_args(kind)) if isinstance(one, type) and is_dataclass(one)), None)
    if inner is None or value is None:
        return value
    if isinstance(value, list):
        return [_named(inner, one, f"{place}[{i}]") for i, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    known = _names(inner)
    if strange := [key for key in value if key not in known]:
        raise Unreadable(f"it has a field that this k8sai does not know: {place}.{strange[0]}")
    named = ((*known[key], part, key) for key, part in value.items())
    return {name: _named(hint, part, f"{place}.{key}") for name, hint, part, key in named}


@cache
def _names(kind: type) -> dict[str, tuple[str, Any]]:
    """By the name in JSON: the name in Python, and the type."""
    return {_camel(name): (name, hint) for name, hint in get_type_hints(kind).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def read_object(kept: str) -> Json:
    """Raises Unreadable where it is none."""
    try:
        read = json.loads(kept)
    except ValueError as error:
        raise Unreadable("it is not JSON") from error
    if not isinstance(read, dict):
        raise Unreadable("it is no JSON object")
    return read
