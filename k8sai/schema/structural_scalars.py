"""Bounds, lengths, patterns and enums of single values.

Source: kube-openapi `pkg/validation/validate/{validator,values}.go`, `pkg/validation/errors/schema.go`.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from k8sai.schema import structural_formats
from k8sai.schema.problems import Problem, encoded, invalid, number, unsupported
from k8sai.schema.structural_types import mistyped, types, value_format

Json = dict[str, Any]
_RANGES = {"int32": (-(1 << 31), (1 << 31) - 1), "int64": (-(1 << 63), (1 << 63) - 1)}
_LARGEST_FLOAT = 3.4028234663852886e38


@lru_cache(maxsize=4096)
def pattern(text: str) -> Any:
    """A compiled pattern in Go's syntax, matched in linear time; None where it is none."""
    try:
        return re2.compile(text)
    except re2.error:
        return None


def text_problems(raw: Json, value: str, path: str) -> Iterator[Problem]:
    """Length and pattern, the first that is broken; then the format."""
    most, least, wanted = raw.get("maxLength"), raw.get("minLength"), raw.get("pattern")
    place = path.lstrip(".")
    if most is not None and len(value) > most:
        yield Problem(
            place, f"Too long: may not be more than {most} byte{'' if most == 1 else 's'}", "FieldValueTooLong"
        )
    elif least is not None and len(value) < least:
        yield invalid(place, value, f"{path} in body should be at least {least} chars long")
    elif wanted and not _matches(wanted, value):
        yield invalid(place, value, f"{path} in body should match '{wanted}'")
    named = value_format(raw)
    plain = structural_formats.known(named)
    if plain and not structural_formats.holds(plain, value):
        yield mistyped(path, named, value)


def _matches(wanted: str, value: str) -> bool:
    compiled = pattern(wanted)
    return compiled is not None and compiled.search(value) is not None


def number_problems(raw: Json, value: float, path: str) -> Iterator[Problem]:
    """Range of the format, then multipleOf, minimum and maximum."""
    place, told = path.lstrip("."), path
    yield from _range(raw, value, path)
    factor, most, least = raw.get("multipleOf"), raw.get("maximum"), raw.get("minimum")
    if factor and not _is_multiple(value, factor):
        yield invalid(place, value, f"{told} in body should be a multiple of {_said(float(factor))}")
    if least is not None:
        least = _comparable(value, least)
        if value < least or (raw.get("exclusiveMinimum") and value == least):
            how = "greater than" if raw.get("exclusiveMinimum") else "greater than or equal to"
            yield invalid(place, value, f"{told} in body should be {how} {_said(least)}")
    if most is not None:
        most = _comparable(value, most)
        if value > most or (raw.get("exclusiveMaximum") and value == most):
            how = "less than" if raw.get("exclusiveMaximum") else "less than or equal to"
            yield invalid(place, value, f"{told} in body should be {how} {_said(most)}")


def _range(raw: Json, value: float, path: str) -> Iterator[Problem]:
    wanted, named = types(raw), value_format(raw)
    if wanted == ("integer",):
        lowest, highest = _RANGES.get(named, _RANGES["int64"])
        if not lowest <= value <= highest or value != int(value):
            how = f"integer with format {named}" if named else "integer (default format)"
            yield invalid("<nil>", "", f"Checked value must be of type {how} in {path}")
    elif wanted == ("number",) and named == "float" and abs(value) > _LARGEST_FLOAT:
        yield invalid("<nil>", "", f"Checked value must be of type number with format float in {path}")


def _comparable(value: float, bound: float) -> float:
    """A whole number is held against the bound without its fraction."""
    return math.trunc(bound) if isinstance(value, int) else float(bound)


def _is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int) and float(factor).is_integer():
        return value % int(factor) == 0
    return (value / factor if factor >= 1 else 1 / factor * value).is_integer()


def _said(value: float) -> str:
    return str(value) if isinstance(value, int) else number(value)


def enum_problem(raw: Json, value: Any, path: str) -> Problem | None:
    """The value is none of those that are listed; 1 and 1.0 are the same, 1 and true are not."""
    allowed = raw.get("enum")
    if not allowed:
        return None
    if value is not None and any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in allowed):
        return None
    return unsupported(path.lstrip("."), value, allowed)


def list_problems(raw: Json, value: list[Any], path: str) -> Iterator[Problem]:
    """How many items, and whether each is there once."""
    place, least, most = path.lstrip("."), raw.get("minItems"), raw.get("maxItems")
    if least is not None and len(value) < least:
        yield invalid(place, len(value), f"{path} in body should have at least {least} items")
    if most is not None and len(value) > most:
        yield _too_many(place, len(value), most)
    if raw.get("uniqueItems") and len({encoded(one) for one in value}) < len(value):
        yield invalid(place, "", f"{path} in body shouldn't contain duplicates")


def map_problems(raw: Json, value: Json, path: str) -> Iterator[Problem]:
    """How many keys."""
    place, least, most = path.lstrip(".") or "<nil>", raw.get("minProperties"), raw.get("maxProperties")
    if least is not None and len(value) < least:
        yield invalid(place, len(value), f"{path} in body should have at least {least} properties")
    if most is not None and len(value) > most:
        yield _too_many(place, len(value), most)


def _too_many(place: str, number_: int, most: int) -> Problem:
    text = f"Too many: {number_}: must have at most {most} item{'' if most == 1 else 's'}"
    return Problem(place, text, "FieldValueTooMany")
