"""What a delete does to an object: it goes, or it is marked and waits for finalizers, dependents or its kubelet.

Source: apiserver `pkg/registry/rest/delete.go` and `pkg/registry/generic/registry/store.go`.
"""

from k8sai.ages import stamp
from k8sai.sim import status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, name_of

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_PROTECTED = ("default", "kube-node-lease", "kube-public", "kube-system")
_ENDED = ("Succeeded", "Failed")


def check(resource: Resource, obj: Obj, uid: str, resource_version: str) -> None:
    """Hold the preconditions against the object. ApiFailure 409, or 403 for a namespace every cluster needs."""
    meta = obj["metadata"]
    name = name_of(obj)
    for what, asked, here in (
        ("UID", uid, meta["uid"]),
        ("ResourceVersion", resource_version, meta["resourceVersion"]),
    ):
        if asked and asked != here:
            why = f"the {what} in the precondition ({asked}) does not match the {what} in record ({here}). "
            message = f'Operation cannot be fulfilled on {resource.kind} "{name}": {why}'
            message += "The object might have been " + ("deleted and then recreated" if what == "UID" else "modified")
            raise status.ApiFailure(409, "Conflict", message, {"name": name, "kind": resource.kind})
    if resource.kind == "Namespace" and name in _PROTECTED:
        raise status.refused(resource, name, "this namespace may not be deleted")


def marked(resource: Resource, old: Obj, now: float, grace: int | None, propagation: str) -> Obj | None:
    """The object as it waits to go, or None where nothing holds it. The same object where it is waiting already."""
    meta = old["metadata"]
    finalizers = _finalizers(meta.get("finalizers") or [], propagation)
    if resource.kind == "CustomResourceDefinition" and CLEANUP not in finalizers:
        finalizers.append(CLEANUP)  # its objects go first
    seconds = _grace(old, grace) if resource.kind == "Pod" else 0
    waiting = meta.get("deletionGracePeriodSeconds") if "deletionTimestamp" in meta else None
    if waiting is not None and seconds >= waiting and (waiting or finalizers):
        seconds = waiting
    if not seconds and not finalizers and not _held(old):
        return None
    new_meta = (
        {**meta, "finalizers": finalizers} if finalizers else {k: v for k, v in meta.items() if k != "finalizers"}
    )
    new = {**old, "metadata": new_meta}
    if waiting is None or seconds < waiting:
        new_meta["deletionTimestamp"] = stamp(now + seconds)
        new_meta["deletionGracePeriodSeconds"] = seconds
        if waiting is None and "generation" in meta:
            new_meta["generation"] = meta["generation"] + 1
    if resource.kind == "Namespace":
        new["status"] = {**old.get("status", {}), "phase": "Terminating"}
    return new


def farewell(resource: Resource, old: Obj, now: str) -> Obj:
    """The object as its last event shows it: a pod that nobody waits for is marked all the same."""
    meta = dict(old["metadata"])
    if resource.kind == "Pod":
        if "deletionTimestamp" not in meta:
            meta["generation"] = meta.get("generation", 0) + 1
        meta.update(deletionTimestamp=now, deletionGracePeriodSeconds=0)
    return {**old, "metadata": meta}


def released(new: Obj, old: Obj) -> bool:
    """Whether an update took away the last thing a deletion waited for."""
    meta = new["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers") or _held(new):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


def _held(obj: Obj) -> bool:
    return obj.get("kind") == "Namespace" and bool(obj.get("spec", {}).get("finalizers"))


def _finalizers(present: list[str], propagation: str) -> list[str]:
    kept = [one for one in present if one not in (ORPHAN, FOREGROUND)]
    if propagation == "Orphan":
        return [*kept, ORPHAN]
    if propagation == "Foreground":
        return [*kept, FOREGROUND]
    return kept


def _grace(pod: Obj, asked: int | None) -> int:
    """Seconds a pod gets: none where no kubelet would use them."""
    spec = pod.get("spec", {})
    seconds = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
    if not spec.get("nodeName") or pod.get("status", {}).get("phase") in _ENDED:
        return 0
    return 1 if seconds < 0 else int(seconds)
