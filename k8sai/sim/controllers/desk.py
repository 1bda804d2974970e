"""What every controller works with: the store, the clock, the queue, the events, and pods by owner and by node."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from k8sai.ages import stamp
from k8sai.sim import kinds
from k8sai.sim.clock import Clock
from k8sai.sim.controllers.recorder import Recorder
from k8sai.sim.controllers.work import Work
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

Key = tuple[str, str]  # namespace, name

PODS = kinds.find("", "pods")
NODES = kinds.find("", "nodes")
JOBS = kinds.find("batch", "jobs")


def key_of(obj: Obj) -> Key:
    """Namespace ("" for cluster scope) and name."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


@dataclass(slots=True)
class PodIndex:
    """Pods by controller uid and by node; an event costs one entry."""

    _owned: dict[str, dict[str, Obj]] = field(default_factory=dict)
    _bound: dict[str, dict[str, Obj]] = field(default_factory=dict)

    def on_event(self, event: Event) -> None:
        if event.resource is not PODS:
            return
        if event.old is not None:
            self._take(event.old, None)
        if event.type != "DELETED":
            self._take(event.obj, event.obj)

    def _take(self, obj: Obj, new: Obj | None) -> None:
        uid, owner = obj["metadata"]["uid"], controller_of(obj)
        places = [(self._bound, obj["spec"].get("nodeName"))]
        if owner:
            places.append((self._owned, owner["uid"]))
        for index, place in places:
            if place:
                index.setdefault(place, {}).pop(uid, None)
                if new is not None:
                    index[place][uid] = new

    def owned(self, uid: str) -> list[Obj]:
        """The pods that object controls, in no particular order."""
        return list(self._owned.get(uid, {}).values())

    def on(self, node: str) -> list[Obj]:
        """The pods bound to a node, finished ones too."""
        return list(self._bound.get(node, {}).values())


class Desk:
    """One per cluster. `put_status`, `create` and `delete` are the controllers' only writes."""

    def __init__(self, store: Store, clock: Clock, work: Work) -> None:
        self.store = store
        self.clock = clock
        self.work = work
        self.pods = PodIndex()
        self.recorder = Recorder(store, clock)
        store.subscribe(self.pods.on_event)

    def stamp(self) -> str:
        """Now, as object times are written."""
        return stamp(self.clock.now())

    def queue(self, name: str, handle: Callable[[Any], None]) -> Callable[[Hashable], None]:
        """Register a controller; returns the function that adds a key for it. A lost race is tried again."""

        def guarded(key: Hashable) -> None:
            try:
                handle(key)
            except ApiFailure as failure:
                if failure.reason != "Conflict":
                    raise
                add(key)

        add = self.work.handler(name, guarded)
        return add

    def find(self, resource: Resource, key: Key) -> Obj | None:
        """The object or None."""
        return self.store.find(resource, *key)

    def put_status(self, resource: Resource, obj: Obj, status: Obj) -> Obj | None:
        """Write the whole status; None when the object is gone or somebody else is faster (an event follows then)."""
        if status == (obj.get("status") or {}):
            return obj
        try:
            return self.store.update(resource, {**obj, "status": status}, "status")
        except ApiFailure as failure:
            if failure.code in (404, 409):
                return None
            raise

    def delete(self, resource: Resource, obj: Obj, grace: int | None = None) -> None:
        """Delete this very object; it is no error when it is gone already."""
        namespace, name = key_of(obj)
        try:
            self.store.delete(resource, namespace, name, uid=obj["metadata"]["uid"], grace=grace)
        except ApiFailure as failure:
            if failure.code not in (404, 409):
                raise


def own(obj: Obj, resource: Resource) -> Obj:
    """An ownerReference that makes the object the controller."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Obj, kind: str) -> Obj | None:
    """The condition of that type in an object's status."""
    found: Iterable[Obj] = (obj.get("status") or {}).get("conditions") or ()
    return next((c for c in found if c["type"] == kind), None)


def with_condition(conditions: Iterable[Obj] | None, new: Obj, now: str) -> list[Obj]:
    """The conditions with this one set; its lastTransitionTime moves only when its status does."""
    out, done = [], False
    for old in conditions or ():
        if old["type"] != new["type"]:
            out.append(old)
            continue
        done = True
        moved = now if old["status"] != new["status"] else old.get("lastTransitionTime", now)
        out.append({**old, **new, "lastTransitionTime": moved})
    return out if done else [*out, {**new, "lastTransitionTime": now}]


def from_template(template: Obj, namespace: str, owner: Obj, name: str = "", prefix: str = "") -> Obj:
    """A pod from a pod template, owned; `prefix` asks for a generated name."""
    meta = template.get("metadata") or {}
    metadata: Obj = {
        "namespace": namespace,
        "labels": dict(meta.get("labels") or {}),
        "annotations": dict(meta.get("annotations") or {}),
        "ownerReferences": [owner],
    }
    metadata["name" if name else "generateName"] = name or prefix
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def finished(pod: Obj) -> bool:
    """Its phase is terminal."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def ready(pod: Obj) -> bool:
    """Its Ready condition is true."""
    found = condition(pod, "Ready")
    return bool(found and found["status"] == "True")


def leaving(obj: Obj) -> bool:
    """It was told to end."""
    return bool(obj["metadata"].get("deletionTimestamp"))
