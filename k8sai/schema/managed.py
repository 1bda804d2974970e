"""`metadata.managedFields`: who wrote which fields of an object, in what way, and when.

Source: apimachinery `pkg/util/managedfields/internal/managedfields.go`; KEP-555.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from k8sai.schema.fieldset import FieldSet, Wire, read

Operation = Literal["Apply", "Update"]
Key = tuple[str, Operation, str, str]

_MAX_UPDATERS = 10
_BUCKET = "ancient-changes"


@dataclass(frozen=True, slots=True)
class Owner:
    """What one manager owns by one way of writing. `time` is RFC 3339 in seconds, or None."""

    manager: str
    operation: Operation
    api_version: str
    subresource: str = ""
    time: str | None = None
    fields: FieldSet = field(default_factory=FieldSet)
    read: tuple[FieldSet, Wire] | None = field(default=None, compare=False, repr=False)  # so as not to write it anew

    @property
    def key(self) -> Key:
        """What makes it the same manager's: an applier stays the same whatever version it applies."""
        version = "" if self.operation == "Apply" else self.api_version
        return self.manager, self.operation, self.subresource, version

    def owning(self, fields: FieldSet) -> "Owner":
        """The same owner with other fields."""
        return self if fields is self.fields else replace(self, fields=fields)

    def losing(self, fields: FieldSet) -> "Owner":
        """The same owner without these."""
        return self.owning(self.fields - fields) if self.fields & fields else self

    def __str__(self) -> str:
        """As messages name it: `"kubectl-edit" using v1`."""
        text = json.dumps(self.manager, ensure_ascii=False)
        if self.subresource:
            text += f" with subresource {json.dumps(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == "Update" else text


Owners = dict[Key, Owner]


def owners_of(entries: Any) -> Owners:
    """The entries of a managedFields list. ValueError for what the API server would not read."""
    found: Owners = {}
    for entry in entries or ():
        if entry.get("operation") not in ("Apply", "Update"):
            raise ValueError("operation must be `Apply` or `Update`")
        if not entry.get("apiVersion"):
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise ValueError(f"invalid fieldsType {entry.get('fieldsType')!r}")
        wire = entry.get("fieldsV1") or {}
        fields = read(wire)
        one = Owner(
            str(entry.get("manager", "")),
            entry["operation"],
            str(entry["apiVersion"]),
            str(entry.get("subresource", "")),
            entry.get("time"),
            fields,
            (fields, wire),
        )
        found[one.key] = one
    return found


def entries_of(owners: Owners) -> list[dict[str, Any]]:
    """The managedFields list, in the API server's order: appliers first, then by time and name."""
    return [_wire(entry) for entry in sorted(owners.values(), key=_order)]


def _order(entry: Owner) -> tuple[str, ...]:
    return entry.operation, entry.time or "", entry.manager, entry.api_version, entry.subresource


def _wire(entry: Owner) -> Wire:
    found: Wire = {"manager": entry.manager} if entry.manager else {}
    found |= {"operation": entry.operation, "apiVersion": entry.api_version}
    if entry.time:
        found["time"] = entry.time
    same = entry.read is not None and entry.read[0] is entry.fields
    found |= {"fieldsType": "FieldsV1", "fieldsV1": entry.read[1] if same and entry.read else entry.fields.wire()}
    if entry.subresource:
        found["subresource"] = entry.subresource
    return found


def is_reset(entries: Any) -> bool:
    """Whether a written list asks for a fresh start: an empty list, or one empty entry."""
    return isinstance(entries, list) and entries in ([], [{}])


def without_times(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries, to compare them: a new time alone is no change."""
    return [{key: value for key, value in entry.items() if key != "time"} for entry in entries]


def capped(owners: Owners) -> Owners:
    """At most ten updaters: the oldest ones are merged into one entry of their version."""
    updaters = sorted((e for e in owners.values() if e.operation == "Update"), key=lambda e: (e.time or "", e.key))
    over = len(updaters) - _MAX_UPDATERS
    if over <= 0:
        return owners
    found = dict(owners)
    first: dict[str, Owner] = {}
    for entry in updaters:
        if over <= 0:
            break
        bucket = Owner(_BUCKET, "Update", entry.api_version).key
        if entry.api_version not in first:
            first[entry.api_version] = entry
            continue
        if bucket not in found:
            oldest = found.pop(first[entry.api_version].key)
            found[bucket] = replace(oldest, manager=_BUCKET, subresource="")
        found[bucket] = replace(found[bucket].owning(found[bucket].fields | entry.fields), time=entry.time)
        found.pop(entry.key, None)
        over -= 1
    return found
