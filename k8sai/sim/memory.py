"""The embedded cluster's memory: objects, their versions, and who hears of writes.

Used from one thread only. A dict that comes out is never changed by whoever got it. Each write has a resourceVersion of
its own, one more than the last. The first comes from the time: a client that goes on from a version of an earlier
cluster at the same address is told that it is gone, and lists again. Subscribers are called after the commit, in the
order of commits, also when one of them writes in turn.
"""

import time
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from k8sai.sim import status
from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.objects import Names, Obj, name_of, namespace_of, stored_bytes

Change = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[str, str]  # namespace ("" for cluster-scoped) and name


@dataclass(frozen=True, slots=True)
class Entry:
    """An object at one version, and its encoding as a list shows it."""

    obj: Obj
    stored: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """One committed write. `obj` is the object after it (before it went, for DELETED), `old` the one before."""

    type: Change
    resource: Resource
    obj: Obj
    old: Obj | None
    version: int
    stored: bytes


Entries = list[Entry]
Events = list[Event]


@dataclass(slots=True)
class _Bucket:
    """All objects of a kind in the order of their keys, and the latest writes to them."""

    history: deque[Event]
    forgotten: int  # the newest version no longer in history
    entries: dict[Key, Entry] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)


class Memory:
    """All objects of one cluster: reading them, and hearing of writes.

    `now` tells the time in epoch seconds; `window` is how many writes a kind remembers.
    """

    def __init__(self, *, now: Callable[[], float] = time.time, seed: int = 0, window: int = 10_000) -> None:
        self.now = now
        self.names = Names(seed)
        self.catalog = Catalog()
        self.version = self._first = _first_version(now())
        self._window = window
        self._buckets: dict[Resource, _Bucket] = {}
        self._subscribers: list[Callable[[Event], None]] = []
        self._undelivered: deque[Event] = deque()
        self._delivering = False

    # reading

    def find(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        entry = self._bucket(resource).entries.get((namespace, name))
        return entry.obj if entry else None

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        """The object. ApiFailure 404 where there is none."""
        return self.entry(resource, namespace, name).obj

    def entry(self, resource: Resource, namespace: str, name: str) -> Entry:
        """The object with its encoding. ApiFailure 404 where there is none."""
        entry = self._bucket(resource).entries.get((namespace, name))
        if entry is None:
            raise status.not_found(resource, name)
        return entry

    def list(self, resource: Resource, namespace: str | None = None) -> Iterable[Obj]:
        """The objects of a kind by namespace and name; of one namespace, or of all with None."""
        return [entry.obj for entry in self.entries(resource, namespace)]

    def entries(self, resource: Resource, namespace: str | None = None) -> Entries:
        """The same with encodings; a list of its own, so it stays as it is while the store moves on."""
        bucket = self._bucket(resource)
        if not namespace:
            return [bucket.entries[key] for key in bucket.keys]
        first = bisect_left(bucket.keys, (namespace, ""))
        last = bisect_left(bucket.keys, (namespace + "\0", ""))
        return [bucket.entries[key] for key in bucket.keys[first:last]]

    def count(self, resource: Resource) -> int:
        """How many objects of a kind there are."""
        return len(self._bucket(resource).keys)

    def history(self, resource: Resource, since: int) -> Events:
        """The writes to a kind after a version. ApiFailure 410 where they are no longer remembered."""
        bucket = self._bucket(resource)
        if since < bucket.forgotten:
            raise status.expired(f"too old resource version: {since} ({bucket.forgotten})")
        found: Events = []
        for event in reversed(bucket.history):
            if event.version <= since:
                break
            found.append(event)
        return found[::-1]

    def entries_at(self, resource: Resource, version: int, namespace: str | None = None) -> Entries:
        """The objects as they were at a version. ApiFailure 410 where the writes since are no longer remembered."""
        since = self.history(resource, version)
        entries = self.entries(resource, namespace)
        if not since:
            return entries
        past = {_key(entry.obj): entry for entry in entries}
        for event in reversed(since):
            key = _key(event.obj)
            if namespace and key[0] != namespace:
                continue
            if event.old is None:
                past.pop(key, None)
            else:
                before = int(event.old["metadata"]["resourceVersion"])
                past[key] = Entry(event.old, stored_bytes(resource, event.old), before)
        return [past[key] for key in sorted(past)]

    def remembers(self, resource: Resource, version: int) -> bool:
        """Whether the writes to a kind after a version are still known."""
        return version >= self._bucket(resource).forgotten

    def compact(self) -> None:
        """Forget all past writes, as etcd does every few minutes: older watches and continue tokens get 410."""
        for resource in self.catalog.homes():
            bucket = self._bucket(resource)
            bucket.history.clear()
            bucket.forgotten = self.version

    # hearing

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back after every commit; returns the call that ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def _bucket(self, resource: Resource) -> _Bucket:
        bucket = self._buckets.get(resource)
        if bucket is None:
            bucket = self._buckets[resource] = _Bucket(deque(), forgotten=self._first)
        return bucket

    def _commit(self, change: Change, resource: Resource, key: Key, obj: Obj, old: Obj | None) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        bucket = self._bucket(resource)
        stored = stored_bytes(resource, obj)
        if change == "DELETED":
            del bucket.entries[key]
            del bucket.keys[bisect_left(bucket.keys, key)]
        else:
            bucket.entries[key] = Entry(obj, stored, self.version)
            if change == "ADDED":
                insort(bucket.keys, key)
        event = Event(change, resource, obj, old, self.version, stored)
        if len(bucket.history) >= self._window:
            bucket.forgotten = bucket.history.popleft().version
        bucket.history.append(event)
        self._deliver(event)

    def _deliver(self, event: Event) -> None:
        self._undelivered.append(event)
        if self._delivering:
            return
        self._delivering = True
        try:
            self._deliver_all()
        finally:
            self._delivering = False

    def _deliver_all(self) -> None:
        """What one subscriber cannot take keeps nothing from the others; the first such error is raised at the end."""
        failure: Exception | None = None
        while self._undelivered:
            due = self._undelivered.popleft()
            for callback in tuple(self._subscribers):
                try:
                    callback(due)
                except Exception as error:
                    failure = failure or error
        if failure is not None:
            raise failure


def _first_version(now: float) -> int:
    """Microseconds since 1970: above all versions of earlier stores, and below 2**53, so exact in any JSON reader."""
    return int(now * 1_000_000)


def _key(obj: Obj) -> Key:
    return namespace_of(obj), name_of(obj)
