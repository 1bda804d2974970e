"""What a client may send of a built-in kind: wrong types are refused, unknown fields are told of and dropped.

Source: apimachinery `pkg/runtime/serializer/json` and the fieldValidation parameter. Of custom kinds
the schema decides.
"""

from functools import lru_cache
from typing import Any, Literal

from k8sai.sim import customs, status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.wire import Field, message_of, messages

Mode = Literal["Ignore", "Warn", "Strict"]

_TYPED = ("PersistentVolumeClaim",)  # embedded elsewhere with apiVersion and kind of its own
_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "s": ((str,), "string"),
    "i": ((int,), "int64"),
    "b": ((bool,), "bool"),
    "y": ((str,), "[]uint8"),
    "q": ((str, int, float), "resource.Quantity"),
    "t": ((str,), "v1.Time"),
    "m": ((str,), "v1.MicroTime"),
    "x": ((str, int), "intstr.IntOrString"),
}
_JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


class _WrongType(Exception):
    """A value is not what its field takes."""


def check(resource: Resource, obj: Obj, mode: str) -> list[str]:
    """Drop unknown fields of an object in place and say which. ApiFailure 400: a wrong type, or any in Strict mode."""
    head = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    try:
        unknown = _unknown(resource, obj)
    except _WrongType as wrong:
        raise status.bad_request(head + str(wrong)) from None
    said = [f'unknown field "{path}"' for path in unknown]
    if said and mode == "Strict":
        raise status.bad_request(f"{head}strict decoding error: {', '.join(said)}")
    return said if mode != "Ignore" else []


def _unknown(resource: Resource, obj: Obj) -> list[str]:
    """Drop unknown fields; their paths. Raises _WrongType."""
    if resource.definition is not None:
        return customs.read(resource, obj)
    unknown: list[str] = []
    message = message_of(resource.group, resource.kind)
    if resource.builtin and message in messages():
        _walk(message, obj, "", unknown, typed=True)
    return unknown


@lru_cache(maxsize=1024)
def shape(message: str) -> dict[str, Field]:
    """The fields of a message by their JSON names, inlined ones among them."""
    found: dict[str, Field] = {}
    for field in messages()[message].values():
        if field.name:
            found[field.name] = field
        else:
            found.update(shape(field.type))
    return found


def _walk(message: str, obj: Obj, path: str, unknown: list[str], typed: bool = False) -> None:
    fields = shape(message)
    for key in tuple(obj):
        field = fields.get(key)
        place = f"{path}.{key}" if path else key
        if field is None:
            if not (typed or message in _TYPED) or key not in ("apiVersion", "kind"):
                unknown.append(place)
                del obj[key]
        elif obj[key] is not None:
            _field(message, field, obj[key], place, unknown)


def _field(message: str, field: Field, value: Any, place: str, unknown: list[str]) -> None:
    if field.mapped:
        for key, one in _expect(message, value, dict, "object", place).items():
            if one is not None:
                _one(message, field, one, f"{place}.{key}", unknown, place)
    elif field.repeated:
        for at, one in enumerate(_expect(message, value, list, "array", place)):
            if one is not None:
                _one(message, field, one, f"{place}[{at}]", unknown, place)
    else:
        _one(message, field, value, place, unknown, place)


def _one(message: str, field: Field, value: Any, place: str, unknown: list[str], told: str) -> None:
    """`told` is the path a message about a wrong type names: without the index or key."""
    if field.type == "r":
        return
    scalar = _SCALARS.get(field.type)
    if scalar is not None:
        kinds, name = scalar
        if not isinstance(value, kinds) or (isinstance(value, bool) and field.type != "b"):
            raise _wrong(message, value, told, name)
    elif field.type == "ExtraValue":
        _expect(message, value, list, "array", told)
    else:
        _walk(field.type, _expect(message, value, dict, field.type, told), place, unknown)


def _expect(message: str, value: Any, kind: type, name: str, place: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(message, value, place, name)
    return value


def _wrong(message: str, value: Any, place: str, name: str) -> _WrongType:
    found = _JSON_NAMES.get(type(value), "null")
    return _WrongType(f"json: cannot unmarshal {found} into Go struct field {message}.{place} of type {name}")
