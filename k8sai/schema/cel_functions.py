"""Functions that the rule language has everywhere: sizes, conversions, texts, sets, times, optional values.

`METHODS` are called on a value, `FUNCTIONS` by their name; the Kubernetes ones join from `cel_kubernetes`.
Source: cel-spec `doc/langdef.md`, cel-go `ext/strings.go`, `ext/sets.go`.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any

from k8sai.schema import cel_kubernetes
from k8sai.schema.cel_operators import bounded, contains, equal, is_number, no_overload
from k8sai.schema.cel_values import CelError, Duration, Maybe, Timestamp, TypeName, Unsupported, duration, timestamp
from k8sai.schema.structural_scalars import pattern

Function = Callable[..., Any]

_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    bytes: "bytes",
    dict: "map",
    type(None): "null_type",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    Maybe: "optional_type",
}
_TYPE_NAMES = ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type")
TYPES = {name: TypeName(name) for name in _TYPE_NAMES}


def _size(value: Any) -> int:
    if not isinstance(value, str | bytes | list | dict):
        raise no_overload()
    return len(value)


def _type(value: Any) -> TypeName:
    return TypeName("list" if isinstance(value, list) else _NAMES.get(type(value), "dyn"))


def _int(value: Any) -> int:
    if isinstance(value, Timestamp):
        return value.nanoseconds // 10**9
    if not is_number(value) and not isinstance(value, str):
        raise no_overload()
    try:
        found: int = bounded(int(value))
    except (ValueError, OverflowError):
        raise CelError("type conversion error from 'string' to 'int'") from None
    return found


def _double(value: Any) -> float:
    if not is_number(value) and not isinstance(value, str):
        raise no_overload()
    try:
        return float(value)
    except ValueError:
        raise CelError("type conversion error from 'string' to 'double'") from None


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Duration):
        return f"{value.nanoseconds / 10**9:g}s"
    if isinstance(value, str | int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    found = cel_kubernetes.text_of(value)
    if found is None:
        raise no_overload()
    return found


def _bool(value: Any) -> bool:
    known = {"1": True, "t": True, "true": True, "True": True, "TRUE": True}
    known |= {"0": False, "f": False, "false": False, "False": False, "FALSE": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in known:
        raise CelError("type conversion error from 'string' to 'bool'")
    return known[value]


def _matches(text: str, expression: str) -> bool:
    compiled = pattern(_texts(text, expression)[1])
    if compiled is None:
        raise CelError(f"error parsing regexp: {expression}")
    return compiled.search(text) is not None


def _texts(*values: Any) -> tuple[str, ...]:
    if not all(isinstance(one, str) for one in values):
        raise no_overload()
    return values


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    _texts(text, separator)
    if limit == 0:
        return []
    if not separator:
        parts = list(text)
        return parts if limit < 0 or len(parts) <= limit else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _replace(text: str, old: str, new: str, most: int = -1) -> str:
    return _texts(text, old, new)[0].replace(old, new, most)


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(_texts(text)[0]):
        raise CelError(f"index out of range: {start if not 0 <= start <= len(text) else last}")
    return text[start:last]


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(_texts(text)[0]):
        raise CelError(f"index out of range: {at}")
    return text[at : at + 1]


def _index_of(value: Any, part: Any, start: int = 0) -> int:
    if isinstance(value, list):
        return next((at for at, one in enumerate(value) if equal(one, part)), -1)
    return _texts(value, part)[0].find(part, start)


def _last_index_of(value: Any, part: Any, end: int | None = None) -> int:
    if isinstance(value, list):
        return next((at for at in range(len(value) - 1, -1, -1) if equal(value[at], part)), -1)
    return _texts(value, part)[0].rfind(part, 0, None if end is None else end + len(part))


def _lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in _texts(text)[0])


def _upper(text: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in _texts(text)[0])


def _join(parts: list[str], separator: str = "") -> str:
    return separator.join(_texts(*parts))


def _contains(value: Any, part: Any) -> bool:
    return part in _texts(value, part)[0]


def _reverse(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise no_overload()
    return value[::-1]


def _flatten(value: list[Any], depth: int = 1) -> list[Any]:
    parts: list[Any] = []
    for one in value:
        parts += _flatten(one, depth - 1) if isinstance(one, list) and depth else [one]
    return parts


def _distinct(value: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for one in value:
        if not contains(kept, one):
            kept.append(one)
    return kept


def _within(larger: list[Any], smaller: list[Any]) -> bool:
    return all(contains(larger, one) for one in smaller)


def _value(maybe: Maybe) -> Any:
    if not maybe.there:
        raise CelError("optional.none() dereference")
    return maybe.value


def _of_time(calendar: Callable[[Any], int], unit: int = 0) -> Function:
    """A part of a point in time; of a length of time the whole of it in that unit of nanoseconds."""

    def function(value: Any, zone: str = "UTC") -> int:
        if zone not in ("UTC", "Z"):
            raise Unsupported("time zones are not known here")
        if isinstance(value, Duration) and unit:
            return int(value.nanoseconds / unit)
        if not isinstance(value, Timestamp):
            raise no_overload()
        return calendar(value.utc())

    return function


def _milliseconds(value: Any) -> int:
    return int(value.nanoseconds // 10**6) % 1000


def _greatest(choose: Callable[[Iterator[Any]], Any]) -> Function:
    def function(*values: Any) -> Any:
        found = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        if not found or not all(map(is_number, found)):
            raise no_overload()
        return choose(iter(found))

    return function


METHODS: dict[str, Function] = {
    "charAt": _char_at,
    "contains": _contains,
    "distinct": _distinct,
    "endsWith": lambda text, end: _texts(text, end)[0].endswith(end),
    "flatten": _flatten,
    "getDate": _of_time(lambda at: int(at.day)),
    "getDayOfMonth": _of_time(lambda at: int(at.day) - 1),
    "getDayOfWeek": _of_time(lambda at: int(at.isoweekday()) % 7),
    "getDayOfYear": _of_time(lambda at: int(at.timetuple().tm_yday) - 1),
    "getFullYear": _of_time(lambda at: int(at.year)),
    "getHours": _of_time(lambda at: int(at.hour), 3600 * 10**9),
    "getMilliseconds": _milliseconds,
    "getMinutes": _of_time(lambda at: int(at.minute), 60 * 10**9),
    "getMonth": _of_time(lambda at: int(at.month) - 1),
    "getSeconds": _of_time(lambda at: int(at.second), 10**9),
    "hasValue": lambda maybe: maybe.there,
    "indexOf": _index_of,
    "join": _join,
    "lastIndexOf": _last_index_of,
    "lowerAscii": _lower,
    "matches": _matches,
    "optionalField__": cel_kubernetes.optional_field,
    "or": lambda maybe, other: maybe if maybe.there else other,
    "orValue": lambda maybe, other: maybe.value if maybe.there else other,
    "replace": _replace,
    "reverse": _reverse,
    "size": _size,
    "split": _split,
    "startsWith": lambda text, start: _texts(text, start)[0].startswith(start),
    "substring": _substring,
    "trim": lambda text: _texts(text)[0].strip(),
    "upperAscii": _upper,
    "value": _value,
    **cel_kubernetes.METHODS,
}
FUNCTIONS: dict[str, Function] = {
    "base64.decode": lambda text: b64decode(text),
    "base64.encode": lambda data: b64encode(data).decode(),
    "bool": _bool,
    "bytes": lambda value: value.encode() if isinstance(value, str) else bytes(value),
    "double": _double,
    "duration": lambda value: value if isinstance(value, Duration) else duration(*_texts(value)),
    "dyn": lambda value: value,
    "int": _int,
    "matches": _matches,
    "math.greatest": _greatest(max),
    "math.least": _greatest(min),
    "optional.none": lambda: Maybe(),
    "optional.of": lambda value: Maybe(value, True),
    "sets.contains": _within,
    "sets.equivalent": lambda left, right: _within(left, right) and _within(right, left),
    "sets.intersects": lambda left, right: any(contains(right, one) for one in left),
    "size": _size,
    "string": _string,
    "timestamp": lambda value: value if isinstance(value, Timestamp) else timestamp(*_texts(value)),
    "type": _type,
    "uint": _int,
    **cel_kubernetes.FUNCTIONS,
}
NAMESPACES = frozenset(name.partition(".")[0] for name in FUNCTIONS if "." in name)
