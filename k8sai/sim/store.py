"""Writing: what may be written to the embedded cluster's objects, and how they are stored then.

A dict that goes in is copied.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from k8sai.ages import stamp
from k8sai.schema.managed import Owner
from k8sai.sim import admission, deletion, ownership, status
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Memory
from k8sai.sim.objects import Obj, copied, name_of, namespace_of


class Deleted(NamedTuple):
    """What a delete left: the object as last seen, and whether it is gone already."""

    obj: Obj
    gone: bool


class Store(Memory):
    """The memory with the rules of writing. `believed` are the uids of owners that nobody has to show."""

    def __init__(self, *, now: Callable[[], float] = time.time, seed: int = 0, window: int = 10_000) -> None:
        super().__init__(now=now, seed=seed, window=window)
        self.believed: set[str] = set()

    def create(
        self,
        resource: Resource,
        obj: Obj,
        dry_run: bool = False,
        author: Owner | None = None,
        asked: Resource | None = None,
    ) -> Obj:
        """The object as stored, with defaults. ApiFailure: 409 taken, 422 invalid, 403 refused, 404 no namespace.

        With an `author` it says from then on who owns its fields; `asked` is the version that a client named, and
        whose schema the object is held against.
        """
        new = admission.prepared(self, resource, copied(obj), asked)
        if author is not None:
            ownership.of_new(asked or resource, new, obj, author)
        key = namespace_of(new), name_of(new)
        if key in self._bucket(resource).entries:
            raise status.already_exists(resource, key[1])
        if not dry_run:
            self._commit("ADDED", resource, key, new, None)
        return new

    def update(
        self,
        resource: Resource,
        obj: Obj,
        subresource: str = "",
        dry_run: bool = False,
        author: Owner | None = None,
        asked: Resource | None = None,
    ) -> Obj:
        """The object after the write; a `subresource` is "status" (spec untouched), "resize" or "ephemeralcontainers".

        A resourceVersion or uid in the object is a precondition (409). Nothing is written where nothing differs.
        """
        key = namespace_of(obj), name_of(obj)
        old = self.get(resource, *key)
        new = admission.revised(self, resource, old, copied(obj), subresource, asked)
        ownership.of_changed(asked or resource, new, old, subresource, author, self.now())
        if new == old:
            return old
        if deletion.released(new, old):
            if not dry_run:
                self._commit("DELETED", resource, key, new, old)
            return new
        if not dry_run:
            self._commit("MODIFIED", resource, key, new, old)
        return new

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        grace: int | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> Deleted:
        """Delete it, or mark it where finalizers, a kubelet or dependents come first.

        `grace` is in seconds, for pods. ApiFailure: 404, 409 precondition, 403 for a namespace every cluster needs.
        """
        old = self.get(resource, namespace, name)
        deletion.check(resource, old, uid, resource_version)
        new = deletion.marked(resource, old, self.now(), grace, propagation)
        if new is None:
            gone = deletion.farewell(resource, old, stamp(self.now()))
            if not dry_run:
                self._commit("DELETED", resource, (namespace, name), gone, old)
            return Deleted(gone, gone=True)
        if new != old and not dry_run:
            self._commit("MODIFIED", resource, (namespace, name), new, old)
        return Deleted(new, gone=False)

    def restore(self, resource: Resource, obj: Obj) -> Obj:
        """Take over an object as it is, status, node and owners included: for scenarios and recordings of a cluster.

        Nothing is checked or copied, defaults are not filled in, and owners that do not exist are believed.
        """
        new = admission.adopted(self, resource, obj)
        key = namespace_of(new), name_of(new)
        if key in self._bucket(resource).entries:
            raise status.already_exists(resource, key[1])
        self.believed.update(owner["uid"] for owner in new["metadata"].get("ownerReferences") or ())
        self._commit("ADDED", resource, key, new, None)
        return new
