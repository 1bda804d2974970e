"""What is written on a Rollout on the way to a goal; each write tests the version and the step that it is meant for.

Seen on Argo Rollouts 1.9.1: a pause is left by taking its condition away through /status; a lower currentStepIndex
sends the canary back to that step; an abort is erased after promoteFull, and moves nothing while spec.paused.
"""

from k8sai.canary.backend import Begin, Goal, Promote, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.rollout.sides import available, others, share
from k8sai.canary.backends.rollout.steps import Stop, heading, stop_of, stops
from k8sai.canary.backends.rollout.template import operations
from k8sai.canary.backends.rollout.walk import Walk, not_taken_over, version
from k8sai.canary.facts import Json, Seen
from k8sai.errors import Drift, Refused


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift, Refused."""
    walk = Walk(seen.target)
    match goal:
        case Begin(_, weight):
            return _begin(seen, walk, handle, weight)
        case Shift(weight):
            return _shift(seen, walk, handle, weight)
        case Promote():
            return _promote(seen, walk, handle)
        case Rollback(0, all_at_once):
            return _back(seen, walk, handle, before, patient=not all_at_once)
        case Rollback(weight, _):
            return _down(walk, handle, weight)
        case _:
            return None


# --- up ---------------------------------------------------------------------------------------------------------------


def _begin(seen: Seen, walk: Walk, handle: Json, weight: int) -> Step:
    there = version(walk, handle)
    if there == "third" or walk.stable != handle["stable"]:
        raise Drift(f"{walk.ref.title} has another version than when the rollout was thought up", "look again")
    if there == "canary":
        waiting = not_taken_over(walk, handle)
        if not waiting and seen.objects and walk.hash not in seen.objects:
            waiting = "the controller has not made the new version's ReplicaSet yet"
        return Wait(waiting) if waiting else None
    if said := not_taken_over(walk, handle):
        return Wait(said)
    tests, changes = operations(walk.template, handle["template"], "/spec/template")
    head = _of(walk) + guards(("/spec/paused", walk.spec.get("paused")), ("/spec/strategy/canary/steps", walk.steps))
    return _write(walk, head + tests + changes, f"the new version, at {weight} %", weight=float(weight))


def _shift(seen: Seen, walk: Walk, handle: Json, weight: int) -> Step:
    _insist(walk, handle)
    stop = stop_of(walk.steps, weight)
    if stop is None:
        raise Refused(f"{walk.ref.title} has no pause at {weight} %", _stops_of(walk))
    if said := not_taken_over(walk, handle):
        return Wait(said)
    if walk.complete or (walk.index > stop.pause and walk.heading > weight):
        raise Drift(f"{walk.ref.title} is past {weight} %: it goes to {100 if walk.complete else walk.heading} %")
    if walk.index >= stop.pause and walk.stands:
        return Wait(seen.waiting) if seen.waiting else None
    return _on(walk, handle)


def _promote(seen: Seen, walk: Walk, handle: Json) -> Step:
    if not (walk.complete and version(walk, handle) == "canary" and walk.hash != handle["stable"]):
        _insist(walk, handle)
        return _on(walk, handle)
    ready = available(seen, walk.hash)
    if walk.unobserved() or ready < walk.replicas:
        return Wait(walk.unobserved() or f"{ready} of {walk.replicas} pods of the new version are available", pods=True)
    return None


def _insist(walk: Walk, handle: Json) -> None:
    """Nobody else has decided anything. Raises Drift, Refused."""
    title = walk.ref.title
    if walk.aborted:
        raise Drift(f"{title} is aborted: {walk.status.get('message') or 'nobody says why'}", "roll it back")
    if version(walk, handle) != "canary" or walk.stable not in (handle["stable"], walk.hash):
        raise Drift(f"{title} has another version than the one that is rolled out")
    if walk.steps != handle["steps"]:
        raise Drift(f"the steps of {title} were edited: its controller has begun the canary again, at the first step")
    if walk.paused:
        raise Refused(f"{title} is paused by a person: spec.paused is true", _unpause(walk))
    if walk.held:
        raise Refused(f"{title} has paused by itself: {walk.held}", "see what its AnalysisRun says, then roll back")


def _on(walk: Walk, handle: Json) -> Step:
    """Past the pause at which it stands; else it is on its way."""
    if said := not_taken_over(walk, handle):
        return Wait(said)
    if not walk.stands or walk.moving():
        return Wait(walk.moving() or "it is on its way", pods=walk.raising)
    to = heading(walk.steps, walk.index + 1)
    tests = guards(("/spec/paused", walk.spec.get("paused")), ("/spec/strategy/canary/steps", walk.steps), *_step(walk))
    leave: list[Json] = [{"op": "remove", "path": "/status/pauseConditions"}]
    why = f"past the pause of step {walk.index + 1}, to {to} %"
    return _write(walk, _of(walk) + tests + leave, why, status=True, weight=float(to))


def _step(walk: Walk) -> tuple[tuple[str, object], ...]:
    """The very pause that was seen: one that began again has another startTime."""
    return (
        ("/status/currentStepIndex", walk.status.get("currentStepIndex")),
        ("/status/pauseConditions", walk.status.get("pauseConditions")),
    )


# --- down -------------------------------------------------------------------------------------------------------------


def _down(walk: Walk, handle: Json, weight: int) -> Step:
    """Back to an earlier stop: its controller takes a lower step index and lowers the weight at once."""
    _insist(walk, handle)
    stop = stop_of(walk.steps, weight)
    if stop is None or walk.complete:
        at = "it is promoted" if walk.complete else f"it has no pause at {weight} %"
        raise Refused(f"{walk.ref.title} cannot go back to {weight} %: {at}", _stops_of(walk))
    if walk.heading > weight:
        return _lower(walk, stop)
    return None if walk.stands and not walk.moving() else Wait(walk.unobserved() or walk.moving())


def _lower(walk: Walk, stop: Stop) -> Write:
    there = [word for word in ("pauseConditions", "controllerPause") if word in walk.status]
    changes: list[Json] = [{"op": "replace", "path": "/status/currentStepIndex", "value": stop.first}]
    changes += [{"op": "remove", "path": f"/status/{word}"} for word in there]
    why = f"back to step {stop.first + 1}, {stop.weight} %"
    return _write(walk, _of(walk) + guards(*_step(walk)) + changes, why, status=True, weight=float(stop.weight))


def _back(seen: Seen, walk: Walk, handle: Json, before: Json, *, patient: bool) -> Step:
    """Requests, then pods, then the template."""
    old, there = str(handle["stable"]), version(walk, handle)
    if there == "stable":
        return _home(seen, walk, handle, patient=patient)
    if walk.complete or walk.full or walk.stable != old:  # not seen yet, promoted, or past all steps
        return _old_template(walk, before, "an abort would not hold")
    if not walk.aborted:
        body = [*_of(walk), {"op": "add", "path": "/status/abort", "value": True}]
        return _write(walk, body, "abort: requests go back to the stable version", status=True, weight=0.0)
    if walk.paused:  # whoever sees this sees the abort; one that is paused may miss an abort until it changes
        tests = guards(("/status/abort", True), ("/spec/paused", True))
        body = _of(walk) + tests + [{"op": "replace", "path": "/spec/paused", "value": False}]
        return _write(walk, body, "unpause: while spec.paused no pod moves, and the canary keeps its share")
    if "abortedAt" not in walk.status:
        return Wait("the controller has not seen the abort yet", nudge=_wake(walk))
    left = _left(seen, walk, old, patient=patient)
    return Wait(left) if left else _old_template(walk, before, "nothing is left to try again", aborted=True)


def _home(seen: Seen, walk: Walk, handle: Json, *, patient: bool) -> Step:
    """The old template is written."""
    if said := walk.unobserved():  # Argo 1.9 may put older data over a write that follows an abort
        return Wait(
            f"{said}; if that lasts, an annotation on the Rollout wakes it (argo-rollouts#4694)", nudge=_wake(walk)
        )
    old = str(handle["stable"])
    if walk.hash == old != walk.stable and not walk.full:  # it had been promoted: its steps would be walked again
        tests = guards(("/spec/paused", walk.spec.get("paused")))
        body = _of(walk) + tests + [{"op": "add", "path": "/status/promoteFull", "value": True}]
        return _write(walk, body, "past all steps: the old version has served before", status=True, weight=0.0)
    if walk.paused:
        body = _of(walk) + guards(("/spec/paused", True)) + [{"op": "replace", "path": "/spec/paused", "value": False}]
        return _write(walk, body, "unpause: while spec.paused no pod moves")
    if not walk.complete or walk.hash != old:
        return Wait(not_taken_over(walk, handle) or walk.moving())
    left = _left(seen, walk, old, patient=patient)
    return Wait(left) if left else None


def _left(seen: Seen, walk: Walk, old: str, *, patient: bool) -> str:
    """What still goes to the canary, or what the stable side lacks. Phases say nothing of either."""
    if not walk.routed and (pods := others(seen, old)):
        return f"{pods} pods of the new version still get requests"
    if walk.routed and (percent := share(walk, old, seen.objects)) != 0:
        return "nobody says yet where requests go" if percent is None else f"{percent:g} % still go to the new version"
    ready = available(seen, old)
    if patient and ready < walk.replicas:
        return f"{ready} of {walk.replicas} pods of the old version are available"
    return ""


def _old_template(walk: Walk, before: Json, why: str, *, aborted: bool = False) -> Write:
    """As it was written before the rollout, in one patch with the unpausing where that is needed."""
    tests, changes = operations(walk.template, before["template"], "/spec/template")
    tests += guards(("/status/abort", True)) if aborted else []
    if walk.paused:
        tests += guards(("/spec/paused", True))
        changes.append({"op": "replace", "path": "/spec/paused", "value": False})
    return _write(walk, _of(walk) + tests + changes, f"the old template: {why}", weight=0.0)


def _wake(walk: Walk) -> Write:
    """Argo 1.9 puts its own older answer over what it has just been told, and sleeps until the Rollout changes again.

    The message is the controller's own to write, which it does anew as soon as it wakes (argo-rollouts#4694).
    """
    said = "look again" if walk.status.get("message") != "look again" else "look once more"
    change: Json = {"op": "add", "path": "/status/message", "value": said}
    return _write(walk, [*_of(walk), change], "the controller is woken", status=True)


def _stops_of(walk: Walk) -> str:
    weights = dict.fromkeys(f"{stop.weight} %" for stop in stops(walk.steps))
    return f"it pauses at {', '.join(weights)}"


def _unpause(walk: Walk) -> str:
    """For who has paused it; `kubectl argo rollouts promote` would begin the same pause again as well."""
    meta = walk.target["metadata"]
    body = """'{"spec":{"paused":false}}'"""
    return f"`kubectl patch rollout {meta['name']} -n {meta.get('namespace')} --type merge -p {body}`"


def _of(walk: Walk) -> list[Json]:
    """This Rollout, with the versions that were seen."""
    return guards(
        ("/metadata/uid", walk.target["metadata"]["uid"]),
        ("/status/currentPodHash", walk.hash),
        ("/status/stableRS", walk.stable),
    )


def _write(walk: Walk, body: list[Json], why: str, *, status: bool = False, weight: float | None = None) -> Write:
    return Write("json-patch", walk.ref, walk.target, body, why, "status" if status else "", weight)
