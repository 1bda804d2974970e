"""The scale subresource: replicas of a workload without the rest of it."""

from k8sai.sim import status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.routes import Target
from k8sai.sim.selectors import selector_text
from k8sai.sim.store import Store

_SCALE = Resource("autoscaling", "v1", "scales", "Scale")
_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def get(store: Store, target: Target) -> Obj:
    """The Scale of a workload. ApiFailure 404."""
    return _scale(store.get(target.resource, target.namespace, target.name))


def put(store: Store, target: Target, scale: Obj, dry_run: bool) -> Obj:
    """Set the replicas. ApiFailure 404, 409, 422."""
    old = store.get(target.resource, target.namespace, target.name)
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        cause = status.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise status.invalid(_SCALE, target.name, [cause])
    meta = dict(old["metadata"])
    sent = scale.get("metadata") or {}
    meta["resourceVersion"] = sent.get("resourceVersion") or meta["resourceVersion"]
    new = {**old, "metadata": meta, "spec": {**old.get("spec", {}), "replicas": replicas}}
    return _scale(store.update(target.resource, new, dry_run=dry_run))


def _scale(obj: Obj) -> Obj:
    spec = obj.get("spec", {})
    selector = spec.get("selector")
    if obj["kind"] == "ReplicationController":
        selector = {"matchLabels": selector or {}}
    text = selector_text(selector) if selector else ""
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in _META if key in obj["metadata"]},
        "spec": {"replicas": spec.get("replicas", 0)} if spec.get("replicas") else {},
        "status": {"replicas": obj.get("status", {}).get("replicas", 0), "selector": text},
    }
