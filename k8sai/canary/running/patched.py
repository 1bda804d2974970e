"""An object as it would be after a write: JSON patches (RFC 6902) and merge patches (RFC 7396), for plans and for
telling which guard of a patch does not hold.
"""

from copy import deepcopy
from typing import Any

from k8sai.canary.backend import Write
from k8sai.canary.facts import Json
from k8sai.merge_patch import merged


def after(write: Write, live: Json | None) -> Json | None:
    """None where it is deleted. Raises LookupError where a path is absent or a test fails."""
    match write.op, write.body:
        case "json-patch", list(operations):
            return patched(live or {}, operations)
        case "merge", dict(body):
            found: Json = merged(live or {}, body)
            return found
        case "create", dict(body):
            return body
        case _:
            return None


def patched(live: Json, operations: list[Json]) -> Json:
    """Raises LookupError."""
    whole: Json = {"": deepcopy(live)}
    for one in operations:
        _apply(whole, one)
    made: Json = whole[""]
    return made


def found(obj: Json, path: str) -> Any:
    """The value at a JSON pointer. Raises LookupError where there is none."""
    value: Any = obj
    for part in _parts(path):
        value = value[_index(value, part)]
    return value


def _apply(whole: Json, one: Json) -> None:
    op, path = one["op"], one["path"]
    match op:
        case "test":
            if value_or_none(whole[""], path) != one["value"]:
                raise LookupError(path)
        case "add" | "replace":
            _put(whole, path, deepcopy(one["value"]), insert=op == "add")
        case "remove":
            _take(whole, path)
        case "copy":
            _put(whole, path, deepcopy(value_or_none(whole[""], one["from"])), insert=True)
        case "move":
            _put(whole, path, _take(whole, one["from"]), insert=True)


def value_or_none(obj: Json, path: str) -> Any:
    """As a server's `test` has it: null is also what is not there."""
    try:
        return found(obj, path)
    except (LookupError, TypeError):
        return None


def _put(whole: Json, path: str, value: Any, *, insert: bool) -> None:
    holder, last = _holder(whole, path)
    if isinstance(holder, list) and (insert or last == "-"):
        holder.insert(len(holder) if last == "-" else int(last), value)
    else:
        holder[_index(holder, last)] = value


def _take(whole: Json, path: str) -> Any:
    holder, last = _holder(whole, path)
    return holder.pop(_index(holder, last))


def _holder(whole: Json, path: str) -> tuple[Any, str]:
    *above, last = ["", *_parts(path)]
    value: Any = whole
    for part in above:
        value = value[_index(value, part)]
    return value, last


def _index(holder: Any, part: str) -> Any:
    if isinstance(holder, list):
        if not part.isdigit():
            raise LookupError(part)
        return int(part)
    if not isinstance(holder, dict):
        raise LookupError(part)
    return part


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
