"""The scale subresource: replicas of a workload without the rest of it."""

from dataclasses import replace
from typing import NamedTuple

from k8sai.schema import scale_paths, ssa
from k8sai.schema.elements import field_step
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


class _Paths(NamedTuple):
    """Where a kind has its replicas and its selector: as every workload, or as its definition says."""

    wanted: tuple[str, ...] = ("spec", "replicas")
    there: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()

    @property
    def owned(self) -> tuple[str, ...]:
        """The replicas as a path of managedFields."""
        return tuple(map(field_step, self.wanted))


def _paths(resource: Resource) -> _Paths:
    found = resource.definition.scale if resource.definition is not None else None
    if found is None:
        return _Paths()
    keys = ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
    return _Paths(*(tuple(str(found.get(key) or "").removeprefix(".").split(".")) for key in keys))


def get(store: Store, target: Target) -> Obj:
    """The Scale of a workload. ApiFailure 404."""
    return _scale(target.resource, store.get(target.resource.home, target.namespace, target.name))


def put(store: Store, target: Target, scale: Obj, dry_run: bool, author: Owner) -> Obj:
    """Set the replicas. ApiFailure 404, 409, 422."""
    old = store.get(target.resource.home, target.namespace, target.name)
    owners = live_owners(old)
    after = _of_scale(owners, _paths(target.resource).owned)
    if owners:
        author = replace(author, api_version=_SCALE.api_version)
        new = {
            **scale,
            "spec": {k: v for k, v in (scale.get("spec") or {}).items() if v},
        }  # zero is left out of a Scale
        after = ssa.updated(
            _scale(target.resource, old), new, after, author, shape_for(_SCALE), ignored=reset_fields(_SCALE, "")
        )
    return _write(store, target, old, scale, _of_workload(owners, after, target.resource), dry_run)


def apply(store: Store, target: Target, config: Obj, author: Owner, dry_run: bool, *, force: bool) -> Obj:
    """Apply the replicas as a field of the workload. ApiFailure 400, 404, 409, 422, 500."""
    old = store.get(target.resource.home, target.namespace, target.name)
    applying.check(_SCALE, config)
    owners = live_owners(old)
    author = replace(author, api_version=_SCALE.api_version)
    new, after = applying.merge(
        _SCALE,
        "",
        _scale(target.resource, old),
        config,
        _of_scale(owners, _paths(target.resource).owned),
        author,
        force=force,
    )
    return _write(store, target, old, new, _of_workload(owners, after, target.resource), dry_run)


def _write(store: Store, target: Target, old: Obj, scale: Obj, owners: Owners, dry_run: bool) -> Obj:
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        cause = status.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise status.invalid(_SCALE, target.name, [cause])
    meta = {**old["metadata"], "managedFields": entries_of(owners)}
    sent = scale.get("metadata") or {}
    meta["resourceVersion"] = sent.get("resourceVersion") or meta["resourceVersion"]
    new = _with({**old, "metadata": meta}, _paths(target.resource).wanted, replicas)
    done = store.update(target.resource.home, new, dry_run=dry_run, author=SETTLED, asked=target.resource)
    return _scale(target.resource, done)


def _with(obj: Obj, path: tuple[str, ...], value: int) -> Obj:
    below = obj.get(path[0])
    inner = value if len(path) == 1 else _with(below if isinstance(below, dict) else {}, path[1:], value)
    return {**obj, path[0]: inner}


def _of_scale(owners: Owners, replicas: tuple[str, ...]) -> Owners:
    """Who owns the replicas, as owners of a Scale."""
    fields = FieldSet([_REPLICAS])
    return {
        key: replace(owner.owning(fields), api_version=_SCALE.api_version)
        for key, owner in owners.items()
        if replicas in owner.fields
    }


def _of_workload(owners: Owners, after: Owners, resource: Resource) -> Owners:
    """The owners of a workload, after its replicas have the owners that the Scale has now."""
    replicas = _paths(resource).owned
    lost = FieldSet([replicas])
    found: Owners = {}
    for key, owner in owners.items():
        kept = owner if replicas not in owner.fields or key in after else owner.losing(lost)
        if kept.fields:
            found[key] = kept
    for key, owner in after.items():
        if key not in owners and _REPLICAS in owner.fields:
            found[key] = replace(owner.owning(lost), api_version=resource.api_version, time=None)
    return found


def _scale(resource: Resource, obj: Obj) -> Obj:
    paths = _paths(resource)
    try:
        wanted, there = (scale_paths.at(obj, ".".join(path)) or 0 for path in (paths.wanted, paths.there))
        if resource.definition is not None and scale_paths.at(obj, ".".join(paths.wanted)) is None:
            text = f'the spec replicas field ".{".".join(paths.wanted)}" does not exist'
            raise status.ApiFailure(
                500, "InternalError", f"Internal error occurred: {text}", {"causes": [{"message": text}]}
            )
    except scale_paths.Mistyped as wrong:
        raise status.ApiFailure(500, "", str(wrong)) from None
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in _META if key in obj["metadata"]},
        "spec": {"replicas": wanted} if wanted else {},
        "status": {"replicas": there, **_selector(paths, resource, obj)},
    }


def _selector(paths: _Paths, resource: Resource, obj: Obj) -> Obj:
    """The selector as a text; a custom kind has it as one already, or not at all."""
    if resource.definition is not None:
        found = scale_paths.at(obj, ".".join(paths.selector)) if paths.selector != ("",) else None
        return {"selector": found} if found else {}
    selector = obj.get("spec", {}).get("selector")
    if obj["kind"] == "ReplicationController":
        selector = {"matchLabels": selector or {}}
    return {"selector": selector_text(selector) if selector else ""}
