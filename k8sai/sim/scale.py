"""The scale subresource: replicas of a workload without the rest of it."""

from dataclasses import replace

from k8sai.schema import ssa
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.managed import Owner, Owners, entries_of
from k8sai.sim import applying, status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.ownership import SETTLED, live_owners, shape_for
from k8sai.sim.resets import reset_fields
from k8sai.sim.routes import Target
from k8sai.sim.selectors import selector_text
from k8sai.sim.store import Store

_SCALE = Resource("autoscaling", "v1", "scales", "Scale", subresources=("status",))
_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
_REPLICAS = ("f:spec", "f:replicas")


def get(store: Store, target: Target) -> Obj:
    """The Scale of a workload. ApiFailure 404."""
    return _scale(store.get(target.resource, target.namespace, target.name))


def put(store: Store, target: Target, scale: Obj, dry_run: bool, author: Owner) -> Obj:
    """Set the replicas. ApiFailure 404, 409, 422."""
    old = store.get(target.resource, target.namespace, target.name)
    owners = live_owners(old)
    after = _of_scale(owners)
    if owners:
        author = replace(author, api_version=_SCALE.api_version)
        new = {
            **scale,
            "spec": {k: v for k, v in (scale.get("spec") or {}).items() if v},
        }  # zero is left out of a Scale
        after = ssa.updated(_scale(old), new, after, author, shape_for(_SCALE), ignored=reset_fields(_SCALE, ""))
    return _write(store, target, old, scale, _of_workload(owners, after, target.resource), dry_run)


def apply(store: Store, target: Target, config: Obj, author: Owner, dry_run: bool, *, force: bool) -> Obj:
    """Apply the replicas as a field of the workload. ApiFailure 400, 404, 409, 422, 500."""
    old = store.get(target.resource, target.namespace, target.name)
    applying.check(_SCALE, config)
    owners = live_owners(old)
    author = replace(author, api_version=_SCALE.api_version)
    new, after = applying.merge(_SCALE, "", _scale(old), config, _of_scale(owners), author, force=force)
    return _write(store, target, old, new, _of_workload(owners, after, target.resource), dry_run)


def _write(store: Store, target: Target, old: Obj, scale: Obj, owners: Owners, dry_run: bool) -> Obj:
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        cause = status.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise status.invalid(_SCALE, target.name, [cause])
    meta = {**old["metadata"], "managedFields": entries_of(owners)}
    sent = scale.get("metadata") or {}
    meta["resourceVersion"] = sent.get("resourceVersion") or meta["resourceVersion"]
    new = {**old, "metadata": meta, "spec": {**old.get("spec", {}), "replicas": replicas}}
    return _scale(store.update(target.resource, new, dry_run=dry_run, author=SETTLED))


def _of_scale(owners: Owners) -> Owners:
    """Who owns the replicas, as owners of a Scale."""
    fields = FieldSet([_REPLICAS])
    return {
        key: replace(owner, api_version=_SCALE.api_version, fields=fields)
        for key, owner in owners.items()
        if _REPLICAS in owner.fields
    }


def _of_workload(owners: Owners, after: Owners, resource: Resource) -> Owners:
    """The owners of a workload, after its replicas have the owners that the Scale has now."""
    lost = FieldSet([_REPLICAS])
    found: Owners = {}
    for key, owner in owners.items():
        kept = owner if _REPLICAS not in owner.fields or key in after else replace(owner, fields=owner.fields - lost)
        if kept.fields:
            found[key] = kept
    for key, owner in after.items():
        if key not in owners and _REPLICAS in owner.fields:
            found[key] = replace(owner, api_version=resource.api_version, fields=lost, time=None)
    return found


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
