"""Events of both API groups are the same objects: stored as core events, shown and taken as either.

Source: `pkg/apis/core` Event and the conversions of `pkg/apis/events/v1`.
"""

from typing import Any

from k8sai.schema.managed import Owner
from k8sai.sim.kinds import Resource, find
from k8sai.sim.objects import Obj, stored_bytes
from k8sai.sim.store import Deleted, Entries, Entry, Store
from k8sai.sim.store import Event as Write

CORE = find("", "events")
NEW = find("events.k8s.io", "events")

# core field -> events.k8s.io field
_RENAMED = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_BACK = {new: core for core, new in _RENAMED.items()}


def shown(event: Obj) -> Obj:
    """A core event as events.k8s.io shows it."""
    found = {_RENAMED.get(key, key): value for key, value in event.items()}
    return {**found, "apiVersion": NEW.api_version}


def kept(event: Obj) -> Obj:
    """An events.k8s.io event as it is stored."""
    found = {_BACK.get(key, key): value for key, value in event.items()}
    return {**found, "apiVersion": CORE.api_version}


def shown_write(write: Write) -> Write:
    """A write to a core event as a watch of events.k8s.io sees it."""
    obj, old = shown(write.obj), shown(write.old) if write.old is not None else None
    return Write(write.type, NEW, obj, old, write.version, stored_bytes(NEW, obj))


def home(resource: Resource) -> Resource:
    """The kind under which objects are stored."""
    return CORE if resource is NEW else resource


class Shelf:
    """A store as a kind of the API sees it: itself for all kinds but events.k8s.io."""

    def __init__(self, store: Store, resource: Resource) -> None:
        self._store = store
        self._resource = home(resource)
        self._other = resource is NEW

    def _out(self, obj: Obj) -> Obj:
        return shown(obj) if self._other else obj

    def _in(self, obj: Obj) -> Obj:
        return kept(obj) if self._other else obj

    def _entry(self, entry: Entry) -> Entry:
        if not self._other:
            return entry
        obj = shown(entry.obj)
        return Entry(obj, stored_bytes(NEW, obj), entry.version)

    def _entries(self, entries: Entries) -> Entries:
        return [self._entry(entry) for entry in entries] if self._other else entries

    def entry(self, namespace: str, name: str) -> Entry:
        """One object. ApiFailure 404."""
        return self._entry(self._store.entry(self._resource, namespace, name))

    def find(self, namespace: str, name: str) -> Obj | None:
        """One object, or None."""
        found = self._store.find(self._resource, namespace, name)
        return None if found is None else self._out(found)

    def entries(self, namespace: str | None) -> Entries:
        """All objects."""
        return self._entries(self._store.entries(self._resource, namespace))

    def entries_at(self, version: int, namespace: str | None) -> Entries:
        """All objects at a version. ApiFailure 410."""
        return self._entries(self._store.entries_at(self._resource, version, namespace))

    def history(self, since: int) -> list[Write]:
        """The writes after a version. ApiFailure 410."""
        found = self._store.history(self._resource, since)
        return [shown_write(write) for write in found] if self._other else found

    def create(self, obj: Obj, dry_run: bool, author: Owner) -> Obj:
        """As Store.create."""
        return self._out(self._store.create(self._resource, self._in(obj), dry_run, author))

    def update(self, obj: Obj, subresource: str, dry_run: bool, author: Owner) -> Obj:
        """As Store.update."""
        return self._out(self._store.update(self._resource, self._in(obj), subresource, dry_run, author))

    def delete(self, namespace: str, name: str, **options: Any) -> Deleted:
        """As Store.delete."""
        found = self._store.delete(self._resource, namespace, name, **options)
        return Deleted(self._out(found.obj), found.gone)
