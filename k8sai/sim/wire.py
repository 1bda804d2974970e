"""Protobuf bodies, read into the JSON they stand for. Answers stay JSON, which every client accepts.

The envelope is four magic bytes and a `runtime.Unknown` with apiVersion, kind and the message itself.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from k8sai.sim import status
from k8sai.sim.objects import Obj, decode
from k8sai.sim.wire_groups import GROUPS
from k8sai.sim.wire_rules import RULES
from k8sai.sim.wire_types import CORE

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"


class Field(NamedTuple):
    """One field of a message; `name` is empty where it is inlined."""

    name: str
    type: str
    repeated: bool
    mapped: bool
    keeps_zero: bool


class _Malformed(ValueError):
    """The bytes are no message of that type."""


def decoded(body: bytes) -> Obj:
    """The object in a protobuf body. ApiFailure 400 for broken bytes, 415 for a kind without a known shape."""
    if not body.startswith(_MAGIC):
        raise status.bad_request(
            "the provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        envelope = {number: value for number, _, value in _fields(body[len(_MAGIC) :])}
        types = {number: value for number, _, value in _fields(_bytes(envelope.get(1, b"")))}
        version, kind = _bytes(types.get(1, b"")).decode(), _bytes(types.get(2, b"")).decode()
        message = message_of(version.rpartition("/")[0], kind)
        if message not in messages():
            text = f"the shape of {kind} in {version} is not known here, send application/json"
            raise status.media_type(text)
        found = _message(message, _bytes(envelope.get(2, b"")))
    except (_Malformed, UnicodeDecodeError, IndexError) as error:
        raise status.bad_request(f"unable to decode the protobuf body: {error}") from None
    return {"apiVersion": version, "kind": kind, **found}


def message_of(group: str, kind: str) -> str:
    """The message of a kind: its name, but for the second of two kinds with one name."""
    return "EventsEvent" if (group, kind) == ("events.k8s.io", "Event") else kind


@lru_cache(maxsize=1)
def messages() -> dict[str, dict[int, Field]]:
    """The table of message types, read once."""
    table: dict[str, dict[int, Field]] = {}
    fields: dict[int, Field] = {}
    for word in (CORE + GROUPS + RULES).split():
        if word.endswith(":"):
            fields = table.setdefault(word[:-1], {})
            continue
        number, _, rest = word.partition("=")
        name, _, kind = rest.partition(":")
        bare = kind.strip("*%!")
        fields[int(number)] = Field(name, bare, kind.startswith("*"), kind.startswith("%"), kind.endswith("!"))
    return table


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise _Malformed("a number where a message should be")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, wire type and value of each field."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise _Malformed("it ends too early")
            yield number, wire, data[at : at + size]
            at += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, wire, data[at : at + size]
            at += size
        else:
            raise _Malformed(f"wire type {wire}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _Malformed("it ends too early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _message(name: str, data: bytes) -> Obj:
    fields = messages()[name]
    found: Obj = {}
    for number, _, raw in _fields(data):
        field = fields.get(number)
        if field is None:
            raise _Malformed(f"{name} has no field {number}")
        if field.mapped:
            key, value = _entry(field, _bytes(raw))
            found.setdefault(field.name, {})[key] = value
            continue
        value = _value(field.type, raw)
        if field.repeated:
            found.setdefault(field.name, []).append(value)
        elif not field.name:
            found.update(value)
        elif field.keeps_zero or value not in ("", 0, False, None):
            found[field.name] = value
    return found


def _entry(field: Field, data: bytes) -> tuple[str, Any]:
    key: str = ""
    value: Any = {} if field.type in messages() else ""
    for number, _, raw in _fields(data):
        if number == 1:
            key = _bytes(raw).decode()
        else:
            value = _value(field.type, raw)
    return key, value


def _value(kind: str, raw: int | bytes) -> Any:
    match kind:
        case "s":
            return _bytes(raw).decode()
        case "i":
            number = raw if isinstance(raw, int) else 0
            return number - (1 << 64) if number >= 1 << 63 else number
        case "b":
            return bool(raw)
        case "y":
            return base64.b64encode(_bytes(raw)).decode()
        case "q":
            return next((_bytes(value).decode() for _, _, value in _fields(_bytes(raw))), "0")
        case "t" | "m":
            return _time(_bytes(raw), micro=kind == "m")
        case "x":
            return _int_or_string(_bytes(raw))
        case "r":
            return next((decode(_bytes(value)) for _, _, value in _fields(_bytes(raw)) if value), None)
    found = _message(kind, _bytes(raw))
    return found["items"] if kind == "ExtraValue" else found


def _time(data: bytes, micro: bool) -> str | None:
    parts = {number: value for number, _, value in _fields(data)}
    seconds, nanos = parts.get(1), parts.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        return None
    moment = datetime.fromtimestamp(seconds - (1 << 64) if seconds >= 1 << 63 else seconds, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanos // 1000:06d}Z" if micro else f"{text}Z"


def _int_or_string(data: bytes) -> int | str:
    parts = {number: value for number, _, value in _fields(data)}
    if parts.get(1, 0) == 1:
        return _bytes(parts.get(3, b"")).decode()
    number = parts.get(2, 0)
    return number if isinstance(number, int) else 0
