"""Who owns which fields of the embedded cluster's objects: managedFields, kept with every write.

Objects that its own controllers make, or that a scenario brings, carry none and nobody pays for them; their first apply
finds everything owned by `before-first-apply`, as on a server that once did not track.

Source: apimachinery `pkg/util/managedfields/internal`.
"""

from typing import Any

from k8sai.ages import stamp
from k8sai.schema import ssa
from k8sai.schema.comparing import ABSENT
from k8sai.schema.elements import BadItem, field_step
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.lists import Shape, shape_of
from k8sai.schema.managed import Owner, Owners, entries_of, is_reset, owners_of, without_times
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.resets import reset_fields

SETTLED = Owner("", "Apply", "")  # the author of a write whose object says already who owns what
# What the server gives a new object after its defaults: nobody asked for it, so nobody owns it.
_GIVEN = {
    "Job": ("metadata.labels", "spec.selector", "spec.template.metadata"),
    "Namespace": ("spec.finalizers",),
    "PersistentVolumeClaim": ("spec.storageClassName",),
    "Pod": tuple(
        f"spec.{name}"
        for name in ("preemptionPolicy", "priority", "serviceAccount", "serviceAccountName", "tolerations")
    ),
    "Service": ("spec.clusterIP", "spec.clusterIPs", "spec.ipFamilies", "spec.ipFamilyPolicy"),
}
_GIVEN_LABELS = tuple(
    name for head in ("", "batch.kubernetes.io/") for name in (f"{head}controller-uid", f"{head}job-name")
)
# Structs that an object of a built-in kind has even while it is empty.
_STRUCTS = frozenset(
    (
        *("devices", "jobTemplate", "metadata", "podSelector", "scaleTargetRef", "spec", "status", "strategy"),
        *("template", "updateStrategy"),
    )
)


def shape_for(resource: Resource) -> Shape:
    """How objects of the kind are merged."""
    return resource.shape or shape_of(resource.api_version, resource.kind)


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(field_step(name) for name in dotted.split("."))


def blank(resource: Resource, obj: Obj) -> Obj:
    """What there is of an object of the kind before anybody sets a field: empty structs, and no containers yet."""
    return _hollow(obj, resource.kind) if resource.builtin else {}


def _hollow(obj: Obj, kind: str) -> Obj:
    found: Obj = {}
    for name, value in obj.items():
        if name == "containers":
            found[name] = None
        elif isinstance(value, dict) and (name in _STRUCTS or (name == "resources" and kind != "Pod")):
            found[name] = _hollow(value, kind)
    return found


def live_owners(obj: Obj) -> Owners:
    """The owners of an object's fields; none where nobody could read them."""
    try:
        return owners_of(obj["metadata"].get("managedFields"))
    except (ValueError, AttributeError):
        return {}


def without_owners(obj: Obj) -> Obj:
    """The object without managedFields; itself where it has none."""
    meta = obj.get("metadata") or {}
    if "managedFields" not in meta:
        return obj
    return {**obj, "metadata": {key: value for key, value in meta.items() if key != "managedFields"}}


def of_new(resource: Resource, new: Obj, sent: Obj, author: Owner) -> None:
    """Write the owners of an object that was just made out of what was sent, in place."""
    if author is SETTLED:
        return
    owners = live_owners(new)
    new["metadata"].pop("managedFields", None)
    given = FieldSet(_given(resource.kind, sent))
    ignored = reset_fields(resource, "") | given
    try:
        after = ssa.updated(blank(resource, new), new, owners, author, shape_for(resource), ignored=ignored)
    except BadItem:
        after = {}
    if after:
        new["metadata"]["managedFields"] = entries_of(after)


def _given(kind: str, sent: Obj) -> list[tuple[str, ...]]:
    """The paths of what the server gave and nobody sent."""
    paths = [_path(dotted) for dotted in _GIVEN.get(kind, ())]
    if kind == "Job":
        for labels in ("metadata.labels", "spec.template.metadata.labels"):
            paths += [(*_path(labels), field_step(name)) for name in _GIVEN_LABELS]
    return [path for path in paths if _sent(sent, path) is ABSENT]


def _sent(obj: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(obj, dict) or step[2:] not in obj:
            return ABSENT
        obj = obj[step[2:]]
    return obj


def of_changed(resource: Resource, new: Obj, old: Obj, subresource: str, author: Owner | None, now: float) -> None:
    """Write the owners after an update into the new object, in place; without an author a controller made it.

    `now` is epoch seconds. An object of the cluster's own, which has no owners, costs two look-ups.
    """
    meta = new["metadata"]
    wanted, before = meta.pop("managedFields", None), old["metadata"].get("managedFields")
    if author is None and before is None:
        return
    if author is SETTLED:
        after = wanted
    elif author is not None and not subresource and is_reset(wanted):
        after = None
    else:
        author = author or _controller(resource, subresource, now)
        after = _tracked(resource, new, old, subresource, author, wanted)
    if after:
        meta["managedFields"] = after
    if before and after and before != after and without_times(before) == without_times(after):
        meta["managedFields"] = before
        if new != old:  # a new time alone is no change
            meta["managedFields"] = after


def _tracked(resource: Resource, new: Obj, old: Obj, subresource: str, author: Owner, wanted: Any) -> Any:
    before = old["metadata"].get("managedFields")
    known = live_owners(old)
    owners = known
    if not subresource and wanted and wanted != before:
        owners = live_owners({"metadata": {"managedFields": wanted}}) or known
    if not owners or subresource == "binding":
        return before
    ignored = reset_fields(resource, subresource)
    try:
        after = ssa.updated(without_owners(old), new, owners, author, shape_for(resource), ignored=ignored)
    except BadItem:
        return before
    return before if after == known else entries_of(after)


def _controller(resource: Resource, subresource: str, now: float) -> Owner:
    """Who of the control plane writes to a kind."""
    of_kubelet = resource.kind in ("Node", "Pod") and subresource == "status"
    name = "kubelet" if of_kubelet else "kube-controller-manager"
    return Owner(name, "Update", resource.api_version, subresource, stamp(now))
