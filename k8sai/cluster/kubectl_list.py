"""What `kubectl get … -o json` or `-o yaml` prints: one object, or a List of any kinds mixed.

Those the fleet is built from become facts; all of them are kept whole too, Secrets excepted.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Printed:
    """`facts` are of kinds we know, in every API version we know, without finished pods: they hold nothing.
    `whole` is everything by kind in full, as JSON texts that say apiVersion and kind.
    """

    facts: Mapping[Kind, list[Object]]
    whole: Mapping[str, list[msgspec.Raw]]


def read(document: bytes) -> Printed:
    """What was printed. Raises Usage that names the object and the place of what is wrong."""
    head = msgspec.json.decode(document, type=_Typed)
    found: dict[Kind, list[Object]] = defaultdict(list)
    whole: dict[str, list[msgspec.Raw]] = defaultdict(list)
    item_kind = head.kind.removesuffix("List")  # items of a PodList do not say what they are
    for raw in [msgspec.Raw(document)] if head.items is None else head.items:
        each = _head(raw)
        name, version = each.kind or item_kind, each.api_version or head.api_version
        group, _, plain_version = version.rpartition("/")
        if (name, group) == ("Secret", ""):
            continue
        whole[_in_full(name, group)].append(raw if each.kind and each.api_version else _said(raw, version, name))
        kind = _KINDS.get(name)
        if kind is None or GROUP[kind] != group:
            continue
        obj = _fact(raw, kind, plain_version, each)
        if not (isinstance(obj, facts.Pod) and obj.status.phase in _FINISHED):
            found[kind].append(obj)
    return Printed({kind: found[kind] for kind in KINDS if kind in found}, whole)


def _in_full(kind: str, group: str) -> str:
    """`Job` of group `batch` is `jobs.batch`. The plural is English, as it is for nearly every kind there is."""
    name = kind.lower()
    if name.endswith(("s", "x", "ch", "sh")):
        plural = name if name == "endpoints" else f"{name}es"
    elif name.endswith("y") and name[-2:-1] not in "aeiou":
        plural = f"{name[:-1]}ies"
    else:
        plural = f"{name}s"
    return f"{plural}.{group}" if group else plural


def _said(raw: msgspec.Raw, version: str, kind: str) -> msgspec.Raw:
    """An item with the apiVersion and kind that its list says for it."""
    return msgspec.Raw(msgspec.json.encode({"apiVersion": version, "kind": kind, **msgspec.json.decode(raw)}))


def _head(raw: msgspec.Raw) -> _Typed:
    try:
        return msgspec.json.decode(raw, type=_Typed)
    except msgspec.DecodeError as error:
        raise Usage(f"an item is no Kubernetes object: {error}") from error


def _fact(raw: msgspec.Raw, kind: Kind, version: str, head: _Typed) -> Object:
    of = shape(kind, version)
    try:
        decoded = msgspec.json.decode(raw, type=of.type)
    except msgspec.DecodeError as error:
        meta = head.metadata
        name = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
        raise Usage(f"{head.kind.lower() or kind} {name}: {error}") from error
    read: Object = of.lift(decoded) if of.lift else decoded
    return read
