"""Values of the rule language: Python's own, and a few types that JSON does not have.

A custom resource becomes such values by its schema: fields get names that the language can say, strings with a format
become times, numbers become doubles. Source: apiextensions-apiserver `pkg/apiserver/schema/cel/values.go`.
"""

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from k8sai.schema import structural_formats
from k8sai.schema.structural import Structural

_KEYWORDS = {
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
}
_KEYWORDS |= {"namespace", "null", "package", "return", "true", "var", "void", "while"}
_ESCAPED = re.compile(r"__|[./-]")
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9}
_NANOSECONDS |= {"m": 60 * 10**9, "h": 3600 * 10**9}
_STEP = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)")


class CelError(Exception):
    """A rule that ends in an error: the server refuses the object for it. The message is the server's."""


class Unsupported(Exception):
    """The rule needs something that is not here, or too much time; nobody can say whether it holds."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time."""

    nanoseconds: int


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A point in time, in nanoseconds since 1970."""

    nanoseconds: int

    def utc(self) -> datetime:
        """The same with the day and hour."""
        return datetime.fromtimestamp(self.nanoseconds // 10**9, UTC)


@dataclass(frozen=True, slots=True)
class Maybe:
    """An optional value: none, or `of` one."""

    value: Any = None
    there: bool = False


@dataclass(frozen=True, slots=True)
class TypeName:
    """What `type(x)` gives."""

    name: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A value that is no value of its type: a rule that reads it ends in an error."""

    why: str


class SetList(list[Any]):
    """A list of type set: equal whatever the order."""


class KeyedList(list[Any]):
    """A list of type map: equal whatever the order, items told apart by `keys`."""

    keys: tuple[str, ...] = ()


def value_of(schema: Structural | None, value: Any, root: bool = False) -> Any:
    """A JSON value as rules see it; what the schema does not know, they do not see."""
    if schema is None:
        return value
    if isinstance(value, dict):
        return _object(schema, value, root)
    if isinstance(value, list):
        return _list(schema, value)
    if isinstance(value, str):
        return _text(str(schema.raw.get("format") or ""), value)
    if isinstance(value, float) and schema.type == "integer":
        return Broken("invalid data, expected int, got float64")
    if isinstance(value, int) and not isinstance(value, bool) and schema.type == "number":
        return float(value)
    return value


def _object(schema: Structural, value: dict[str, Any], root: bool) -> dict[str, Any]:
    if not schema.raw.get("properties") and schema.has_map:
        return {key: value_of(schema.additional, one) for key, one in value.items()}
    found: dict[str, Any] = {}
    if root or schema.embedded:
        found = {key: value[key] for key in ("apiVersion", "kind") if key in value}
        meta = value.get("metadata")
        if isinstance(meta, dict):
            found["metadata"] = {key: meta[key] for key in ("name", "generateName") if key in meta}
    for key, one in value.items():
        below = schema.child(key)
        if below is not None and key not in found:
            found[escaped(key)] = value_of(below, one)
            if key in _KEYWORDS:
                found[key] = found[escaped(key)]
    return found


def _list(schema: Structural, value: list[Any]) -> list[Any]:
    items = [value_of(schema.items, one) for one in value]
    if schema.list_type == "set":
        return SetList(items)
    if schema.list_type == "map":
        keyed = KeyedList(items)
        keyed.keys = tuple(map(escaped, schema.keys))
        return keyed
    return items


def _text(format_: str, value: str) -> Any:
    match format_:
        case "byte":
            return b64decode(value)
        case "duration":
            return duration(value)
        case "date":
            return timestamp(f"{value}T00:00:00Z")
        case "date-time" | "datetime":
            return timestamp(value)
    return value


def escaped(name: str) -> str:
    """A field's name as rules write it: `x-y` is `x__dash__y`, `namespace` may be `__namespace__`."""
    if name in _KEYWORDS:
        return f"__{name}__"
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], name)


def duration(text: str) -> Duration:
    """`1h30m`. Raises CelError."""
    body = text.lstrip("+-")
    steps = _STEP.findall(body)
    if body != "0" and (not steps or "".join(a + b for a, b in steps) != body or any(a in ("", ".") for a, _ in steps)):
        raise CelError(f'time: invalid duration "{text}"')
    total = sum(int(float(amount) * _NANOSECONDS[unit]) for amount, unit in steps)
    return Duration(-total if text.startswith("-") else total)


def timestamp(text: str) -> Timestamp:
    """RFC 3339. Raises CelError."""
    if not structural_formats.is_datetime(text):
        raise CelError(f'parsing time "{text}"')
    whole, dot, rest = text.upper().partition(".")
    digits = re.match("[0-9]*", rest)
    fraction = digits[0] if digits else ""
    zone = rest[len(fraction) :] if dot else ""
    moment = datetime.fromisoformat((whole + zone).replace("Z", "+00:00"))
    return Timestamp(int(moment.timestamp()) * 10**9 + int(fraction[:9].ljust(9, "0")))
