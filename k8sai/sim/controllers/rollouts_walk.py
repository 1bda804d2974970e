"""The status of a Rollout: which step comes next, what pauses, aborts and promotions do, and the phase of it all.

Source: Argo Rollouts 1.9, syncRolloutStatusCanary in rollout/canary.go, rollout/pause.go, utils/rollout.
"""

from k8sai.ages import epoch, stamp
from k8sai.canary.backends.rollout.fields import STEP_PAUSE
from k8sai.sim.controllers.desk import with_condition
from k8sai.sim.controllers.rollouts_facts import Facts, available, count, hash_of, revision
from k8sai.sim.controllers.rollouts_scale import in_place
from k8sai.sim.durations import seconds
from k8sai.sim.objects import Obj

_OVER = ("abort", "abortedAt", "promoteFull", "pauseConditions", "controllerPause")


def changed(facts: Facts) -> bool:
    """The template, or the steps, are others than it last walked."""
    seen = facts.status.get("currentStepHash"), facts.status.get("currentPodHash")
    return seen != (facts.steps_hash, facts.wanted_hash)


def begun(facts: Facts) -> Obj:
    """At the first step; back at the stable version, or within rollbackWindow, behind the last."""
    status = {key: value for key, value in _counted(facts, None).items() if key not in _OVER}
    home = hash_of(facts.new) == facts.status.get("stableRS")
    skip = home or (facts.within_window and facts.new is not None and bool(facts.new["spec"].get("replicas")))
    status["currentStepIndex"] = len(facts.steps) if skip else 0
    return _named(facts, status)


def walked(facts: Facts, weights: Obj | None, *, at_rest: bool) -> Obj:
    """`at_rest`: no ReplicaSet was scaled, so a pause may begin."""
    status = _counted(facts, weights)
    if facts.full or facts.within_window:
        status = {key: value for key, value in status.items() if key not in _OVER or key == "promoteFull"}
        status["currentStepIndex"] = len(facts.steps)
    if _earned(facts, aborted=bool(status.get("abort"))):
        return _named(facts, _promoted(facts, status))
    if status.get("abort"):
        return _named(facts, _aborted(facts, status))
    pauses = list(status.pop("pauseConditions", ()))
    paused = bool(status.pop("controllerPause", False))
    if not (facts.full or facts.within_window):
        if _complete(facts, weights, paused=paused):
            status["currentStepIndex"] = facts.index + 1
            pauses = [one for one in pauses if one["reason"] != STEP_PAUSE]
        elif at_rest and _begins(facts, pauses, paused=paused):
            pauses.append({"reason": STEP_PAUSE, "startTime": stamp(facts.now)})
    if pauses:
        status |= {"pauseConditions": pauses, "controllerPause": True}
    return _named(facts, status)


def ends(facts: Facts) -> float | None:
    """When (epoch seconds) the pause that has begun ends by itself."""
    pause = (facts.step or {}).get("pause") or {}
    began = next((one for one in facts.pauses if one["reason"] == STEP_PAUSE), None)
    if began is None or pause.get("duration") is None:
        return None
    return epoch(began["startTime"]) + _long(pause["duration"])


def _complete(facts: Facts, weights: Obj | None, *, paused: bool) -> bool:
    """The step on its way has done what it says."""
    step = facts.step
    if step is None or facts.spec.get("paused"):
        return False
    if "pause" in step:
        here = any(one["reason"] == STEP_PAUSE for one in facts.pauses)
        end = ends(facts)
        return (paused and not here) or (end is not None and facts.now >= end)
    return in_place(facts, weights) if {"setWeight", "setCanaryScale"} & step.keys() else True


def _begins(facts: Facts, pauses: list[Obj], *, paused: bool) -> bool:
    """A pause step that has not begun. While a person has paused it, none begins."""
    here = any(one["reason"] == STEP_PAUSE for one in pauses)
    return "pause" in (facts.step or {}) and not (facts.spec.get("paused") or paused or here)


def _earned(facts: Facts, *, aborted: bool) -> bool:
    """The new version may become the stable one."""
    if facts.stable is None:
        return True
    if aborted or facts.new is None or available(facts.new) < facts.replicas:
        return False
    return facts.full or facts.within_window or facts.index >= len(facts.steps)


def _promoted(facts: Facts, status: Obj) -> Obj:
    kept = {key: value for key, value in status.items() if key not in _OVER}
    return {**kept, "stableRS": hash_of(facts.new), "currentStepIndex": len(facts.steps)}


def _aborted(facts: Facts, status: Obj) -> Obj:
    """Where nothing is on its way there is nothing to abort."""
    if facts.promoted:
        return {key: value for key, value in status.items() if key not in _OVER}
    gone = ("pauseConditions", "controllerPause")
    kept = {key: value for key, value in status.items() if key not in gone}
    return {**kept, "currentStepIndex": 0, "abortedAt": facts.status.get("abortedAt") or stamp(facts.now)}


def _counted(facts: Facts, weights: Obj | None) -> Obj:
    """What is the same whatever is decided; what is zero is not written."""
    numbers = {
        "replicas": sum(count(one, "replicas") for one in facts.sets),
        "updatedReplicas": count(facts.new, "replicas"),
        "readyReplicas": sum(count(one, "readyReplicas") for one in facts.sets),
        "availableReplicas": sum(map(available, facts.sets)),
        "HPAReplicas": sum(count(one, "replicas") for one in facts.sets),
    }
    kept = {key: value for key, value in facts.status.items() if key not in numbers}
    labels = (facts.spec.get("selector") or {}).get("matchLabels") or {}
    return {
        **kept,
        **{key: value for key, value in numbers.items() if value},
        "blueGreen": {},
        "canary": {"weights": weights} if weights else {},
        "currentPodHash": facts.wanted_hash,
        "currentStepHash": facts.steps_hash,
        "observedGeneration": str(facts.target["metadata"].get("generation", 1)),
        "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
    }


def _named(facts: Facts, status: Obj) -> Obj:
    """With its conditions, its phase and its message."""
    complete = status.get("stableRS") == status["currentPodHash"]
    enough = status.get("availableReplicas", 0) >= facts.replicas
    known = facts.status.get("conditions")
    for kind, holds, reason, message in (
        ("Completed", complete, "RolloutCompleted", "RolloutCompleted"),
        (
            "Available",
            enough,
            "AvailableReason",
            f"Rollout {'has' if enough else 'does not have'} minimum availability",
        ),
        _progressing(facts, status, complete=complete),
    ):
        text = holds if isinstance(holds, str) else str(holds)
        new = {"type": kind, "status": text, "reason": reason, "message": message}
        known = with_condition(known, new, stamp(facts.now))
    phase, message = _phase(facts, status, complete=complete)
    named = {key: value for key, value in status.items() if key != "message"}
    return {**named, "conditions": known, "phase": phase} | ({"message": message} if message else {})


def _progressing(facts: Facts, status: Obj, *, complete: bool) -> tuple[str, bool | str, str, str]:
    name = facts.new["metadata"]["name"] if facts.new else facts.target["metadata"]["name"]
    if status.get("abort"):
        message = f"Rollout aborted update to revision {revision(facts.target)}"
        return "Progressing", False, "RolloutAborted", message
    if status.get("pauseConditions") or facts.spec.get("paused"):
        return "Progressing", "Unknown", "RolloutPaused", "Rollout is paused"
    if complete:
        return "Progressing", True, "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
    return "Progressing", True, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'


def _phase(facts: Facts, status: Obj, *, complete: bool) -> tuple[str, str]:
    updated, ready = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if status.get("abort"):
        return "Degraded", f"RolloutAborted: Rollout aborted update to revision {revision(facts.target)}"
    if facts.spec.get("paused"):
        return "Paused", "manually paused"
    if status.get("pauseConditions"):
        return "Paused", status["pauseConditions"][0]["reason"]
    if updated < facts.replicas:
        return "Progressing", "more replicas need to be updated"
    if ready < updated:
        return "Progressing", "updated replicas are still becoming available"
    if not facts.routed and status.get("replicas", 0) > updated:
        return "Progressing", "old replicas are pending termination"
    return ("Healthy", "") if complete else ("Progressing", "waiting for all steps to complete")


def _long(duration: int | str) -> float:
    """`30`, `"30"`, `"5m"`."""
    text = str(duration)
    return float(text) if text.isdigit() else seconds(text)
