"""What is wrong with a value, in the API server's words.

Source: apimachinery `pkg/util/validation/field/errors.go`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Reason = Literal[
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
]

NOWHERE = "<nil>"  # how the server names the object itself
_BLOCKING = ("FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b"}
_ESCAPES |= {"\f": "\\f", "\v": "\\v"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `path` is `spec.replicas`, or NOWHERE; `message` goes without it."""

    path: str
    message: str
    reason: Reason = "FieldValueInvalid"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"

    @property
    def blocking(self) -> bool:
        """Whether rules are not looked at before it is mended."""
        return self.reason in _BLOCKING or self.reason == "FieldValueTypeInvalid"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that could not be run here. `why` is the library's reason."""

    path: str
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: not checked: {self.rule}"


def invalid(path: str, value: Any, detail: str) -> Problem:
    """The value is wrong."""
    return Problem(path, f"Invalid value: {shown(value)}: {detail}")


def required(path: str, detail: str = "") -> Problem:
    """The value is missing."""
    return Problem(path, f"Required value: {detail}" if detail else "Required value", "FieldValueRequired")


def duplicate(path: str, value: Any) -> Problem:
    """The value repeats another one."""
    return Problem(path, f"Duplicate value: {shown(value)}", "FieldValueDuplicate")


def unsupported(path: str, value: Any, allowed: Iterable[Any]) -> Problem:
    """The value is none of a closed list."""
    choices = ", ".join(quoted(one if isinstance(one, str) else encoded(one)) for one in allowed)
    return Problem(path, f"Unsupported value: {shown(value)}: supported values: {choices}", "FieldValueNotSupported")


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return number(value)
    return encoded(value)


def encoded(value: Any) -> str:
    """Compact JSON with sorted keys, as Go writes it."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return re.sub("[&<>\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def number(value: float) -> str:
    """A float as Go's %v shows it: `1`, `0.5`, `1e+06`."""
    exact = Decimal(repr(value)).normalize()
    power = exact.adjusted() if value else 0
    if -4 <= power < 6:
        return f"{exact:f}"
    sign, digits, _ = exact.as_tuple()
    tail = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if tail else ''}{tail}e{'-' if power < 0 else '+'}{abs(power):02d}"


def plain(value: Any) -> str:
    """A value as Go's %v shows it: `map[a:1 b:[x y]]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{plain(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(plain, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, float) else "<nil>" if value is None else str(value)


def quoted(text: str) -> str:
    """A string in double quotes with Go's escapes."""
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escaped(char)) for char in text) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
