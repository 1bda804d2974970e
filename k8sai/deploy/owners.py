"""Who owns which field of an object, since when: what `metadata.managedFields` says.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from dataclasses import dataclass
from typing import Any

from k8sai.deploy.paths import Json
from k8sai.schema.elements import Path
from k8sai.schema.fieldset import FieldSet, read


@dataclass(frozen=True, slots=True)
class Owner:
    """A field manager; `since` is the time of its last write that changed anything, ISO, or ""."""

    name: str
    operation: str = ""  # Apply or Update
    subresource: str = ""
    since: str = ""

    @property
    def words(self) -> str:
        """`kubectl (scale)`: the name, and the subresource it wrote through."""
        return f"{self.name} ({self.subresource})" if self.subresource else self.name


def entries(obj: Json | None) -> list[Json]:
    """The object's managedFields."""
    return list(((obj or {}).get("metadata") or {}).get("managedFields") or [])


def owner(entry: Json) -> Owner:
    """Of an entry of managedFields."""
    return Owner(*(str(entry.get(key) or "") for key in ("manager", "operation", "subresource", "time")))


def owners(obj: Json | None, path: Path) -> tuple[Owner, ...]:
    """All that own the field, or a field below it; those that applied it first."""
    found = [owner(entry) for entry in entries(obj) if _owned(_fields(entry), path)]
    return tuple(sorted(found, key=lambda one: (one.operation != "Apply", one.name)))


def applied(obj: Json | None, manager: str) -> FieldSet:
    """What this manager says it has applied; nothing where it has not."""
    found = (entry for entry in entries(obj) if entry.get("operation") == "Apply" and not entry.get("subresource"))
    return next((_fields(entry) for entry in found if entry.get("manager") == manager), FieldSet())


def shape(*objects: Json | None) -> FieldSet:
    """The fields of all managers of these objects together: it shows by which keys the server tells items apart."""
    found = FieldSet()
    for entry in (entry for obj in objects for entry in entries(obj)):
        found = found | _fields(entry)
    return found


def keys_of(fields: FieldSet) -> tuple[str, ...]:
    """By which names the items of this list are told apart; none where it is no such list."""
    steps = (step for step in (*fields.members, *fields.children) if step.startswith("k:"))
    return next((tuple(sorted(json.loads(step[2:]))) for step in steps), ())


def is_set(fields: FieldSet) -> bool:
    """Whether this list is a set of plain values."""
    return any(step.startswith("v:") for step in fields.members)


def _fields(entry: Json) -> FieldSet:
    wire: Any = entry.get("fieldsV1") or {}
    try:
        return read(wire)
    except ValueError:  # of a later form than we know: as if nobody said anything
        return FieldSet()


def _owned(fields: FieldSet, path: Path) -> bool:
    """The field itself, one below it, or the whole that it is a part of."""
    for step in path:
        below = fields.below(step)
        if step in fields.members and not below:
            return True
        fields = below
    return bool(fields)
