"""Volume claims, volumes and storage classes as objects, and which volumes a claim could have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from k8sai.cluster.objects import Objects
from k8sai.errors import ClusterError, Forbidden, NotFound
from k8sai.quantity import whole
from k8sai.scheduling.nodes import NodeInfo
from k8sai.scheduling.selectors import node_matches

Json = dict[str, Any]
Named = tuple[str, str]  # namespace, name
Bindings = tuple[tuple[str, str], ...]  # claim, volume

CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
CLASSES: Final = "storageclasses.storage.k8s.io"

_BOUND = "pv.kubernetes.io/bind-completed"
_CLASS = "volume.beta.kubernetes.io/storage-class"


@dataclass(frozen=True, slots=True)
class Storage:
    """Claims, volumes and classes as objects. `unread` names the kinds that could not be read: unknown, not absent."""

    claims: Mapping[Named, Json] = field(default_factory=dict)
    volumes: Mapping[str, Json] = field(default_factory=dict)
    classes: Mapping[str, Json] = field(default_factory=dict)
    unread: frozenset[str] = frozenset((CLAIMS, VOLUMES, CLASSES))

    def plus(self, claims: Mapping[Named, Json]) -> "Storage":
        """With claims that do not exist yet."""
        return replace(self, claims={**self.claims, **claims})

    def bound(self, namespace: str, bindings: Bindings) -> "Storage":
        """With claims bound to volumes, as placing a pod binds them."""
        keys = ((namespace, claim) for claim, _ in bindings)
        return self.plus({k: bound_to(self.claims[k], v) for k, (_, v) in zip(keys, bindings, strict=True)})

    def class_of(self, claim: Json) -> Json | None:
        return self.classes.get(class_name(claim))


def storage_of(objects: Objects, namespaces: Iterable[str] | None = None) -> Storage:
    """What a cluster says, the claims of these namespaces or of all. Missing rights and errors leave a kind unread."""
    unread = set()
    kept: dict[str, list[Json]] = {}
    for kind, spaces in (
        (CLAIMS, tuple(namespaces) if namespaces is not None else ("",)),
        (VOLUMES, ("",)),
        (CLASSES, ("",)),
    ):
        try:
            kept[kind] = [item for space in spaces for item in objects.list(kind, space)]
        except (Forbidden, NotFound, ClusterError):
            unread.add(kind)
    return Storage(
        {(c["metadata"]["namespace"], c["metadata"]["name"]): c for c in kept.get(CLAIMS, ())},
        {v["metadata"]["name"]: v for v in kept.get(VOLUMES, ())},
        {c["metadata"]["name"]: c for c in kept.get(CLASSES, ())},
        frozenset(unread),
    )


def class_name(claim: Json) -> str:
    """The StorageClass a claim or a volume is of, or ""."""
    spec, notes = claim.get("spec") or {}, claim["metadata"].get("annotations") or {}
    name: str = notes.get(_CLASS) or spec.get("storageClassName") or ""
    return name


def is_bound(claim: Json) -> bool:
    """It has its volume, and the volume controller is done with it."""
    notes = claim["metadata"].get("annotations") or {}
    return bool(claim["spec"].get("volumeName")) and _BOUND in notes


def bound_to(claim: Json, volume: str) -> Json:
    """The claim as the volume controller leaves it."""
    meta = claim["metadata"]
    notes = {**(meta.get("annotations") or {}), _BOUND: "yes"}
    spec = {**claim["spec"], "volumeName": volume}
    return {**claim, "metadata": {**meta, "annotations": notes}, "spec": spec}


def size_asked(claim: Json) -> int:
    """In bytes. Raises BadQuantity."""
    return whole(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def reaches(volume: Json, node: NodeInfo) -> bool:
    """A pod on the node can use the volume."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return node_matches(required, node.name, node.labels)


def could_serve(volume: Json, claim: Json, size: int) -> bool:
    """All but its place: not another claim's, large enough, of the class, mode and access that are asked."""
    spec, reference = volume["spec"], volume["spec"].get("claimRef")
    asked, meta = claim["spec"], claim["metadata"]
    if reference:
        mine = (reference.get("namespace"), reference.get("name")) == (meta.get("namespace"), meta["name"])
        if not mine or reference.get("uid", meta.get("uid")) != meta.get("uid"):
            return False
    return (
        whole(spec["capacity"]["storage"]) >= size
        and spec.get("volumeMode", "Filesystem") == asked.get("volumeMode", "Filesystem")
        and (spec.get("volumeAttributesClassName") or "") == (asked.get("volumeAttributesClassName") or "")
        and not volume["metadata"].get("deletionTimestamp")
        and (bool(reference) or class_name(volume) == class_name(claim))
        and (bool(reference) or set(asked.get("accessModes") or ()) <= set(spec.get("accessModes") or ()))
    )
