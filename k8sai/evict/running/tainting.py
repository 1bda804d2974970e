"""One GPU is closed by a DeviceTaintRule of ours, as a node is by a cordon; and opened again.

The effect is NoSchedule: nothing new is allocated on it, nobody is taken away. NoExecute is never used: it deletes pods
without asking a budget. A rule is ours by its name, our mark on it, and the uid that we remember.
https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#device-taints-and-tolerations
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.patching import create
from k8sai.cluster.writing import Target
from k8sai.errors import NotFound
from k8sai.evict.facts import Json, Ref
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import Marked
from k8sai.evict.planning.device import RULES, holders
from k8sai.evict.running.seen import NodeSeen
from k8sai.evict.state import Device, NodeState

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer
    from k8sai.evict.running.hands import Hands

EFFECT: Final = "NoSchedule"
_CLOSES: Final = ("NoSchedule", "NoExecute")


def place(connection: "Connection", drain: str) -> Target:
    """The rule, in the version that the server prefers. Raises NotFound where it serves none."""
    plural, _, group = RULES.partition(".")
    resource: Resource | None = served(connection).find(group, plural)
    if resource is None:
        raise NotFound(f"{connection.server} serves no DeviceTaintRule", "one GPU cannot be closed here")
    return Target(resource, "", names.stem(drain))


def rule(target: Target, drain: str, device: Device) -> Json:
    """As it is made."""
    labels = {names.LABEL: "1", names.OF: drain}
    return {
        "apiVersion": f"{target.resource.group}/{target.resource.version}",
        "kind": target.resource.kind,
        "metadata": {"name": target.name, "labels": labels, "annotations": {names.MARK: drain}},
        "spec": {
            "deviceSelector": {"driver": device.driver, "pool": device.pool, "device": device.name},
            "taint": {"key": names.MARK, "value": drain, "effect": EFFECT},
        },
    }


def is_ours(live: Json, drain: str, uid: str = "") -> bool:
    """Our mark is on it, and it is the one that was made; uid "" where that is not known."""
    meta = live["metadata"]
    return (meta.get("annotations") or {}).get(names.MARK) == drain and uid in ("", meta.get("uid"))


def _closes(live: Json, device: Device) -> bool:
    spec = live.get("spec") or {}
    chosen = spec.get("deviceSelector") or {}
    whole = (chosen.get("driver"), chosen.get("pool"), chosen.get("device")) == (
        device.driver,
        device.pool,
        device.name,
    )
    return whole and (spec.get("taint") or {}).get("effect") in _CLOSES


# --- looking ----------------------------------------------------------------------------------------------------------


def seen(read: "Reading", state: NodeState, device: Device, drain: str, *, last: bool) -> NodeSeen:
    """The GPU as it is; with `last` also who still holds it. Raises Forbidden, ClusterError."""
    live = read.get(RULES, "", names.stem(drain))
    ours = live is not None and is_ours(live, drain, state.uid)
    closes = live is not None and _closes(live, device)
    left, going = _left(read, device) if last else ((), ())
    uid = str(live["metadata"].get("uid") or "") if live is not None and ours else ""
    return NodeSeen(cordoned=closes, ours=ours and closes, by_us=ours, left=left, going=going, uid=uid)


def _left(read: "Reading", device: Device) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who holds it and is not going, and who is."""
    found = holders(read, device)
    live = {
        str(pod["metadata"].get("uid", "")): pod
        for namespace in sorted({one.namespace for one in found})
        for pod in read.list("pods", namespace)
    }
    there = [(f"{one.namespace}/{one.name}", live.get(one.uid)) for one in found]
    left = tuple(name for name, pod in there if pod is not None and not _going(pod))
    return left, tuple(name for name, pod in there if pod is None or _going(pod))


def _going(pod: Json) -> bool:
    """Its claim is let go of soon."""
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return ended or "deletionTimestamp" in pod["metadata"]


# --- writing ----------------------------------------------------------------------------------------------------------


def close(hands: "Hands", drain: str, device: Device) -> None:
    """Made once: one of our name is looked at, not replaced. Raises ApiConflict, Forbidden, ClusterError."""
    target = place(hands.connection, drain)
    live = hands.writer.live(target)
    if live is not None and is_ours(live, drain) and _closes(live, device):
        return
    hands.locks.insist()
    create(hands.writer, target, rule(target, drain, device))


def open_again(hands: "Hands", drain: str, uid: str) -> None:
    """Ours is deleted, nobody else's. Raises ApiConflict where another one took its name, Forbidden, ClusterError."""
    target = place(hands.connection, drain)
    live = hands.writer.live(target)
    if live is not None and is_ours(live, drain, uid):
        hands.locks.insist()
        hands.writer.delete(target, uid=str(live["metadata"]["uid"]))


def take_back(connection: "Connection", writer: "Writer", one: Marked) -> None:
    """The same, of one that was found by its mark."""
    writer.delete(place(connection, one.drain), uid=one.ref.uid)


def marked(read: "Reading") -> Iterator[Marked]:
    """Rules with a drain's mark."""
    for one in read.list(RULES):
        drain = (one["metadata"].get("annotations") or {}).get(names.MARK)
        if drain and one["metadata"]["name"] == names.stem(drain):
            yield Marked(Ref(RULES, "", one["metadata"]["name"], str(one["metadata"].get("uid") or "")), one, drain)
