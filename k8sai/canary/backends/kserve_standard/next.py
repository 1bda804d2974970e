"""Standard mode: what is written on the InferenceService on the way to a goal, always as one guarded JSON patch.

The stable side keeps its replicas until the very end: KServe takes as many from it as a ready canary has, so every
patch that makes the canary larger raises the stable minReplicas with it. At the swap KServe deletes the old Deployment
at once; hence it is the last thing that is done, when the old version is no longer kept.
"""

from typing import Any, Final

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.kserve_predictor import covers, version
from k8sai.canary.backends.kserve_standard.spec import (
    enough,
    entries,
    floor_of,
    inherited,
    left_to_stable,
    place_of,
    predictor_of,
    promoted,
    stable_min,
)
from k8sai.canary.backends.steps import ref_of, taken_over
from k8sai.canary.facts import Json, Seen
from k8sai.errors import Drift, Refused

KIND: Final = "inferenceservices.serving.kserve.io"
_LIST, _MIN = "/spec/canary", "/spec/predictor/minReplicas"


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift, Refused."""
    match goal:
        case Begin(_, weight):
            return None if _begun(seen, handle) else _begin(seen, handle, before, weight)
        case Shift(weight):
            return _shift(seen, handle, before, weight)
        case Promote():
            return _promote(seen, handle, before)
        case Retire():
            return _swap(seen, handle, before)
        case Rollback(weight, at_once):
            return _back(seen, handle, before, weight, at_once=at_once)
        case _:
            return None


def _begun(seen: Seen, handle: Json) -> bool:
    return place_of(seen.target, handle["name"]) is not None or _swapped(seen, handle)


def _swapped(seen: Seen, handle: Json) -> bool:
    return bool(predictor_of(seen.target).get("name") == handle["name"])


def _begin(seen: Seen, handle: Json, before: Json, weight: int) -> Write:
    """The canary at its weight, in one patch; with --swap the stable side gives a replica in the same."""
    entry = {"trafficPercent": weight, "predictor": {**handle["entry"], "minReplicas": handle["first"]}}
    tests = guards(("/spec/predictor", before["predictor"]), (_LIST, before["canary"]))
    body: list[Json] = [{"op": "add", "path": _LIST, "value": [entry]}]
    small = handle["size"] - handle["first"] if handle["swap"] else _least(handle, before, handle["first"])
    return _patch(seen, tests + body + _size(seen, small), f"canary {handle['name']}, {weight} %", float(weight))


def _least(handle: Json, before: Json, canary: int) -> int:
    """Before the canary is counted: KServe refuses one that is larger than the stable side's minReplicas."""
    return max(int(before["predictor"].get("minReplicas", 1)), canary)


# --- up ---------------------------------------------------------------------------------------------------------------


def _shift(seen: Seen, handle: Json, before: Json, percent: int) -> Step:
    at = _place(seen, handle)
    if seen.configured > percent:
        return _weight(seen, at, percent)
    if step := _grown(seen, handle, before, enough(percent, handle["size"])):
        return step
    if seen.configured != percent:
        return _weight(seen, at, percent)
    return taken_over(seen)


def _grown(seen: Seen, handle: Json, before: Json, need: int) -> Step:
    """So many replicas of the canary: written, and waited for."""
    at = _place(seen, handle)
    there = int(entries(seen.target)[at]["predictor"].get("minReplicas") or 0)
    canary = max(there, need)
    stable = _held(handle["floor"], before, canary)
    if canary != there or _minimum(seen) < stable:
        path = f"{_LIST}/{at}/predictor/minReplicas"
        body = _guarded(seen, at) + _replace(path, there, canary) + _size(seen, stable)
        return _patch(seen, body, _sized(handle, canary, grows=canary != there))
    ready = seen.canary.ready or 0 if seen.canary else 0
    if ready < need:
        return Wait(f"{ready} of {need} replicas of {handle['name']} are ready", pods=True)
    return None


def _sized(handle: Json, canary: int, *, grows: bool) -> str:
    kept = f"the old version keeps {handle['floor']}"
    return f"{canary} replicas of {handle['name']}, and {kept}" if grows else f"{kept} replicas"


def _promote(seen: Seen, handle: Json, before: Json) -> Step:
    """Full size, then all requests. The old version stays, ready to take them back, until it is retired."""
    if _swapped(seen, handle):
        return taken_over(seen)
    return _shift(seen, handle, before, 100)


def _swap(seen: Seen, handle: Json, before: Json) -> Step:
    """The canary's predictor becomes the stable one and leaves the list, in one patch."""
    if _swapped(seen, handle):
        return taken_over(seen)
    at = _place(seen, handle)
    if seen.configured < 100:
        raise Drift(f"{seen.stable.name} still gets requests: it is kept", "promote first")
    if step := _grown(seen, handle, before, handle["size"]):
        return step
    stable, canary = predictor_of(seen.target), entries(seen.target)[at]["predictor"]
    if kept := inherited(stable, canary):
        raise Drift(f"the pods of {handle['name']} would start anew: {', '.join(kept)} is from the old version")
    tests = guards(("/spec/predictor", stable), (_LIST, entries(seen.target)))
    new: Json = {"op": "replace", "path": "/spec/predictor", "value": promoted(canary, before["predictor"])}
    return _patch(seen, [*tests, new, _leave(seen, at, before)], f"{handle['name']} becomes the stable version")


# --- down -------------------------------------------------------------------------------------------------------------


def _back(seen: Seen, handle: Json, before: Json, percent: int, *, at_once: bool) -> Step:
    if _swapped(seen, handle):
        old = handle["stable"] or "the old version"
        raise Refused(f"KServe has deleted the pods of {old} at the swap", "begin a rollout back to it")
    at = place_of(seen.target, handle["name"])
    if at is not None and seen.configured > percent:
        return _requests_back(seen, at, handle, before, percent, at_once=at_once)
    if percent:
        return taken_over(seen)
    if at is not None and seen.canary and seen.canary.ready and not seen.applied:
        return Wait(seen.waiting)
    return _gone(seen, at, before) or taken_over(seen)


def _requests_back(seen: Seen, at: int, handle: Json, before: Json, percent: int, *, at_once: bool) -> Step:
    """As many as the stable side can take now; all of them when its replicas are there, or when none are coming."""
    hold, ready = handle["hold"], seen.stable.ready or 0
    if at_once or ready >= hold or not (seen.canary and seen.canary.ready):
        return _weight(seen, at, percent)
    canary = int(entries(seen.target)[at]["predictor"].get("minReplicas") or 0)
    stable = _held(hold, before, canary)
    now = min(int(seen.configured), max(percent, floor_of(ready, hold)))
    if _minimum(seen) < stable or now < seen.configured:
        raised = _size(seen, max(stable, _minimum(seen)))
        body = _guarded(seen, at) + _percent(seen, at, now) + raised
        return _patch(seen, body, f"{now} % to {handle['name']}: {ready} of {hold} of the old version", float(now))
    wanted = seen.stable.replicas  # None where nobody may know: then nobody waits
    behind = wanted is not None and wanted < min(hold, left_to_stable(seen.target))
    if behind or seen.objects["coming"]["pods"]:
        return Wait(f"{ready} of {hold} replicas of the old version are ready to take all requests", pods=True)
    return _weight(seen, at, percent)


def _gone(seen: Seen, at: int | None, before: Json) -> Write | None:
    """The canary leaves the list, and the stable predictor is as it was."""
    stable, old = predictor_of(seen.target), before["predictor"]
    same = covers(version(stable), version(old))
    if at is None and same and stable.get("minReplicas") == old.get("minReplicas"):
        return None
    tests = guards(("/spec/predictor", stable), (_LIST, seen.target["spec"].get("canary")))
    body: list[Json] = [] if at is None else [_leave(seen, at, before)]
    if same:
        body += _size(seen, old.get("minReplicas"))
    else:
        body.append({"op": "replace", "path": "/spec/predictor", "value": old})
    return _patch(seen, tests + body, "the canary is taken away, the old version is as it was")


def _leave(seen: Seen, at: int, before: Json) -> Json:
    """Out of the list; the list itself goes where there was none."""
    alone = len(entries(seen.target)) == 1 and before["canary"] is None
    return {"op": "remove", "path": _LIST if alone else f"{_LIST}/{at}"}


# --- one patch --------------------------------------------------------------------------------------------------------


def _weight(seen: Seen, at: int, percent: int) -> Write:
    name = entries(seen.target)[at]["predictor"]["name"]
    body = _guarded(seen, at) + _percent(seen, at, percent)
    return _patch(seen, body, f"{percent} % to {name}", float(percent))


def _percent(seen: Seen, at: int, percent: int) -> list[Json]:
    """Under the guard of `_guarded`; nothing where it stands."""
    path = f"{_LIST}/{at}/trafficPercent"
    return [] if seen.configured == percent else [{"op": "replace", "path": path, "value": percent}]


def _patch(seen: Seen, operations: list[Json], why: str, weight: float | None = None) -> Write:
    head = guards(("/metadata/uid", seen.target["metadata"]["uid"]))
    tests = [one for one in operations if one["op"] == "test"]
    changes = [one for one in operations if one["op"] != "test"]
    return Write(
        "json-patch", ref_of(seen.target, KIND, "isvc"), seen.target, head + tests + changes, why, weight=weight
    )


def _guarded(seen: Seen, at: int) -> list[Json]:
    """It is this canary that is changed, at the weight that was read."""
    one = entries(seen.target)[at]
    where = f"{_LIST}/{at}"
    return guards(
        (f"{where}/predictor/name", one["predictor"]["name"]), (f"{where}/trafficPercent", one["trafficPercent"])
    )


def _replace(path: str, old: Any, new: Any) -> list[Json]:
    """A value under a guard of its own, unless it stands."""
    return [] if old == new else [*guards((path, old)), {"op": "replace", "path": path, "value": new}]


def _size(seen: Seen, replicas: int | None) -> list[Json]:
    """minReplicas of the stable predictor; None takes the field away."""
    old = predictor_of(seen.target).get("minReplicas")
    if old == replicas or (old is None and replicas == 1):
        return []
    tests = guards((_MIN, old))
    change: Json = {"op": "remove", "path": _MIN}
    return [*tests, change if replicas is None else {"op": "add", "path": _MIN, "value": replicas}]


def _minimum(seen: Seen) -> int:
    return int(predictor_of(seen.target).get("minReplicas", 1))


def _held(hold: int, before: Json, canary: int) -> int:
    """minReplicas with which the stable side has at least so many while the canary counts that many."""
    old = before["predictor"]
    return stable_min(int(old.get("minReplicas", 1)), canary, hold, int(old.get("maxReplicas") or 0))


def _place(seen: Seen, handle: Json) -> int:
    at = place_of(seen.target, handle["name"])
    if at is None:
        raise Drift(f"the canary {handle['name']} is gone from isvc/{seen.target['metadata']['name']}")
    return at
