"""Persistent volumes: the claim is missing, not bound, or bound where the pod cannot go."""

from collections.abc import Iterator
from typing import Final

from k8sai.cluster.reading import Json, said
from k8sai.scheduling.volumes import IN_USE, NONE_TO_BIND
from k8sai.why.case import Case, listed
from k8sai.why.survey import survey
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "volumes"
CLAIMS: Final = "persistentvolumeclaims"
_CLASSES: Final = "storageclasses.storage.k8s.io"


def check(case: Case) -> Layer:
    names = list(_names(case))
    if not case.unbound or not names:
        return no_matter(LAYER)
    for name, ephemeral in names:
        claim = case.reading.get(CLAIMS, case.namespace, name)
        if claim is None and case.reading.blind(CLAIMS):
            return unseen(LAYER, f"PersistentVolumeClaim {name} may not be read", case.scheduled.get("message", ""))
        if claim is None:
            return _missing(case, name, ephemeral)
        layer = _pending(case, claim)
        if layer is not None:
            return layer
    told = survey(case).volumes()
    return _elsewhere(case, told, [name for name, _ in names]) if told else fine(LAYER)


def _elsewhere(case: Case, told: str, claims: list[str]) -> Layer:
    """Every node that it could use otherwise cannot reach its volumes."""
    nodes = listed(sorted(one.name for one in survey(case).closest))
    which = f"{'volume' if len(claims) == 1 else 'volumes'} {listed(claims)}"
    describe = case.kubectl("describe", "pvc", *claims)
    if told == NONE_TO_BIND:
        message = f"no volume that {nodes} can reach is there for PersistentVolumeClaim {listed(claims)}"
        return reason(LAYER, "VolumeUnbound", message, case.scheduled.get("message", ""), next=describe)
    if told == IN_USE:
        message = f"its {which} may be used by one pod alone, and another uses it"
        return reason(LAYER, "VolumeElsewhere", message, case.scheduled.get("message", ""), next=describe)
    message = f"its {which} cannot be reached from the nodes that it could use: {nodes}"
    return reason(LAYER, "VolumeElsewhere", message, told, case.scheduled.get("message", ""), next=describe)


def _names(case: Case) -> Iterator[tuple[str, bool]]:
    """The claims it mounts, and whether each is made for it alone."""
    for volume in case.spec.get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            yield volume["persistentVolumeClaim"]["claimName"], False
        elif volume.get("ephemeral"):
            yield f"{case.name}-{volume['name']}", True


def _missing(case: Case, name: str, ephemeral: bool) -> Layer:
    show = case.kubectl("get", "pvc")
    if ephemeral:
        return reason(LAYER, "VolumePending", f"its volume {name} was not made yet", next=show)
    message = f"PersistentVolumeClaim {name} does not exist in namespace {case.namespace}"
    return reason(LAYER, "VolumeMissing", message, case.scheduled.get("message", ""), next=show)


def _pending(case: Case, claim: Json) -> Layer | None:
    """A claim that must be bound before the scheduler looks, and is not."""
    meta, status = claim["metadata"], claim.get("status") or {}
    name = meta["name"]
    describe = case.kubectl("describe", f"pvc/{name}")
    if meta.get("deletionTimestamp"):
        return reason(LAYER, "VolumeMissing", f"PersistentVolumeClaim {name} is being deleted", next=describe)
    if status.get("phase") == "Lost":
        return reason(LAYER, "VolumeMissing", f"the volume of PersistentVolumeClaim {name} is lost", next=describe)
    if status.get("phase") == "Bound" or (claim.get("spec") or {}).get("volumeName"):
        return None
    class_name = (claim.get("spec") or {}).get("storageClassName")
    told = said(case.reading.events(claim), "ProvisioningFailed", "FailedBinding", "ExternalProvisioning")
    if not class_name:
        message = f"PersistentVolumeClaim {name} is not bound: it names no storage class, and no volume is there for it"
        return reason(LAYER, "VolumeUnbound", message, told, next=describe)
    found = case.reading.get(_CLASSES, "", class_name)
    if found is None and not case.reading.blind(_CLASSES):
        message = f"PersistentVolumeClaim {name} is not bound: there is no storage class {class_name}"
        return reason(LAYER, "VolumeUnbound", message, told, next="kubectl get storageclass")
    if found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer":
        return None
    message = f"PersistentVolumeClaim {name} is not bound yet" + (
        f": {told}" if told else f" (storage class {class_name})"
    )
    return reason(LAYER, "VolumeUnbound", message, case.scheduled.get("message", ""), next=describe)
