"""The type of a value against the type of its schema, with the quirks of the server's validator.

Source: kube-openapi `pkg/validation/validate/type.go`, apiextensions-apiserver `pkg/apiserver/validation/formats.go`.
"""

from typing import Any

from k8sai.schema import structural_formats
from k8sai.schema.problems import Problem, invalid, quoted

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
_FORMATS = {int: "int64", float: "float64"}


def go_kind(value: Any) -> str:
    """The JSON type of a value: `integer` where it was written without a point."""
    return _NAMES.get(type(value), "null")


def types(raw: dict[str, Any]) -> tuple[str, ...]:
    """The types a schema allows; none where it does not care."""
    if raw.get("x-kubernetes-int-or-string"):
        return "integer", "string"
    return (raw["type"],) if raw.get("type") else ()


def value_format(raw: dict[str, Any]) -> str:
    """The format the server looks at: it forgets what it does not know for the type."""
    named, wanted = raw.get("format") or "", types(raw)
    if wanted == ("integer",):
        return named if named in ("int32", "int64") else ""
    if wanted == ("number",):
        return named if named in ("float", "double") else ""
    if wanted in ((), ("string",)) or len(wanted) > 1:
        return named if structural_formats.known(named) else ""
    return ""


def type_problem(raw: dict[str, Any], value: Any, path: str) -> Problem | None:
    """What is wrong with the type; a list passes for a string with a format, as it does on the server."""
    wanted, kind = types(raw), go_kind(value)
    if value is None:
        wrong = bool(wanted) and not raw.get("nullable")
        return mistyped(path, ",".join(wanted), "null") if wrong else None
    format_ = value_format(raw)
    whole = kind == "number" and value.is_integer() and "integer" in wanted
    fits = kind in wanted or whole or (kind == "integer" and "number" in wanted)
    numeric = "number" in wanted or "integer" in wanted
    if format_ and kind not in ("string", "array"):
        own = _FORMATS.get(type(value), "")
        return None if fits or own == format_ else mistyped(path, format_, own)
    if format_ and not numeric:
        return None
    if fits or not wanted:
        return None
    return mistyped(path, ",".join(wanted), kind)


def mistyped(path: str, wanted: str, value: str) -> Problem:
    """The value is of another type, or has another format."""
    place = path.lstrip(".")
    text = f"{path} in body must be of type {wanted}: {quoted(value)}"
    return Problem(place or "<nil>", invalid(place, value, text).message, "FieldValueTypeInvalid")
