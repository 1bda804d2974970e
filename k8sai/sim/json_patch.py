"""RFC 6902 as the API server carries it out, which is not quite as it is written there.

What is absent is null to `test` and `copy`, `replace` adds it, and indices may be negative or begin with zeros. `test`
compares strings and numbers as they are spelled, with the object as Go writes it: 0.0 is not 0, and "<" is spelled
"\\u003c". Source: gopkg.in/evanphx/json-patch.v4 (patch.go), apiserver `pkg/endpoints/handlers/patch.go`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from k8sai.schema.problems import encoded
from k8sai.sim import status

Operation = dict[str, msgspec.Raw]

_INTO: Final = "Go value of type"
_KINDS: Final = {"array": "array", "object": "object", "str": "string", "int": "number", "bool": "bool"}


class Inapplicable(Exception):
    """An operation cannot be carried out on the object as it is, or its `test` fails."""


def operations_of(body: bytes) -> list[Operation]:
    """ApiFailure 400 where it is no list of objects."""
    try:
        return msgspec.json.decode(body, type=list[Operation])
    except msgspec.ValidationError as error:
        raise status.bad_request(f"error decoding patch: json: cannot unmarshal {_misfit(str(error))}") from None
    except msgspec.DecodeError as error:
        raise status.bad_request(f"error decoding patch: {error}") from None


def _misfit(said: str) -> str:
    found = re.search(r"got `(\w+)`(.*)", said)
    kind = _KINDS.get(found[1], found[1]) if found else "object"
    if found and "$[" in found[2]:
        return f"{kind} into {_INTO} handlers.jsonPatchOp"
    return f"{kind} into {_INTO} []handlers.jsonPatchOp"


def apply(obj: Any, operations: list[Operation]) -> Any:
    """The object with all of them carried out, which is changed. Raises Inapplicable."""
    for operation in operations:
        do = _DO.get(_text(operation, "op"))
        if do is None:
            raise Inapplicable("unknown operation")
        do(obj, operation)
    return obj


def _text(operation: Operation, key: str) -> str:
    found = msgspec.json.decode(operation[key]) if key in operation else None
    if not isinstance(found, str):
        raise Inapplicable(f"{key} is missing")
    return found


def _value(operation: Operation) -> Any:
    return msgspec.json.decode(operation["value"]) if "value" in operation else None


def _place(obj: Any, path: str) -> tuple[Any, str]:
    """What holds the last part of a path, and that part. Where a path begins is not looked at."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    if not parts:
        raise Inapplicable("no path")
    for part in parts[:-1]:
        obj = _get(obj, part)
    if not isinstance(obj, dict | list):
        raise Inapplicable("missing container")
    return obj, parts[-1]


def _get(holder: Any, key: str) -> Any:
    """None where a map has no such key."""
    if isinstance(holder, dict):
        return holder.get(key)
    if isinstance(holder, list):
        return holder[_index(key, len(holder))]
    raise Inapplicable("missing container")


def _index(key: str, size: int) -> int:
    """From 0 on, of a list of that size; negative ones count from its end."""
    if not re.fullmatch(r"[+-]?[0-9]+", key) or not -size <= int(key) < size:
        raise Inapplicable("no such index")
    return int(key) % size


def _add(obj: Any, operation: Operation) -> None:
    _put(obj, _text(operation, "path"), _value(operation))


def _put(obj: Any, path: str, value: Any) -> None:
    holder, key = _place(obj, path)
    if isinstance(holder, dict):
        holder[key] = value
    else:
        holder.insert(len(holder) if key == "-" else _index(key, len(holder) + 1), value)


def _remove(obj: Any, operation: Operation) -> None:
    _take(obj, _text(operation, "path"))


def _take(obj: Any, path: str) -> Any:
    holder, key = _place(obj, path)
    if isinstance(holder, list):
        return holder.pop(_index(key, len(holder)))
    if key not in holder:
        raise Inapplicable("nothing to remove")
    return holder.pop(key)


def _replace(obj: Any, operation: Operation) -> None:
    holder, key = _place(obj, _text(operation, "path"))
    holder[key if isinstance(holder, dict) else _index(key, len(holder))] = _value(operation)


def _move(obj: Any, operation: Operation) -> None:
    _put(obj, _text(operation, "path"), _take(obj, _text(operation, "from")))


def _copy(obj: Any, operation: Operation) -> None:
    found = _get(*_place(obj, _text(operation, "from")))
    _put(obj, _text(operation, "path"), msgspec.json.decode(msgspec.json.encode(found)))


def _test(obj: Any, operation: Operation) -> None:
    there = _get(*_place(obj, _text(operation, "path")))
    if not _same(there, operation.get("value", msgspec.Raw(b"null"))):
        raise Inapplicable("another value")


def _same(there: Any, spelled: msgspec.Raw) -> bool:
    """Maps and lists by what is in them, all else by how it is spelled."""
    text = bytes(spelled).strip()
    if isinstance(there, dict):
        parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if text[:1] == b"{" else None
        return (
            parts is not None and parts.keys() == there.keys() and all(_same(there[key], parts[key]) for key in parts)
        )
    if isinstance(there, list):
        items = msgspec.json.decode(text, type=list[msgspec.Raw]) if text[:1] == b"[" else None
        return items is not None and len(items) == len(there) and all(map(_same, there, items))
    return _spelled(there) == text


def _spelled(leaf: Any) -> bytes:
    """As Go writes a string, a number, a truth value or null: whole numbers without a point."""
    if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e21:
        leaf = int(leaf)
    return encoded(leaf).encode()


_DO: Final[dict[str, Callable[[Any, Operation], None]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
