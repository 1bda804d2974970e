"""A plan for machines: the `EvictPlan` document, and back, so that `run --plan FILE` knows what was agreed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from k8sai.ages import stamp
from k8sai.errors import Usage
from k8sai.evict.plan import Plan, PlannedGang, PlannedPod, Range, Refusal
from k8sai.evict.planning.wish import Wish
from k8sai.fleet.document import API_VERSION
from k8sai.fleet.numbers import number

Document = dict[str, Any]
KIND: Final = "EvictPlan"
_WRITE: Final = "`k8sai evict plan NODE --out FILE` writes one"
_DECIMALS: Final = 4  # of GPU-hours


def document(plan: Plan, wish: Wish, *, context: str, code: int) -> Document:
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
        "nodes": [{"name": one.name, "uid": one.uid, "cordoned": one.cordoned} for one in plan.nodes if not one.device],
        "device": _device(plan),
        "gangs": [_gang(place, one) for place, one in enumerate(plan.gangs, 1)],
        "pods": [_pod(one) for one in plan.pods if one.action != "skip"],
        "blocked": [
            {"name": one.name, "why": one.why, "pods": list(one.pods), "never": one.never} for one in plan.blockers
        ],
        "missingRights": list(plan.missing_rights),
        "warnings": list(plan.warnings),
        "total": {
            "gangs": len(plan.gangs),
            "gpus": number(plan.gpus),
            "lostGpuHours": round(plan.planned.best, _DECIMALS),
            "lostNow": ranged(plan.now),
            "lostPlanned": ranged(plan.planned),
            "idleGpuHours": round(plan.idle, _DECIMALS),
        },
        "wish": _wish(wish),
    }


def _device(plan: Plan) -> Document | None:
    """The one GPU, and in words what closing it means."""
    one = plan.device
    if one is None:
        return None
    found = {"driver": one.driver, "pool": one.pool, "name": one.name, "uuid": one.uuid or None}
    return {**found, "effect": "NoSchedule", "selects": plan.selects}


def _gang(place: int, one: PlannedGang) -> Document:
    return {
        "order": place if one.action not in ("refuse", "skip") else None,
        "id": one.gang.id,
        "name": one.gang.ref.name,
        "namespace": one.gang.ref.namespace,
        "kind": one.gang.kind,
        "pods": [
            {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid, "node": pod.node} for pod in one.state.pods
        ],
        "gpus": number(one.state.gpus),
        "nodes": list(one.nodes),
        "drained": list(one.inside),
        "grade": one.grade,
        "accepted": one.state.accepted.value,
        "method": one.method,
        "contract": one.state.contract.source,
        "lastCheckpoint": one.last,
        "lostGpuHours": round(one.planned.best, _DECIMALS),
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
        "gpus": number(one.ref.gpus),
        "action": one.action,
        "refusals": [_refusal(each) for each in one.refusals],
        "blocked": one.blocked,
    }


def _refusal(one: Refusal) -> Document:
    return {"code": one.word, "why": one.why, "hint": one.hint, "flag": one.flag}


def ranged(value: Range) -> Document:
    """`open`: the most is not known."""
    low, best, high = (round(each, _DECIMALS) for each in (value.low, value.best, value.high))
    return {"low": low, "best": best, "high": high, "open": value.open}


# --- and back ---------------------------------------------------------------------------------------------------------


def _wish(wish: Wish) -> Document:
    """What was asked for, so that it can be asked again."""
    import msgspec

    found: Document = msgspec.to_builtins(wish)
    return _keys(found, _camel)


def agreed(read: object, place: str) -> tuple[Wish, str]:
    """Of a document that somebody kept: what was asked for, under the plan's id, and the hash that was agreed to.

    Raises Usage where it is none.
    """
    import msgspec

    if not isinstance(read, Mapping) or (read.get("apiVersion"), read.get("kind")) != (API_VERSION, KIND):
        raise Usage(f"{place} is no EvictPlan", _WRITE)
    said, number = read.get("hash"), read.get("id")
    if not isinstance(said, str) or not isinstance(number, str) or not isinstance(read.get("wish"), Mapping):
        raise Usage(f"{place} has not all of id, hash and wish", _WRITE)
    try:
        found = msgspec.convert(_keys(dict(read["wish"]), _snake), Wish, strict=False)
    except msgspec.ValidationError as error:
        raise Usage(f"{place}: its wish cannot be read: {error}", _WRITE) from error
    return replace(found, id=number), said


def _keys(value: Document, spell: "Callable[[str], str]") -> Document:
    """Keys of the document's own, not those of a contract."""
    found = {spell(key): each for key, each in value.items()}
    found["settings"] = {spell(key): each for key, each in dict(value.get("settings") or {}).items()}
    return found


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
