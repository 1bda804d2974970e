"""What differs between two states of an object, field by field, and what a server left out of what was sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from k8sai.deploy.owners import is_set, keys_of, owners, shape
from k8sai.deploy.paths import Json, text
from k8sai.quantity import BadQuantity, parse
from k8sai.schema.elements import Path, canonical, field_step
from k8sai.schema.fieldset import FieldSet


class _Absent(Enum):
    """No value at all; `null` is one. A member of an Enum stays the same when it is copied."""

    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
# What a server writes by itself at every write: no difference that anybody asked for.
_NOISE: Final = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_KEPT_FROM_SIGHT: Final = ("data", "stringData")
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_AMOUNTS: Final = ("limits", "requests")
HIDDEN_BEFORE, HIDDEN_AFTER = "*** (before)", "*** (after)"
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Field:
    """One field that differs; `owner` had it before, "" where nobody says so. ABSENT is a field that is not there."""

    path: str
    before: Any
    after: Any
    owner: str = ""


def differences(before: Json | None, after: Json, manager: str = "") -> tuple[Field, ...]:
    """Every field that differs, in the object's own order; a Secret's data is never shown. Of several owners one that
    is not `manager` is named.

    Lists are compared by the keys that the server tells their items apart by, as managedFields shows them.
    """
    hide = after.get("kind") == "Secret" and after.get("apiVersion") == "v1"
    found = []
    for path, old, new in _compared(_bare(before or {}), _bare(after), shape(before, after), ()):
        holder = [one for one in owners(before, path) if one.name != manager] or owners(before, path)
        if hide and is_secret_data(path):
            old, new = _hidden(old, HIDDEN_BEFORE), _hidden(new, HIDDEN_AFTER)
        if field_step(LAST_APPLIED) not in path:
            found.append(Field(text(path), old, new, holder[0].words if holder else ""))
    return tuple(found)


def inside(before: Any, after: Any, path: Path = ()) -> Iterator[Field]:
    """What differs within a value that has one owner as a whole; items of lists by their names where they have some."""
    if before == after or _same_amount(before, after, path):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _inside(
            {field_step(k): v for k, v in before.items()}, {field_step(k): v for k, v in after.items()}, path
        )
    elif isinstance(before, list) and isinstance(after, list):
        yield from _inside(by_step(before), by_step(after), path)
    else:
        yield Field(text(path), before, after)


def _inside(before: Json, after: Json, path: Path) -> Iterator[Field]:
    for step in (*before, *(step for step in after if step not in before)):
        yield from inside(before.get(step, ABSENT), after.get(step, ABSENT), (*path, step))


def is_secret_data(path: Path) -> bool:
    """Of a Secret this is what nobody is shown."""
    return path[:1] in tuple((field_step(name),) for name in _KEPT_FROM_SIGHT)


def masked(obj: Json) -> Json:
    """The object as it may be shown: a Secret without its data, nobody's bookkeeping."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in ("managedFields",)}
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key != LAST_APPLIED}
    meta = {key: value for key, value in meta.items() if key != "annotations"} | (
        {"annotations": notes} if notes else {}
    )
    shown = {**obj, "metadata": meta}
    if obj.get("kind") == "Secret":
        for key in _KEPT_FROM_SIGHT:
            if isinstance(obj.get(key), dict):
                shown[key] = dict.fromkeys(obj[key], HIDDEN)
    return shown


def _hidden(value: Any, word: str) -> Any:
    if isinstance(value, dict):
        return dict.fromkeys(value, word)
    return value if value is ABSENT else word


def _bare(obj: Json) -> Json:
    """Without what servers and controllers write by themselves."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _NOISE}
    rest = {key: value for key, value in obj.items() if key not in ("status", "metadata")}
    return {**rest, "metadata": meta} if meta else rest


def _compared(old: Any, new: Any, form: FieldSet, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if old == new or _same_amount(old, new, path):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            step = field_step(name)
            yield from _compared(old.get(name, ABSENT), new.get(name, ABSENT), form.below(step), (*path, step))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _items(old, form), _items(new, form)
        if before is None or after is None or before == after or _is_replaced(old, new, form):
            yield path, old, new
            return
        for step in [*before, *(step for step in after if step not in before)]:
            yield from _compared(before.get(step, ABSENT), after.get(step, ABSENT), form.below(step), (*path, step))
    else:
        yield path, old, new


def _same_amount(old: Any, new: Any, path: Path) -> bool:
    """8 and "8", and of resources 1 and 1000m: a webhook of a custom kind writes them as its own program would."""
    if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in (old, new)):
        return False
    if str(old) == str(new):
        return True
    if not any(field_step(part) in path for part in _AMOUNTS):
        return False
    try:
        return parse(old) == parse(new)
    except BadQuantity:
        return False


def _is_replaced(old: list[Any], new: list[Any], form: FieldSet) -> bool:
    """A list that is one value to the server, and has another length now: by number nothing can be said."""
    return not keys_of(form) and not is_set(form) and len(old) != len(new)


def _items(items: list[Any], form: FieldSet) -> dict[str, Any] | None:
    """The items by their steps; None where they cannot be told apart."""
    found: dict[str, Any] = {}
    keys = keys_of(form)
    for index, item in enumerate(items):
        if keys and not isinstance(item, dict):
            return None
        if keys:
            step = canonical("k:" + json.dumps({key: item.get(key) for key in keys}))
        else:
            step = canonical(f"v:{json.dumps(item)}") if is_set(form) else f"i:{index}"
        found[step] = item
    return found if len(found) == len(items) else None


# --- what was left out ------------------------------------------------------------------------------------------------


def dropped(sent: Json, kept: Json) -> tuple[str, ...]:
    """The fields that were sent and are not in the answer: a feature gate that is off drops them without a word."""
    ours = {key: value for key, value in sent.items() if key not in ("status", "stringData")}
    meta = {key: value for key, value in (ours.get("metadata") or {}).items() if key not in _NOISE}
    return tuple(text(path) for path in _lost({**ours, "metadata": meta}, kept, ()))


def _lost(sent: Any, kept: Any, path: Path) -> Iterator[Path]:
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            if name in kept:
                yield from _lost(value, kept[name], (*path, field_step(name)))
            elif value not in (None, "", 0, False, {}, []):
                yield (*path, field_step(name))
    elif isinstance(sent, list) and isinstance(kept, list):
        there = by_step(kept)
        for step, value in by_step(sent).items():
            if step in there:
                yield from _lost(value, there[step], (*path, step))
            elif isinstance(value, dict):
                yield (*path, step)


def by_step(items: list[Any]) -> dict[str, Any]:
    """The items of a list by name where every item has one of its own, else by number."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return {canonical("k:" + json.dumps({"name": name})): item for name, item in zip(names, items, strict=True)}
    return {f"i:{index}": item for index, item in enumerate(items)}
