"""Events on nodes and owners, so that `kubectl describe` tells the story; the journal is the record.

Events of the API group events.k8s.io are forgotten after an hour, and who may not write them drains all the same.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from k8sai.cluster.discovery import Resource
from k8sai.cluster.patching import create
from k8sai.cluster.writing import Target
from k8sai.errors import K8saiError
from k8sai.evict.facts import Json
from k8sai.evict.running.actions import Note
from k8sai.evict.state import GangState, NodeState, PodState

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

EVENTS: Final = Resource("events.k8s.io", "v1", "events", "Event", True, ())
CONTROLLER: Final = "k8sai.dev/evict"
_BAD: Final = ("TimedOut", "Failed", "Blocked", "Lost", "NotStopped", "NotStarted", "NotRunning", "NotDrained")
_LONGEST: Final = 1000  # bytes of a note; the server takes 1 kB


def publish(hands: "Hands", of: NodeState | GangState | PodState, note: Note) -> None:
    """Best effort: nothing waits for it, nothing fails by it. Nobody describes one GPU: of that the journal tells."""
    if isinstance(of, NodeState) and of.device is not None:
        return
    body = event(hands, of, note)
    target = Target(EVENTS, body["metadata"]["namespace"], body["metadata"]["name"])
    with suppress(K8saiError):
        create(hands.writer, target, body)


def event(hands: "Hands", of: NodeState | GangState | PodState, note: Note) -> Json:
    """As it is sent."""
    regarding = _regarding(hands, of)
    namespace = regarding.get("namespace") or "default"
    at = datetime.fromtimestamp(hands.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"k8sai-evict.{uuid4().hex[:16]}", "namespace": namespace},
        "eventTime": at,
        "reportingController": CONTROLLER,
        "reportingInstance": hands.by[:128] or "k8sai",
        "action": _action(of),
        "reason": note.word,
        "regarding": regarding,
        "note": note.text.encode()[:_LONGEST].decode(errors="ignore") or note.word,
        "type": "Warning" if any(word in note.word for word in _BAD) else "Normal",
    }


def _action(of: NodeState | GangState | PodState) -> str:
    return "Drain" if isinstance(of, NodeState) else "Stop" if isinstance(of, GangState) else "Evict"


def _regarding(hands: "Hands", of: NodeState | GangState | PodState) -> Json:
    if isinstance(of, NodeState):
        return {"apiVersion": "v1", "kind": "Node", "name": of.name, "uid": of.uid}
    if isinstance(of, PodState):
        pod = of.pod
        return {"apiVersion": "v1", "kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
    from k8sai.evict.running.carry import place

    ref = of.ref
    found = place(hands, ref)
    group = found.resource if found else None
    version = f"{group.group}/{group.version}".lstrip("/") if group else "v1"
    kind = group.kind if group else of.kind
    return {"apiVersion": version, "kind": kind, "namespace": ref.namespace, "name": ref.name, "uid": ref.uid}
