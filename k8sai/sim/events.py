"""What a kind of the API sees of the store, where that is not the object as it is stored.

Events of both API groups are the same objects: stored as core events, shown and taken as either. Custom kinds are
served in several versions and stored in one.

Source: `pkg/apis/core` Event and the conversions of `pkg/apis/events/v1`.
"""

from typing import Any

from k8sai.schema.managed import Owner
from k8sai.sim import versions
from k8sai.sim.kinds import Resource, find
from k8sai.sim.memory import Entries, Entry
from k8sai.sim.memory import Event as Write
from k8sai.sim.objects import Obj, stored_bytes
from k8sai.sim.store import Deleted, Store

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


def shown_write(write: Write, resource: Resource) -> Write:
    """A write as a watch of another version, or of events.k8s.io, sees it."""
    obj = _shown(resource, write.obj)
    old = _shown(resource, write.old) if write.old is not None else None
    return Write(write.type, resource, obj, old, write.version, stored_bytes(resource, obj))


def _shown(resource: Resource, obj: Obj) -> Obj:
    return shown(obj) if resource is NEW else versions.shown(resource, obj)


def home(resource: Resource) -> Resource:
    """The kind under which objects are stored."""
    return CORE if resource is NEW else resource.home


class Shelf:
    """A store as a kind of the API sees it."""

    def __init__(self, store: Store, resource: Resource) -> None:
        self._store = store
        self._asked = resource
        self._resource = home(resource)
        self._other = self._resource.api_version != resource.api_version

    def _out(self, obj: Obj) -> Obj:
        return _shown(self._asked, obj) if self._other else obj

    def _in(self, obj: Obj) -> Obj:
        if not self._other:
            return obj
        return kept(obj) if self._asked is NEW else versions.kept(self._asked, obj)

    def _entry(self, entry: Entry) -> Entry:
        if not self._other:
            return entry
        obj = self._out(entry.obj)
        return Entry(obj, stored_bytes(self._asked, obj), entry.version)

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
        return [shown_write(write, self._asked) for write in found] if self._other else found

    def create(self, obj: Obj, dry_run: bool, author: Owner) -> Obj:
        """As Store.create."""
        return self._out(self._store.create(self._resource, self._in(obj), dry_run, author, self._asked))

    def update(self, obj: Obj, subresource: str, dry_run: bool, author: Owner) -> Obj:
        """As Store.update."""
        return self._out(self._store.update(self._resource, self._in(obj), subresource, dry_run, author, self._asked))

    def delete(self, namespace: str, name: str, **options: Any) -> Deleted:
        """As Store.delete."""
        found = self._store.delete(self._resource, namespace, name, **options)
        return Deleted(self._out(found.obj), found.gone)
