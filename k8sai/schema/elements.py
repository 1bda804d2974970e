"""The steps of a path into an object, as managedFields writes them: `f:spec`, `k:{"name":"main"}`, `v:"a"`.

Source: structured-merge-diff v6, `fieldpath` (the wire form, the order, and the words of messages).
"""

import json
from functools import lru_cache
from typing import Any

from k8sai.errors import Usage
from k8sai.schema.lists import Shape

Path = tuple[str, ...]

_ESCAPED = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))  # as Go's JSON writes them
_RANKS = ("f", "k", "v", "i")


class BadItem(Usage):
    """An item of a list that cannot be told apart from the others."""


def field_step(name: str) -> str:
    """The step to a field or a map's key."""
    return f"f:{name}"


def item_step(shape: Shape, item: Any) -> str:
    """The step to an item of a list of type "set" or "map". Raises BadItem."""
    if shape.list_type == "set":
        return _of_set(item)
    if item is None:
        raise BadItem("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise BadItem("associative list with keys may not have non-map elements")
    values: dict[str, Any] = {}
    for key in shape.keys:
        value = item[key] if key in item else shape.key_default(key)
        if value is not None or key in item:
            values[key] = value
    if not values:
        names = " ".join(f'"{key}"' for key in shape.keys)
        rest = "(and doesn't have default values for any key fields)"
        raise BadItem(f"associative list with keys has an element that omits all key fields [{names}] {rest}")
    return f"k:{_json(values)}"


def _of_set(item: Any) -> str:
    if isinstance(item, dict):
        raise BadItem("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise BadItem("not supported: associative list with lists as elements")
    if item is None:
        raise BadItem("associative list without keys has an element that's an explicit null")
    return f"v:{_json(item)}"


def _json(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for plain, escaped in _ESCAPED:
        text = text.replace(plain, escaped)
    return text


def name_in(step: str) -> str | None:
    """The name of a field; None for the items of lists."""
    return step[2:] if step.startswith("f:") else None


@lru_cache(maxsize=4096)
def canonical(step: str) -> str:
    """The one way to write a step, whoever wrote it; empty for steps of a later form. ValueError where it is broken."""
    if len(step) < 2 or step[1] != ":":
        raise ValueError(f"missing colon: {step}")
    if step[0] in "kv":
        return f"{step[:2]}{_json(json.loads(step[2:]))}"
    return step if step[0] in _RANKS else ""


@lru_cache(maxsize=4096)
def order(step: str) -> tuple[Any, ...]:
    """The key to sort steps by: fields by name, then items by their keys or values."""
    if step[0] == "k":
        return 1, tuple((key, _order_of(value)) for key, value in sorted(json.loads(step[2:]).items()))
    if step[0] == "v":
        return 2, _order_of(json.loads(step[2:]))
    return _RANKS.index(step[0]), step[2:]


def _order_of(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, _json(value))


def path_text(path: Path) -> str:
    """A path as messages show it: `.spec.containers[name="main"].image`."""
    return "".join(map(step_text, path))


def step_text(step: str) -> str:
    """One step as messages show it."""
    if step[0] == "f":
        return f".{step[2:]}"
    if step[0] == "i":
        return f"[{step[2:]}]"
    value = json.loads(step[2:])
    if step[0] == "v":
        return f"[={_value_text(value)}]"
    return "[" + ",".join(f"{key}={_value_text(one)}" for key, one in sorted(value.items())) + "]"


def _value_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
