"""The garbage collector: dependents follow their owners, by owner references.

Source: kube-controller-manager's garbagecollector. Unlike there it acts at once, right after the commit it follows.
"""

from typing import Any

from k8sai.sim.deletion import FOREGROUND, ORPHAN
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, name_of, namespace_of, uid_of
from k8sai.sim.store import Store

Place = tuple[Resource, str, str]


class Collector:
    """Knows every uid and who depends on it; removes what lost all its owners."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._alive: dict[str, Place] = {}
        self._dependents: dict[str, dict[str, Place]] = {}  # owner's uid -> dependent's uid -> dependent

    def on_event(self, event: Event) -> None:
        """Follow one write."""
        uid = uid_of(event.obj)
        place = event.resource, namespace_of(event.obj), name_of(event.obj)
        if event.old is not None:
            self._unlink(uid, event.old)
        if event.type == "DELETED":
            self._alive.pop(uid, None)
            self._store.believed.discard(uid)
            self._owner_gone(uid)
            self._finish_owners(event.obj)
            return
        self._alive[uid] = place
        for owner in _owners(event.obj):
            self._dependents.setdefault(owner["uid"], {})[uid] = place
        if event.type == "ADDED":
            self._check_owners(place, event.obj)
        elif "deletionTimestamp" in event.obj["metadata"]:
            self._prepare(place, event.obj)

    def _unlink(self, uid: str, old: Obj) -> None:
        for owner in _owners(old):
            family = self._dependents.get(owner["uid"], {})
            family.pop(uid, None)
            if not family:
                self._dependents.pop(owner["uid"], None)

    def _exists(self, uid: str) -> bool:
        return uid in self._alive or uid in self._store.believed

    def _check_owners(self, place: Place, obj: Obj) -> None:
        owners = _owners(obj)
        if owners and not any(self._exists(owner["uid"]) for owner in owners):
            self._store.delete(*place)

    def _owner_gone(self, owner_uid: str) -> None:
        for place in tuple(self._dependents.get(owner_uid, {}).values()):
            obj = self._store.find(*place)
            if obj is None:
                continue
            if any(self._exists(owner["uid"]) for owner in _owners(obj)):
                self._disown(place, obj, owner_uid)
            else:
                self._store.delete(*place)

    def _disown(self, place: Place, obj: Obj, owner_uid: str) -> None:
        kept = [owner for owner in _owners(obj) if owner["uid"] != owner_uid]
        meta = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
        if kept:
            meta["ownerReferences"] = kept
        self._store.update(place[0], {**obj, "metadata": meta})

    def _prepare(self, place: Place, obj: Obj) -> None:
        """Do what the owner's finalizers wait for, then take them away."""
        finalizers = obj["metadata"].get("finalizers") or []
        family = tuple(self._dependents.get(uid_of(obj), {}).values())
        if ORPHAN in finalizers:
            for dependent in family:
                current = self._store.find(*dependent)
                if current is not None:
                    self._disown(dependent, current, uid_of(obj))
            self._drop_finalizer(place, ORPHAN)
        elif FOREGROUND in finalizers:
            for dependent in family:
                current = self._store.find(*dependent)
                if current is not None and "deletionTimestamp" not in current["metadata"]:
                    deep = bool(self._dependents.get(uid_of(current)))
                    self._store.delete(*dependent, propagation="Foreground" if deep else "Background")
            self._finish(place)

    def _finish_owners(self, obj: Obj) -> None:
        for owner in _owners(obj):
            place = self._alive.get(owner["uid"])
            if place is not None:
                self._finish(place)

    def _finish(self, place: Place) -> None:
        """End a foreground deletion that nobody blocks any more."""
        obj = self._store.find(*place)
        if obj is None or FOREGROUND not in (obj["metadata"].get("finalizers") or []):
            return
        uid = uid_of(obj)
        for dependent in self._dependents.get(uid, {}).values():
            current = self._store.find(*dependent)
            if current is not None and any(o["uid"] == uid and o.get("blockOwnerDeletion") for o in _owners(current)):
                return
        self._drop_finalizer(place, FOREGROUND)

    def _drop_finalizer(self, place: Place, finalizer: str) -> None:
        obj = self._store.find(*place)
        if obj is not None:
            kept = [one for one in obj["metadata"].get("finalizers") or [] if one != finalizer]
            self._store.update(place[0], {**obj, "metadata": {**obj["metadata"], "finalizers": kept}})


def _owners(obj: Obj) -> list[dict[str, Any]]:
    return obj["metadata"].get("ownerReferences") or []
