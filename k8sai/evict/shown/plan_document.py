"""A plan for machines: the `EvictPlan` document, and back, so that `run --plan FILE` knows what was agreed."""

from collections.abc import Mapping
from typing import Any

from k8sai.ages import stamp
from k8sai.errors import Usage
from k8sai.evict.plan import Plan, PlannedGang, PlannedPod, Range, Refusal
from k8sai.fleet.document import API_VERSION

Document = dict[str, Any]
KIND = "EvictPlan"


def document(plan: Plan, *, context: str, code: int) -> Document:
    """Times in seconds, lost work in GPU-hours."""
    hidden = [{"what": what, "why": why} for what, why in plan.hidden]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "at": stamp(plan.at),
        "context": context,
        "complete": not hidden,
        "hidden": hidden,
        "id": plan.id,
        "hash": plan.hash,
        "exit": code,
        "server": plan.server,
        "nodes": [{"name": one.name, "uid": one.uid, "cordoned": one.cordoned} for one in plan.nodes],
        "gangs": [_gang(number, one) for number, one in enumerate(plan.gangs, 1)],
        "pods": [_pod(one) for one in plan.pods if one.action != "skip"],
        "blocked": [
            {"name": one.name, "why": one.why, "pods": list(one.pods), "never": one.never} for one in plan.blockers
        ],
        "missingRights": list(plan.missing_rights),
        "warnings": list(plan.warnings),
        "total": {
            "gangs": len(plan.gangs),
            "gpus": plan.gpus,
            "lostGpuHours": plan.planned.best,
            "lostNow": ranged(plan.now),
            "lostPlanned": ranged(plan.planned),
            "idleGpuHours": plan.idle,
        },
        "settings": _settings(plan),
    }


def _gang(number: int, one: PlannedGang) -> Document:
    return {
        "order": number,
        "id": one.gang.id,
        "name": one.gang.ref.name,
        "namespace": one.gang.ref.namespace,
        "kind": one.gang.kind,
        "pods": [
            {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid, "node": pod.node} for pod in one.state.pods
        ],
        "gpus": one.state.gpus,
        "nodes": list(one.nodes),
        "drained": list(one.inside),
        "grade": one.grade,
        "accepted": one.state.accepted.value,
        "method": one.method,
        "contract": one.state.contract.source,
        "lastCheckpoint": one.last,
        "lostGpuHours": one.planned.best,
        "lostNow": ranged(one.now),
        "lostPlanned": ranged(one.planned),
        "saveSeconds": one.save,
        "deadlineSeconds": one.deadline,
        "nextCheckpoint": stamp(one.begins) if one.begins is not None else None,
        "stop": one.stop,
        "action": one.action,
        "reason": one.state.reason,
        "refusals": [_refusal(each) for each in one.refusals],
        "warnings": list(one.warnings),
    }


def _pod(one: PlannedPod) -> Document:
    return {
        "namespace": one.ref.namespace,
        "name": one.ref.name,
        "uid": one.ref.uid,
        "node": one.ref.node,
        "gpus": one.ref.gpus,
        "action": one.action,
        "refusals": [_refusal(each) for each in one.refusals],
        "blocked": one.blocked,
    }


def _refusal(one: Refusal) -> Document:
    return {"code": one.word, "why": one.why, "hint": one.hint, "flag": one.flag}


def ranged(value: Range) -> Document:
    """`open`: the most is not known."""
    return {"low": value.low, "best": value.best, "high": value.high, "open": value.open}


def _settings(plan: Plan) -> Document:
    """As the flags say it: `run --plan` goes by these."""
    import msgspec

    found: Document = msgspec.to_builtins(plan.settings)
    return found


def agreed(read: object, place: str) -> Mapping[str, Any]:
    """A document that somebody kept. Raises Usage where it is none."""
    if not isinstance(read, Mapping) or read.get("kind") != KIND or read.get("apiVersion") != API_VERSION:
        raise Usage(f"{place} is no EvictPlan", "`k8sai evict plan NODE --out FILE` writes one")
    if not isinstance(read.get("hash"), str) or not isinstance(read.get("id"), str):
        raise Usage(f"{place} has no id and hash", "`k8sai evict plan NODE --out FILE` writes one")
    return read
