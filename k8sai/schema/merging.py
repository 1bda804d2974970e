"""Merging an applied configuration into an object, and taking fields out of one, by the object's shape.

Source: structured-merge-diff v6, `typed/merge.go` and `typed/remove.go`. Nothing that goes in is changed; what comes
out shares the parts that did not change.
"""

from collections.abc import Iterator
from typing import Any

from k8sai.schema.comparing import by_step
from k8sai.schema.elements import field_step, item_step
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.lists import Shape


def merged(live: Any, applied: Any, shape: Shape) -> Any:
    """The live value with the applied one merged in: the applied wins wherever a leaf differs. Raises BadItem."""
    if isinstance(live, dict) and isinstance(applied, dict) and not shape.atomic:
        if not applied or not live:
            return live or applied
        return live | {
            name: merged(live[name], value, shape.field(name)) if name in live else value
            for name, value in applied.items()
        }
    if isinstance(live, list) and isinstance(applied, list) and shape.list_type != "atomic":
        return _merged_list(live, applied, shape) if live and applied else live or applied
    if applied is None and live and not _leaf(live, shape):
        return live
    return applied


def _leaf(value: Any, shape: Shape) -> bool:
    """Whether nothing is merged inside a value."""
    if isinstance(value, dict):
        return shape.atomic
    return not isinstance(value, list) or shape.list_type == "atomic"


def _merged_list(live: list[Any], applied: list[Any], shape: Shape) -> list[Any]:
    """Applied items in their order; between them, where they were, the items that only the live list has."""
    here, theirs = by_step(live, shape), by_step(applied, shape)
    out: list[Any] = []
    for at in _interleaved([item_step(shape, item) for item in live], list(theirs)):
        if isinstance(at, int):
            out.append(live[at])
            continue
        both, new = here.get(at, ()), theirs[at][0]
        # What the live list repeats is replaced: nobody can tell which of the items is meant.
        out.append(merged(both[0], new, shape.item()) if len(both) == 1 else new)
    return out


def _interleaved(live: list[str], applied: list[str]) -> Iterator[int | str]:
    """Applied items by their step, live ones by their place: each before what it stood before, as far as orders agree.

    An item that both have and that comes up in another order than the applied one is passed over until its turn.
    """
    theirs, done = set(applied), set[str]()
    shared = [step for step in applied if step in set(live)]
    left = right = 0
    while left < len(live) or right < len(applied):
        if left < len(live):
            step = live[left]
            if step not in theirs:
                yield left
                left += 1
                continue
            early = right < len(applied) and step != applied[right] and shared and shared[0] != step
            if early or step in done:
                left += 1
            if early:
                continue
        if right < len(applied):
            step = applied[right]
            yield step
            done.add(step)
            if left < len(live) and live[left] == step:
                left += 1
            if shared and shared[0] == step:
                shared = shared[1:]
            right += 1


def removed(value: Any, fields: FieldSet, shape: Shape) -> Any:
    """The value without these fields; None where nothing is left of it. Raises BadItem."""
    if isinstance(value, dict):
        return _removed_map(value, fields, shape)
    if isinstance(value, list):
        return _removed_list(value, fields, shape)
    return value


def _removed_map(value: dict[str, Any], fields: FieldSet, shape: Shape) -> Any:
    if shape.atomic or not value:
        return None
    out: dict[str, Any] = {}
    for name, one in value.items():
        step = field_step(name)
        if step in fields.members:
            continue
        below = fields.below(step)
        out[name] = removed(one, below, shape.field(name)) if below else one
    return out or None


def _removed_list(value: list[Any], fields: FieldSet, shape: Shape) -> Any:
    if shape.list_type == "atomic" or not value:
        return None
    out: list[Any] = []
    for item in value:
        step = item_step(shape, item)
        if step in fields.members:
            continue
        below = fields.below(step)
        out.append(removed(item, below, shape.item()) if below else item)
    return out or None
