"""What `kubectl get … -o json` or `-o yaml` prints: one object, or a List of any kinds mixed; only ours are read."""

from collections import defaultdict

import msgspec

from k8sai import facts
from k8sai.cluster.shapes import GROUP, shape
from k8sai.cluster.sources import KINDS, Kind
from k8sai.errors import Usage
from k8sai.facts import Object

_KINDS: dict[str, Kind] = {
    "Node": "nodes",
    "Pod": "pods",
    "ResourceSlice": "resourceslices",
    "ResourceClaim": "resourceclaims",
    "DeviceClass": "deviceclasses",
    "DeviceTaintRule": "devicetaintrules",
}
_FINISHED = ("Succeeded", "Failed")


class _Typed(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None
    metadata: facts.ObjectMeta = facts.ObjectMeta()


def is_list(document: bytes) -> bool:
    """Whether the JSON looks like something kubectl printed."""
    try:
        head = msgspec.json.decode(document, type=_Typed)
    except msgspec.DecodeError:
        return False
    return head.kind in _KINDS or (head.kind.endswith("List") and head.items is not None)


def objects(document: bytes) -> dict[Kind, list[Object]]:
    """The objects of kinds we know, in every API version we know. Finished pods are left out: they hold nothing.

    Raises Usage that names the object and the place of what is wrong.
    """
    head = msgspec.json.decode(document, type=_Typed)
    found: dict[Kind, list[Object]] = defaultdict(list)
    item_kind = head.kind.removesuffix("List")  # items of a PodList do not say what they are
    for raw in [msgspec.Raw(document)] if head.items is None else head.items:
        each = _head(raw)
        kind = _KINDS.get(each.kind or item_kind)
        group, _, version = (each.api_version or head.api_version).rpartition("/")
        if kind is None or GROUP[kind] != group:
            continue
        obj = _read(raw, kind, version, each)
        if not (isinstance(obj, facts.Pod) and obj.status.phase in _FINISHED):
            found[kind].append(obj)
    return {kind: found[kind] for kind in KINDS if kind in found}


def _head(raw: msgspec.Raw) -> _Typed:
    try:
        return msgspec.json.decode(raw, type=_Typed)
    except msgspec.DecodeError as error:
        raise Usage(f"an item is no Kubernetes object: {error}") from error


def _read(raw: msgspec.Raw, kind: Kind, version: str, head: _Typed) -> Object:
    of = shape(kind, version)
    try:
        decoded = msgspec.json.decode(raw, type=of.type)
    except msgspec.DecodeError as error:
        meta = head.metadata
        name = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
        raise Usage(f"{head.kind.lower() or kind} {name}: {error}") from error
    read: Object = of.lift(decoded) if of.lift else decoded
    return read
