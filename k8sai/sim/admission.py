"""What happens to an object between the request and the store: metadata, defaults, rules.

Kueue's and KServe's webhooks have their say here; other quotas and webhooks would join.
"""

from typing import Any

from k8sai.ages import stamp
from k8sai.sim import defaults, kserve_hooks, kueue_hooks, lifecycle, lws_hooks, status, validation
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Memory
from k8sai.sim.objects import Obj, deleting, name_of
from k8sai.sim.resets import status_meta

# Written by the server alone; an update keeps what is there, whatever the client sent.
_OURS = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)
_KEEP_STATUS = ("Node", "PersistentVolume", "Service")  # created by those who also know the status


def prepared(store: Memory, resource: Resource, obj: Obj, asked: Resource | None = None) -> Obj:
    """A new object ready to be stored. Raises ApiFailure."""
    asked = asked or resource
    _check_shape(resource, obj)
    meta = obj.setdefault("metadata", {})
    if str(meta.get("resourceVersion") or ""):
        message = "resourceVersion should not be set on objects to be created"
        raise status.ApiFailure(500, "", message)
    if asked.has_status and resource.kind not in _KEEP_STATUS:
        obj.pop("status", None)
    for key in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"):
        meta.pop(key, None)
    _home(store, resource, meta)
    _name(store, resource, meta)
    new = {"apiVersion": resource.api_version, "kind": resource.kind, **_without_type(obj)}
    new["metadata"] = {**meta, "uid": store.names.uid(), "creationTimestamp": stamp(store.now())}
    if resource.counts:
        new["metadata"]["generation"] = 1
    lifecycle.fill_pod(store.catalog, resource, new)
    defaults.fill(store, resource, new)
    kueue_hooks.fill(store, resource, new, new=True)
    kserve_hooks.fill(resource, new)
    lws_hooks.fill(resource, new)
    validation.check_new(store, asked, new)
    kueue_hooks.check(resource, new)
    kserve_hooks.check(resource, new)
    return new


def revised(
    store: Memory, resource: Resource, old: Obj, obj: Obj, subresource: str, asked: Resource | None = None
) -> Obj:
    """The object after an update; equal to `old` where nothing changes. Raises ApiFailure."""
    asked = asked or resource
    _check_shape(resource, obj)
    meta = obj.setdefault("metadata", {})
    _preconditions(resource, old, meta)
    if subresource == "status":
        new = {**old, "status": obj.get("status") or {}}
        new["metadata"] = status_meta(resource, meta, old["metadata"])
    else:
        new = {"apiVersion": resource.api_version, "kind": resource.kind, **_without_type(obj)}
        if asked.has_status and subresource != "binding":
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
    _keep_ours(new["metadata"], old["metadata"])
    if subresource != "status":
        defaults.refill(store, resource, new, old)
        kueue_hooks.fill(store, resource, new, new=False)
        kserve_hooks.fill(resource, new)
        if new.get("spec") == old.get("spec") and "spec" in old:
            new["spec"] = old["spec"]  # one object in memory for as long as it does not change
        validation.check_changed(asked, new, old, subresource)
        if not subresource:
            kueue_hooks.check(resource, new, old)
            kserve_hooks.check(resource, new, old)
        if resource.counts and subresource != "binding" and _spec_of(asked, new) != _spec_of(asked, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    elif asked.definition is not None:
        validation.check_changed(asked, new, old, subresource)
    else:
        validation.check_status(resource, new)
    return new


def adopted(store: Memory, resource: Resource, obj: Obj) -> Obj:
    """An object of a scenario or recording with only the metadata filled in that no object can be without."""
    meta = dict(obj.get("metadata", {}))
    meta.setdefault("uid", store.names.uid())
    meta.setdefault("creationTimestamp", stamp(store.now()))
    if resource.namespaced:
        meta.setdefault("namespace", "default")
    if resource.counts:
        meta.setdefault("generation", 1)
    return {"apiVersion": resource.api_version, "kind": resource.kind, **_without_type(obj), "metadata": meta}


def _check_shape(resource: Resource, obj: Any) -> None:
    """Refuse what a decoder of that kind would refuse."""
    meta = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(obj, dict) or not isinstance(meta, dict | None):
        name = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise status.bad_request(f"{name}: json: cannot unmarshal into Go struct field .metadata")
    if meta is None:
        obj["metadata"] = {}


def _name(store: Memory, resource: Resource, meta: Obj) -> None:
    prefix = str(meta.get("generateName") or "")
    if meta.get("name") or not prefix:
        return
    namespace = str(meta.get("namespace") or "")
    meta["name"] = store.names.generated(prefix, lambda name: store.find(resource, namespace, name) is not None)


def _home(store: Memory, resource: Resource, meta: Obj) -> None:
    """The namespace must exist and must not be going."""
    if not resource.namespaced:
        meta.pop("namespace", None)
        return
    namespace = meta.setdefault("namespace", "default")
    home = store.find(validation.NAMESPACES, "", namespace)
    if home is None:
        raise status.not_found(validation.NAMESPACES, namespace)
    if deleting(home):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        failure = status.refused(resource, str(meta.get("name", "")), why)
        text = f"namespace {namespace} is being terminated"
        failure.details["causes"] = [{"reason": "NamespaceTerminating", "message": text, "field": "metadata.namespace"}]
        raise failure


def _preconditions(resource: Resource, old: Obj, meta: Obj) -> None:
    uid = meta.get("uid")
    if uid and uid != old["metadata"]["uid"]:
        place = "/".join(part for part in (resource.plural, old["metadata"].get("namespace"), name_of(old)) if part)
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{place}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
        )
        raise status.conflict(resource, name_of(old), why)
    version = meta.get("resourceVersion")
    if version and version != old["metadata"]["resourceVersion"]:
        raise status.stale(resource, name_of(old))
    meta["resourceVersion"] = old["metadata"]["resourceVersion"]


def _keep_ours(meta: Obj, old: Obj) -> None:
    for key in _OURS:
        if key in old:
            meta[key] = old[key]
        else:
            meta.pop(key, None)
    meta["resourceVersion"] = old["resourceVersion"]
    for key in ("finalizers", "ownerReferences", "labels", "annotations"):
        if key in meta and not meta[key]:
            del meta[key]


def _without_type(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}


def _spec_of(asked: Resource, obj: Obj) -> Obj:
    """What counts as a new generation: of a custom kind without a status of its own, that too."""
    left = ("metadata", "status") if asked.definition is None or asked.has_status else ("metadata",)
    return {key: value for key, value in obj.items() if key not in left}
