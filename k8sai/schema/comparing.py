"""Which fields an object has, and which two objects differ in, seen by their shape.

Source: structured-merge-diff v6, `typed/tofieldset.go` and `typed/compare.go`. Values may be absent (`ABSENT`), which
is not the same as null; a field that is null or empty is a leaf.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.schema.elements import Path, field_step, item_step
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.lists import Shape


class Absent:
    """The type of `ABSENT`."""


ABSENT: Final = Absent()


def fields_of(obj: Any, shape: Shape) -> FieldSet:
    """All fields of an object: leaves, keys of maps, items of lists. Raises BadItem."""
    found = FieldSet()
    _collect(obj, shape, (), found)
    return found


def _collect(value: Any, shape: Shape, path: Path, found: FieldSet) -> None:
    if isinstance(value, dict):
        if shape.atomic:
            found.insert(path)
            return
        for name, one in value.items():
            below = (*path, field_step(name))
            _collect(one, shape.field(name), below, found)
            if one is None or one == {} or not shape.named(name):
                found.insert(below)
    elif isinstance(value, list):
        if shape.list_type == "atomic":
            found.insert(path)
            return
        for step, items in by_step(value, shape).items():
            found.insert((*path, step))
            if len(items) == 1:
                _collect(items[0], shape.item(), (*path, step), found)
    else:
        found.insert(path)


def by_step(items: Iterable[Any], shape: Shape) -> dict[str, list[Any]]:
    """The items of a list by the step to them, in order; more than one where they repeat. Raises BadItem."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item_step(shape, item), []).append(item)
    return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two objects; no path is in more than one of the sets."""

    added: FieldSet = field(default_factory=FieldSet)
    modified: FieldSet = field(default_factory=FieldSet)
    removed: FieldSet = field(default_factory=FieldSet)

    def without_all_of(self, fields: FieldSet) -> "Comparison":
        """The difference in what is neither of these fields nor below one of them."""
        sets = (self.added, self.modified, self.removed)
        return Comparison(*(one.without_all_of(fields) for one in sets))


def compare(old: Any, new: Any, shape: Shape) -> Comparison:
    """What would have to be done to turn one object into the other. Raises BadItem."""
    found = Comparison()
    _compare(old, new, shape, (), found)
    return found


def _compare(old: Any, new: Any, shape: Shape, path: Path, found: Comparison) -> None:
    if old is new:
        return
    if _descends(old, new, dict) and not shape.atomic:
        _compare_maps(old, new, shape, path, found)
    elif _descends(old, new, list) and shape.list_type != "atomic":
        _compare_lists(old, new, shape, path, found)
    elif old is not ABSENT and new is not ABSENT:
        if old != new:
            found.modified.insert(path)
            _compare_insides(old, new, shape, path, found)
        return
    if old is ABSENT:
        found.added.insert(path)
    elif new is ABSENT:
        found.removed.insert(path)


def _compare_insides(old: Any, new: Any, shape: Shape, path: Path, found: Comparison) -> None:
    """What a map held is gone, and what one holds is new, where it changes places with something else."""
    if isinstance(old, dict) is not isinstance(new, dict) and not shape.atomic:
        _compare_maps(old, new, shape, path, found)
    if isinstance(old, list) is not isinstance(new, list) and shape.list_type != "atomic":
        _compare_lists(old, new, shape, path, found)


def _compare_maps(old: Any, new: Any, shape: Shape, path: Path, found: Comparison) -> None:
    for name in _names(old, new):
        below = (*path, field_step(name))
        _compare(_at(old, name), _at(new, name), shape.field(name), below, found)


def _descends(old: Any, new: Any, kind: type) -> bool:
    """Whether one side has something inside and the other fits; two empty ones are leaves."""
    for one, other in ((old, new), (new, old)):
        if isinstance(one, kind) and one and (isinstance(other, kind) or other is None or other is ABSENT):
            return True
    return False


def _names(old: Any, new: Any) -> list[str]:
    names = list(old) if isinstance(old, dict) else []
    return [*names, *(name for name in new if name not in names)] if isinstance(new, dict) else names


def _at(value: Any, name: str) -> Any:
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def _compare_lists(old: Any, new: Any, shape: Shape, path: Path, found: Comparison) -> None:
    before = by_step(old, shape) if isinstance(old, list) else {}
    after = by_step(new, shape) if isinstance(new, list) else {}
    for step in dict.fromkeys((*before, *after)):
        one, other = before.get(step, []), after.get(step, [])
        below = (*path, step)
        if len(one) > 1 and len(other) > 1:
            if one != other:
                found.modified.insert(below)
            continue
        if len(one) > 1:
            found.removed.insert(below)
        elif len(other) > 1:
            found.added.insert(below)
        left = one[0] if len(one) == 1 else ABSENT
        right = other[0] if len(other) == 1 else ABSENT
        if left is not ABSENT or right is not ABSENT:
            _compare(left, right, shape.item(), below, found)
