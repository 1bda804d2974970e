"""Which value of an object before an update stands for a value after it.

Fields and keys stand for themselves, items of a list of type map for those with the same keys; other items for none.
Source: apiserver `pkg/cel/common/equality.go`.
"""

from typing import Any, Final

Json = dict[str, Any]


class _Nothing:
    """No value, where None would be one."""


NOTHING: Final = _Nothing()


def key_before(raw: Json, before: Any, key: str) -> Any:
    """The value of a key before, or NOTHING."""
    return before.get(key, NOTHING) if isinstance(before, dict) else NOTHING


def item_before(raw: Json, before: Any, item: Any) -> Any:
    """The item with the same keys before, or NOTHING."""
    if not isinstance(before, list) or raw.get("x-kubernetes-list-type") != "map" or not isinstance(item, dict):
        return NOTHING
    keys = raw.get("x-kubernetes-list-map-keys") or ()
    wanted = [item.get(key) for key in keys]
    for one in before:
        if isinstance(one, dict) and [one.get(key) for key in keys] == wanted:
            return one
    return NOTHING


def same(value: Any, before: Any) -> bool:
    """Deep equality of JSON values: true is not 1."""
    if isinstance(value, dict) and isinstance(before, dict):
        return value.keys() == before.keys() and all(same(one, before[key]) for key, one in value.items())
    if isinstance(value, list) and isinstance(before, list):
        return len(value) == len(before) and all(map(same, value, before))
    return value == before and type(value) is type(before)
