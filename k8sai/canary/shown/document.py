"""The `Canary` document: names that scripts may rely on. Weights are the canary's percent, samples count requests."""

from typing import TYPE_CHECKING, Any

from k8sai.ages import stamp
from k8sai.canary.facts import Json, Side
from k8sai.canary.pods import Pods
from k8sai.canary.shown.look import Look, Observed
from k8sai.canary.state import State

if TYPE_CHECKING:
    from k8sai.canary.gate import MetricVerdict, Verdict


def document(look: Look, *, context: str) -> Json:
    """As `canary status -o json` prints it."""
    return {**heading("Canary", look, context), **rollout(look)}


def heading(kind: str, look: Look, context: str) -> Json:
    """What every document begins with."""
    hidden = [{"what": one.what, "why": one.why} for one in look.hidden]
    return {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": kind,
        "at": stamp(look.at),
        "context": context,
        "complete": not hidden,
        "hidden": hidden,
    }


def lasting(found: Json) -> Json:
    """Without what time alone changes."""
    holder = {**found["holder"], "seconds": None} if found["holder"] else None
    split = {**found["split"], "seconds": None}
    return {**found, "at": None, "holder": holder, "split": split}


def rollout(look: Look) -> Json:
    """One rollout; also an entry of a list."""
    state, outcome = look.state, look.outcome
    return {
        "name": look.ref.name,
        "namespace": look.ref.namespace,
        "target": look.ref.title,
        "backend": look.backend,
        "id": state.id if state else None,
        "phase": str(state.phase) if state else None,
        "reason": state.reason if state else "",
        "cause": state.cause if state else "",
        "step": state.step + 1 if state else None,
        "steps": list(state.steps) if state else [],
        "weights": weights(look),
        "split": _split(look.observed),
        "gates": gates(look.verdict),
        "gpus": {"stable": _gpus(look.stable), "canary": _gpus(look.canary)},
        "pods": {"stable": _pods(look.stable), "canary": _pods(look.canary)},
        "versions": _versions(look),
        "holder": _holder(look),
        "pending": _pending(state),
        "drift": [*(state.drift if state else ()), *(look.seen.drift if look.seen else ())],
        "notes": list(look.said),
        "begun": state.begun or None if state else None,
        "since": state.since or None if state else None,
        "ended": state.ended or None if state else None,
        "next": f"k8sai {outcome.next} -n {look.ref.namespace}" if outcome.next else "",
        "exit": int(outcome.exit),
    }


def weights(look: Look) -> Json:
    """What the rollout set, what the route's controllers report (or is configured), what requests show."""
    seen, split = look.seen, look.observed.split
    return {
        "set": look.state.weight if look.state else None,
        "configured": seen.configured if seen else None,
        "route": seen.route if seen else None,
        "observed": split.observed if split else None,
    }


def gates(verdict: "Verdict | None") -> list[Json]:
    """The evidence of each requirement; e-values as numbers, the largest there is where one is beyond it."""
    return [_gate(one) for one in verdict.metrics] if verdict else []


def _gate(one: "MetricVerdict") -> Json:
    hard = None if one.hard is None else _finite(one.hard)
    return {
        "metric": one.slo.title,
        "verdict": str(one.outcome),
        "required": one.slo.required,
        "evidence": {
            "harm": _finite(one.harm),
            "safeRelative": _finite(one.safe_relative),
            "safeAbsolute": _finite(one.safe_absolute),
            "hard": hard,
        },
        "samples": {
            "canary": {"bad": one.canary_bad, "all": one.canary_all},
            "stable": {"bad": one.stable_bad, "all": one.stable_all},
        },
        "need": one.need,
    }


def _finite(value: float) -> float:
    return min(value, 1e300)


def _split(observed: Observed) -> Json:
    found: dict[str, Any] = {"requests": observed.requests, "seconds": observed.seconds, "why": observed.why}
    if observed.split is not None:
        found |= {"p": observed.split.p, "honoured": observed.split.honoured}
    return found


def _gpus(pods: Pods | None) -> float | None:
    return pods.gpus if pods else None


def _pods(pods: Pods | None) -> Json | None:
    return {"ready": pods.ready, "there": pods.there, "trouble": pods.trouble} if pods else None


def _versions(look: Look) -> Json:
    def name(side: Side | None) -> str | None:
        return side.name if side else None

    return {
        "stable": name(look.seen.stable) if look.seen else None,
        "canary": name(look.seen.canary) if look.seen else None,
    }


def _holder(look: Look) -> Json | None:
    if look.holder is None:
        return None
    return {"name": look.holder.name, "seconds": look.holder.age, "expired": look.holder.expired}


def _pending(state: State | None) -> Json | None:
    if state is None or state.pending is None:
        return None
    return {
        "goal": state.pending.word,
        "weight": state.pending.weight,
        "since": state.pending.at,
        "by": state.pending.by,
    }
