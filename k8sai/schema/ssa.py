"""Server-side apply: what an applied configuration makes of an object, who owns what afterwards, and who is in the way.

    new, owners = applied(live, config, owners, author, shape, force=False)     # raises Conflicts

A field that this manager applied the last time and leaves out now goes, unless somebody else owns it. A field that
somebody else owns is a conflict where the values differ, and shared where they agree.

Source: structured-merge-diff v6, `merge/update.go`, and apimachinery `pkg/util/managedfields/internal`; KEP-555.
"""

from dataclasses import replace
from typing import Any, Final

from k8sai.schema.comparing import compare, fields_of
from k8sai.schema.elements import Path, path_text
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.lists import Shape
from k8sai.schema.managed import Owner, Owners, capped
from k8sai.schema.merging import merged, removed

_FIRST: Final = "before-first-apply"
_NO_ONES = (
    *("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields"),
    "resourceVersion",
)
_STRIPPED = FieldSet(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", f"f:{name}") for name in _NO_ONES)]
)
NOTHING = FieldSet()


class Conflicts(Exception):
    """Fields that others own and that the configuration would change: the owner's entry and the path of each."""

    def __init__(self, found: list[tuple[Owner, Path]]) -> None:
        self.found = found
        super().__init__(_message(found))


def _message(found: list[tuple[Owner, Path]]) -> str:
    if len(found) == 1:
        ((entry, path),) = found
        return f"Apply failed with 1 conflict: conflict with {entry}: {path_text(path)}"
    lines: list[str] = []
    told: Owner | None = None
    for entry, path in found:
        if entry is not told:
            lines.append(f"conflicts with {entry}:")
            told = entry
        lines.append(f"- {path_text(path)}")
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def applied(
    live: Any,
    config: Any,
    owners: Owners,
    author: Owner,
    shape: Shape,
    *,
    force: bool = False,
    ignored: FieldSet = NOTHING,
    blank: Any = None,
) -> tuple[Any, Owners]:
    """The object after an apply and its owners. Raises Conflicts, BadItem.

    `author` is who applies, with the time of it. `ignored` are fields that this way of writing cannot set. `blank` is
    a new object of the kind: what differs from it in a live object without any owners is owned by nobody in
    particular, before the first apply.
    """
    if not owners and live:
        first = Owner(_FIRST, "Update", author.api_version, author.subresource, author.time)
        owners = updated(blank or {}, live, {}, first, shape, ignored=ignored)
    new = merged(live, config, shape)
    own = fields_of(config, shape).without_all_of(ignored)
    last = owners.get(author.key)
    after = {**owners, author.key: replace(author.owning(own), time=last.time if last else None)}
    if last is not None and last.fields:
        new = _pruned(new, after, last.fields, shape)
    after = _taken(live, new, after, author, shape, force, ignored)
    mine = own - _STRIPPED
    if mine:
        time = after[author.key].time if new == live and author.key in after else author.time
        after[author.key] = replace(author.owning(mine), time=time)
    else:
        after.pop(author.key, None)
    return new, after


def _pruned(new: Any, owners: Owners, last: FieldSet, shape: Shape) -> Any:
    """Without what the manager applied the last time and nobody owns any more."""
    last = last.with_named_parents(shape)
    without = removed(new, last, shape) or {}
    owned = FieldSet()
    for entry in owners.values():
        owned |= entry.fields
    everything = fields_of(new, shape).with_named_parents(shape)
    left = fields_of(without, shape).with_named_parents(shape)
    kept = removed(new, everything - (left | owned.with_named_parents(shape)), shape) or {}
    gone = everything - fields_of(kept, shape).with_named_parents(shape)
    return removed(new, gone & last, shape) or {}


def _taken(live: Any, new: Any, owners: Owners, author: Owner, shape: Shape, force: bool, ignored: FieldSet) -> Owners:
    """The owners when one of them has written: others lose what changed. Raises Conflicts unless forced."""
    difference = compare(live, new, shape).without_all_of(ignored)
    changed = difference.modified | difference.added
    others = {key: entry for key, entry in owners.items() if key != author.key}
    in_the_way = {key: both for key, entry in others.items() if (both := entry.fields & changed)}
    if in_the_way and not force:
        ordered = sorted(in_the_way, key=lambda key: str(others[key]))
        raise Conflicts([(others[key], path) for key in ordered for path in in_the_way[key]])
    lost = changed | difference.removed
    found = {key: entry.losing(lost) for key, entry in others.items()}
    found = {key: entry for key, entry in found.items() if entry.fields}
    return found | {key: entry for key, entry in owners.items() if key == author.key}


def updated(old: Any, new: Any, owners: Owners, author: Owner, shape: Shape, *, ignored: FieldSet = NOTHING) -> Owners:
    """The owners after any other write: what it changed is its author's, what it removed is nobody's."""
    difference = compare(old, new, shape).without_all_of(ignored)
    changed = difference.modified | difference.added
    if not changed and not difference.removed:
        return owners
    lost = changed | difference.removed
    after = {key: entry.losing(lost) for key, entry in owners.items()}
    after = {key: entry for key, entry in after.items() if entry.fields}
    mine = changed - _STRIPPED
    if mine:
        before = after.get(author.key)
        after[author.key] = author.owning(mine | before.fields if before else mine)
    return capped(after)
