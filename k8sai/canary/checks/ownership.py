"""Who wrote a field, as `metadata.managedFields` tells it: the manager of the field itself, or of the nearest whole
that it is a part of. A list that is atomic has one owner for all that is in it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from k8sai.ages import epoch, human
from k8sai.canary.facts import Json

OURS: Final = "k8sai"  # the field manager that k8sai writes as


@dataclass(frozen=True, slots=True)
class Owner:
    """A field manager. `path` is what it owns: the field asked for, or the whole around it (RFC 6901)."""

    manager: str
    operation: str  # Apply or Update
    at: str  # ISO, "" where it is not told
    path: str
    subresource: str = ""

    def said(self, now: float) -> str:
        """`argocd-controller (Apply) 12s ago`; `now` in seconds since 1970."""
        through = f", /{self.subresource}" if self.subresource else ""
        ago = f" {human(max(0.0, now - epoch(self.at)))} ago" if self.at else ""
        return f"{self.manager} ({self.operation}{through}){ago}"


def writer_of(obj: Json, path: str) -> Owner | None:
    """Who last wrote the field at an RFC 6901 path; None where nobody is named for it or anything around it.

    Of several owners the one of the smallest part counts, then the one that wrote last.
    """
    steps = tuple(_unescaped(step) for step in path.split("/")[1:])
    found = [owner for entry in _entries(obj) if (owner := _owner(entry, obj, steps)) is not None]
    return max(found, key=lambda one: (one.path.count("/"), one.at), default=None)


def stranger(obj: Json, path: str, ours: str = OURS) -> Owner | None:
    """Who has written over what we wrote. A field that is gone has no owner: then who wrote the object last.

    None where that was us, or nobody says.
    """
    found = writer_of(obj, path) or _last(obj)
    return found if found is not None and found.manager != ours else None


def _last(obj: Json) -> Owner | None:
    """Of the object itself: a status is written all the time. Its path is empty."""
    found = (_named(entry, "") for entry in _entries(obj) if not entry.get("subresource"))
    return max(found, key=lambda one: one.at, default=None)


def managers(obj: Json) -> frozenset[str]:
    """Everybody who owns anything of the object."""
    return frozenset(str(entry.get("manager") or "") for entry in _entries(obj))


def _entries(obj: Json) -> list[Json]:
    return list((obj.get("metadata") or {}).get("managedFields") or ())


def _owner(entry: Json, obj: Json, steps: tuple[str, ...]) -> Owner | None:
    depth = max(_owned(entry.get("fieldsV1"), obj, steps), default=0)
    if not depth:
        return None
    return _named(entry, "".join(f"/{_escaped(step)}" for step in steps[:depth]))


def _named(entry: Json, path: str) -> Owner:
    manager, operation, at, through = (
        str(entry.get(key) or "") for key in ("manager", "operation", "time", "subresource")
    )
    return Owner(manager, operation, at, path, through)


def _owned(fields: Any, value: Any, steps: tuple[str, ...]) -> Iterator[int]:
    """How many steps down the way this manager owns what is there: a whole is a leaf."""
    for depth, step in enumerate(steps, 1):
        if not isinstance(fields, dict):
            return
        key = _key(fields, value, step)
        if key is None:
            return
        fields, value = fields[key], _below(value, step)
        if not fields or depth == len(steps):  # after the last step: it owns a part of what is asked for
            yield depth


def _key(fields: Json, value: Any, step: str) -> str | None:
    """The step as managedFields writes it: a field, or an item by its keys, value or place."""
    if f"f:{step}" in fields:
        return f"f:{step}"
    item = _below(value, step) if isinstance(value, list) else None
    return next((key for key in fields if item is not None and _is_item(key, item, step)), None)


def _is_item(key: str, item: Any, step: str) -> bool:
    kind, _, said = key.partition(":")
    if kind == "k":
        return isinstance(item, dict) and _has(item, json.loads(said).items())
    return (kind == "v" and json.loads(said) == item) or (kind == "i" and said == step)


def _has(item: Json, pairs: Iterable[tuple[str, Any]]) -> bool:
    return all(item.get(name) == value for name, value in pairs)


def _below(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
