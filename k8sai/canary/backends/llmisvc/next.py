"""What is written on the two LLMInferenceServices of a rollout on the way to a goal.

Weights are of two objects, so the order matters: on the way up the canary's first, on the way down the stable one's,
and no step in between is beyond both ends. A stop is an annotation, merged in and taken away as null.
"""

from typing import Any, Final

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.kserve_predictor import STOP, stopped
from k8sai.canary.backends.kserve_standard.spec import enough, floor_of
from k8sai.canary.backends.llmisvc.group import KIND, group_of, percent_of, replicas_of, route_of, weight_for, weight_of
from k8sai.canary.backends.steps import ref_of, taken_over
from k8sai.canary.facts import Json, Ref, Seen
from k8sai.errors import Drift

_ROUTE: Final = "/spec/router/route"


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift."""
    match goal:
        case Begin(_, weight):
            return _begin(seen, handle, weight)
        case Shift(percent):
            return _shift(seen, handle, percent)
        case Promote():
            return _shift(seen, handle, 100)
        case Retire():
            return _retire(seen, handle)
        case Rollback(percent, at_once):
            return _back(seen, handle, before, percent, at_once=at_once)
        case _:
            return None


# --- up ---------------------------------------------------------------------------------------------------------------


def _begin(seen: Seen, handle: Json, percent: int) -> Step:
    """First the stable member alone in its group, which moves nothing; then the other one."""
    canary, group = seen.objects["canary"], handle["group"]
    weight = weight_for(percent, handle["weight"])
    if canary and handle["made"]:
        return None
    if alone := _joined(seen.target, group, handle["weight"], None):
        return alone
    if canary:
        return _joined(canary, group, weight, float(percent)) or _started(canary)
    body = {**handle["body"], "spec": _weighed(handle["body"]["spec"], weight)}
    return Write("create", _ref(body), None, body, f"the canary, weight {weight}", weight=float(percent))


def _weighed(spec: Json, weight: int) -> Json:
    router = spec["router"]
    return {**spec, "router": {**router, "route": {**router["route"], "weight": weight}}}


def _shift(seen: Seen, handle: Json, percent: int) -> Step:
    canary = _there(seen, handle)
    if seen.configured <= percent and (step := _grown(seen, canary, handle, enough(percent, handle["size"] or 1))):
        return step
    return _weights(seen, canary, handle, percent) or taken_over(seen)


def _grown(seen: Seen, canary: Json, handle: Json, need: int) -> Step:
    """So many replicas of the canary; where an autoscaler has the say, one that is ready will do."""
    there = replicas_of(canary)
    if there is None or handle["size"] is None:
        need = 1
    elif there < need:
        body = _replaced(canary, "/spec/replicas", canary["spec"].get("replicas"), need)
        return _patch(canary, body, f"{need} replicas of {handle['canary']}")
    ready = seen.canary.ready or 0 if seen.canary else 0
    if ready < need:
        return Wait(f"{ready} of {need} replicas of {handle['canary']} are ready", pods=True)
    return None


def _weights(seen: Seen, canary: Json, handle: Json, percent: int) -> Write | None:
    """One of the two weights that are not as they should be; None where both are."""
    old, new = weight_of(seen.target), weight_of(canary)
    stable = 0 if percent == 100 else int(handle["weight"])
    other = (new or int(handle["weight"])) if percent == 100 else weight_for(percent, stable)
    changes = [(canary, new, other, percent_of(old, other)), (seen.target, old, stable, percent_of(stable, new))]
    if percent_of(stable, other) < percent_of(old, new):
        changes.reverse()
    for member, now, wanted, stands in changes:
        if now != wanted:
            why = f"weight {wanted} of {member['metadata']['name']}: {stands:.3g} % to {handle['canary']}"
            body = _replaced(member, f"{_ROUTE}/weight", route_of(member).get("weight"), wanted, handle["group"])
            return _patch(member, body, why, stands)
    return None


def _retire(seen: Seen, handle: Json) -> Step:
    """The old member gives its GPUs back and stays as an object."""
    canary = _there(seen, handle)
    if weight_of(seen.target) or stopped(canary) or not weight_of(canary):
        raise Drift(f"{seen.stable.name} still gets requests: it is kept", "promote first")
    return _stop(seen.target) or taken_over(seen)


# --- down -------------------------------------------------------------------------------------------------------------


def _back(seen: Seen, handle: Json, before: Json, percent: int, *, at_once: bool) -> Step:
    canary = seen.objects["canary"]
    if awake := _started(seen.target):
        return awake
    shared = canary and group_of(canary) == handle["group"] and not stopped(canary)
    if shared and (step := _requests_back(seen, canary, handle, percent, at_once=at_once)):
        return step
    return (None if percent else _rest(seen, canary, before)) or taken_over(seen)


def _requests_back(seen: Seen, canary: Json, handle: Json, percent: int, *, at_once: bool) -> Step:
    """As many as the stable member can take now; all of them when its replicas are there, or when none are coming."""
    if percent and seen.configured <= percent:
        return None
    size, ready = seen.stable.replicas or 1, seen.stable.ready or 0
    serves = bool(seen.canary and seen.canary.ready)
    now = percent if at_once or not serves or seen.configured <= percent else max(percent, floor_of(ready, size))
    if now < seen.configured and now > percent:
        return _weights(seen, canary, handle, now)
    if now > percent and seen.objects["coming"]["pods"]:
        return Wait(f"{ready} of {size} replicas of {seen.stable.name} are ready to take all requests", pods=True)
    return _weights(seen, canary, handle, percent) or (taken_over(seen) if serves else None)


def _rest(seen: Seen, canary: Json, before: Json) -> Write | None:
    """The canary as it was, or stopped; the stable member in the group that it was in."""
    was = before["canary"]
    if canary and (was is None or was["stopped"]) and (step := _stop(canary)):
        return step
    if canary and was is not None and (step := _restored(canary, was)):
        return step
    return _restored(seen.target, before["stable"])


def _restored(member: Json, was: Json) -> Write | None:
    """Group and weight, both or neither."""
    group, weight = route_of(member).get("group"), route_of(member).get("weight")
    if (group, weight) == (was["group"], was["weight"]):
        return None
    tests = guards((f"{_ROUTE}/group", group), (f"{_ROUTE}/weight", weight))
    body: list[Json] = []
    for key, now in (("group", group), ("weight", weight)):
        if was[key] is not None:
            body.append({"op": "add", "path": f"{_ROUTE}/{key}", "value": was[key]})
        elif now is not None:
            body.append({"op": "remove", "path": f"{_ROUTE}/{key}"})
    return _patch(member, tests + body, f"{member['metadata']['name']} is in the group that it was in")


# --- one write --------------------------------------------------------------------------------------------------------


def _joined(member: Json, group: str, weight: int, percent: float | None) -> Write | None:
    """It is in the group with this weight: a group needs a weight, so both in one patch."""
    old = route_of(member)
    if (old.get("group"), old.get("weight")) == (group, weight):
        return None
    tests = guards((f"{_ROUTE}/group", old.get("group")), (f"{_ROUTE}/weight", old.get("weight")))
    body: list[Json] = [
        {"op": "add", "path": f"{_ROUTE}/group", "value": group},
        {"op": "add", "path": f"{_ROUTE}/weight", "value": weight},
    ]
    return _patch(member, tests + body, f"{member['metadata']['name']} in group {group}, weight {weight}", percent)


def _stop(member: Json) -> Write | None:
    if stopped(member):
        return None
    body: Json = {"metadata": {"annotations": {STOP: "true"}}}
    return Write("merge", _ref(member), member, body, f"{member['metadata']['name']} gives its GPUs back")


def _started(member: Json) -> Write | None:
    if not stopped(member):
        return None
    body: Json = {"metadata": {"annotations": {STOP: None}}}
    return Write("merge", _ref(member), member, body, f"{member['metadata']['name']} runs again")


def _replaced(member: Json, path: str, old: Any, new: Any, group: str | None = None) -> list[Json]:
    named = guards((f"{_ROUTE}/group", group)) if group else []
    return [*named, *guards((path, old)), {"op": "add" if old is None else "replace", "path": path, "value": new}]


def _patch(member: Json, operations: list[Json], why: str, weight: float | None = None) -> Write:
    head = guards(("/metadata/uid", member["metadata"]["uid"]))
    return Write("json-patch", _ref(member), member, head + operations, why, weight=weight)


def _ref(member: Json) -> Ref:
    return ref_of(member, KIND, "llmisvc")


def _there(seen: Seen, handle: Json) -> Json:
    canary: Json = seen.objects["canary"]
    if not canary or group_of(canary) != handle["group"]:
        raise Drift(f"llmisvc/{handle['canary']} is gone" + (f" from the group {handle['group']}" if canary else ""))
    return canary
