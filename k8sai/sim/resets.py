"""Fields that a way of writing leaves as they are, whatever the client sent: nobody comes to own them by it either.

Source: PrepareForUpdate and GetResetFields of the registry strategies.
"""

from functools import lru_cache

from k8sai.schema.elements import field_step
from k8sai.schema.fieldset import FieldSet
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj

_OF_STATUS: dict[str, tuple[str, ...]] = {  # in metadata; the spec stays anyway
    "Deployment": ("labels",),
    "DeviceTaintRule": ("",),
    "Pod": ("deletionTimestamp", "ownerReferences"),
    "ResourceClaim": ("",),
    "ValidatingAdmissionPolicy": ("",),
}


@lru_cache(maxsize=1024)
def reset_fields(resource: Resource, subresource: str) -> FieldSet:
    """The fields that a write to the kind, or to its subresource, leaves as they are."""
    if subresource == "status":
        kept = _kept(resource)
        return FieldSet([("f:spec",), *(("f:metadata", field_step(n)) if n else ("f:metadata",) for n in kept)])
    return FieldSet([("f:status",)]) if resource.has_status else FieldSet()


def _kept(resource: Resource) -> tuple[str, ...]:
    return _OF_STATUS.get(resource.kind, ()) if resource.builtin else ("",)


def status_meta(resource: Resource, sent: Obj, old: Obj) -> Obj:
    """The metadata after a write to the status."""
    kept = _kept(resource)
    if "" in kept:
        return dict(old)
    return {key: value for key, value in sent.items() if key not in kept} | {k: old[k] for k in kept if k in old}
