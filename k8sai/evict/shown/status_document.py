"""A drain for machines: the `EvictStatus` document, with the state and the whole journal."""

from collections.abc import Sequence
from typing import Any, Final

from k8sai.ages import stamp
from k8sai.evict.facts import Proof
from k8sai.evict.keeping.find import Listed
from k8sai.evict.state import GangState, NodeState, State
from k8sai.fleet.document import API_VERSION
from k8sai.fleet.numbers import number

Document = dict[str, Any]
KIND: Final = "EvictStatus"
BLIND: Final = "Leases may not be read: whether somebody carries it on is not known"


def document(one: Listed, *, context: str, now: float, code: int) -> Document:
    """Of one drain. Times are RFC 3339, lost work in GPU-hours."""
    gaps = ((f"drain {one.id}", one.trouble), (f"operator of drain {one.id}", BLIND if one.blind else ""))
    hidden = [{"what": what, "why": why} for what, why in gaps if why]
    said = _state(one.state) if one.state else {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "at": stamp(now),
        "context": context,
        "complete": not hidden,
        "hidden": hidden,
        "id": one.id,
        "namespace": one.namespace,
        "exit": code,
        "holder": one.holder.who if one.holder else None,
        "orphaned": one.orphaned,
        **said,
    }


def of_all(items: Sequence[Document], *, context: str, now: float) -> Document:
    """Of several, each a document of its own."""
    hidden = [gap for one in items for gap in one["hidden"]]
    return {
        "apiVersion": API_VERSION,
        "kind": f"{KIND}List",
        "at": stamp(now),
        "context": context,
        "complete": not hidden,
        "hidden": hidden,
        "items": list(items),
    }


def _state(state: State) -> Document:
    return {
        "hash": state.hash,
        "state": state.stage.value,
        "reason": state.reason,
        "begun": state.begun,
        "ended": state.ended or None,
        "by": state.by,
        "nodes": [
            {
                "name": one.name,
                "cordoned": one.cordoned,
                "cordonedByUs": one.ours,
                "drained": one.drained,
                "released": one.released,
                "reason": one.reason,
            }
            for one in state.nodes
            if not one.device
        ],
        "device": next((_device(one) for one in state.nodes if one.device), None),
        "gangs": [_gang(one) for one in state.gangs],
        "pods": [
            {
                "namespace": one.pod.namespace,
                "name": one.pod.name,
                "gone": one.done,
                "evicted": one.evicted_at or None,
                "blocked": one.blocked,
                "reason": one.reason,
            }
            for one in state.pods
        ],
        "total": {"gangs": len(state.gangs), "gpus": number(sum(one.gpus for one in state.gangs))},
        "journal": [
            {"at": one.at, "by": one.by, "reason": one.word, "on": one.on, "text": one.text} for one in state.journal
        ],
    }


def _device(one: NodeState) -> Document:
    """One GPU, closed by a DeviceTaintRule of this uid."""
    return {
        "id": one.name,
        "uuid": (one.device.uuid if one.device else "") or None,
        "tainted": one.cordoned,
        "rule": one.uid or None,
        "free": one.drained,
        "released": one.released,
        "reason": one.reason,
    }


def _gang(one: GangState) -> Document:
    return {
        "id": one.id,
        "name": one.ref.name,
        "namespace": one.ref.namespace,
        "kind": one.kind,
        "pods": len(one.pods),
        "gpus": number(one.gpus),
        "action": one.action,
        "phase": one.phase.value,
        "since": one.since or None,
        "method": one.method,
        "tried": list(one.tried),
        "request": one.request.id if one.request else None,
        "proof": _proof(one.proof) if one.proof else None,
        "accepted": one.accepted.value,
        "stops": one.stops,
        "restoredStep": one.restored if one.restored >= 0 else None,
        "lostGpuHours": round(one.lost, 4),
        "reason": one.reason,
    }


def _proof(one: Proof) -> Document:
    return {
        "grade": one.grade.value,
        "step": one.step if one.step >= 0 else None,
        "time": stamp(one.time) if one.time else None,
        "path": one.path,
        "why": one.why,
        "missing": one.missing,
    }
