"""A Knative Service: what is written on the way to a goal, the whole list of targets each time.

A target at 0 % keeps the min-scale of its revision: so the old one stays warm until it is retired, and the canary is
dropped from the list when everything has gone back.
"""

from dataclasses import replace
from typing import Final

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.knative.revisions import SERVICES
from k8sai.canary.backends.knative.seen import created, latest, template_of, version_of
from k8sai.canary.backends.knative.traffic import Shape, Targets, same, targets_of
from k8sai.canary.backends.percents import checked
from k8sai.canary.backends.steps import look, ref_of, taken_over
from k8sai.canary.facts import Json, Ref, Seen
from k8sai.canary.wishes import operations
from k8sai.errors import Drift, Refused

_TRAFFIC: Final = "/spec/traffic"


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift, Refused."""
    match goal:
        case Begin(_, weight):
            return _begin(seen, handle, before, checked(weight))
        case Shift(weight):
            return _shift(seen, handle, checked(weight))
        case Promote():
            return _shift(seen, handle, 100)
        case Retire():
            return _retire(seen, handle)
        case Rollback(weight, all_at_once):
            return _back(seen, handle, before, checked(weight), all_at_once=all_at_once)
        case Restore():
            return _restore(seen, handle, before)


# --- up ---------------------------------------------------------------------------------------------------------------


def _begin(seen: Seen, handle: Json, before: Json, weight: int) -> Step:
    service = seen.target
    if version_of(service, handle) == "new":
        return Wait(seen.waiting) if seen.canary is None or not seen.applied else None
    if template_of(service) != before["template"] or not same(targets_of(service), before["traffic"]):
        raise Drift(f"{_title(seen)} is not what was looked at: nothing was written", "start again")
    if weight and latest(service) != handle["stable"]:
        raise Refused(f"until the new revision is ready, {weight} % would go to {latest(service)}", "begin at 0 %")
    body = operations(template_of(service), handle["new"], "/spec/template")
    why = f"the new template, and {weight} % of the requests for it, in one write"
    return _write(seen, _shape(handle).split(handle["stable"], weight), why, weight, body)


def _shift(seen: Seen, handle: Json, weight: int) -> Step:
    _insist(seen, handle)
    if weight >= seen.configured and not seen.objects["canary"]["ready"]:
        return Wait(f"revision {_canary(seen)} is not ready", pods=True)  # until then the old one is the latest
    wanted = _shape(handle).split(handle["stable"], weight)
    if same(targets_of(seen.target), wanted):
        return taken_over(seen)
    return _write(seen, wanted, f"{weight} % of the requests to {_canary(seen)}", weight)


def _retire(seen: Seen, handle: Json) -> Step:
    _insist(seen, handle)
    wanted = _shape(handle).ended(_canary(seen))
    if same(targets_of(seen.target), wanted):
        return taken_over(seen)
    if seen.configured < 100:
        raise Drift(f"{handle['stable']} still gets requests", "promote first")
    return _write(seen, wanted, f"{handle['stable']} is in no route any more: its pods go", 100)


def _insist(seen: Seen, handle: Json) -> None:
    """Raises Drift where the two versions are not those of the rollout."""
    if version_of(seen.target, handle) != "new" or seen.canary is None:
        raise Drift(f"{_title(seen)} does not have the new template of the rollout", look(_ref(seen)))


# --- back -------------------------------------------------------------------------------------------------------------


def _back(seen: Seen, handle: Json, before: Json, weight: int, *, all_at_once: bool) -> Step:
    service, shape, stable = seen.target, _shape(handle), handle["stable"]
    if seen.canary is None and version_of(service, handle) != "new":
        return None  # it never began
    if _restored(seen, handle, before):
        return _newest(seen)
    if seen.objects["stable"]["gone"]:
        return _anew(seen, handle, before, weight)
    wanted = shape.split(stable, weight) if weight else shape.back(stable)
    if same(targets_of(service), wanted) or (weight and _percent(seen) <= weight):
        return taken_over(seen)
    if not weight and not all_at_once and not seen.objects["stable"]["up"]:
        if not seen.objects["stable"]["routed"]:
            why = f"{stable} is in the route again, at 0 %, so that it has its pods back before it gets requests"
            return _write(seen, shape.split(stable, _percent(seen)), why, _percent(seen))
        return Wait(f"revision {stable} has no pod that is ready", pods=True)
    why = f"back to {weight} % for the new template" if weight else _WHY_BACK % stable
    return _write(seen, wanted, why, weight)


_WHY_BACK: Final = "everything to %s, by its name; the new template stays: to name the latest again would promote it"


def _percent(seen: Seen) -> int:
    return round(seen.configured)


def _anew(seen: Seen, handle: Json, before: Json, weight: int) -> Step:
    """The old template as it was: a new revision, which takes over when it is ready."""
    if weight or before["pinned"]:
        raise Refused(
            f"revision {handle['stable']} is gone: nothing can be split against it",
            "write the old template into spec.template by hand, and name the latest in spec.traffic",
        )
    wanted = replace(_shape(handle), pinned=False).ended("")
    if version_of(seen.target, handle) == "old" and same(targets_of(seen.target), wanted):
        return _newest(seen)
    why = f"{handle['stable']} is gone: the old template starts a new revision, which then gets everything"
    return _template(seen, before, wanted, why)


def _restore(seen: Seen, handle: Json, before: Json) -> Step:
    if before["pinned"]:
        raise Refused(
            f"what was there before is a version that had been rolled back: {_title(seen)} stays pinned",
            "`k8sai canary start` with the version that is wanted",
        )
    if _restored(seen, handle, before):
        return _newest(seen)
    pinned = same(targets_of(seen.target), _shape(handle).back(handle["stable"]))
    if not pinned:
        raise Drift(f"{_title(seen)} does not send everything to {handle['stable']}", look(_ref(seen)))
    if version_of(seen.target, handle) == "old":
        if wait := _newest(seen):
            return wait
        return _write(seen, before["traffic"], "the revision of the old template is ready: the route as it was", 0)
    why = "the old template, pinned: a third revision starts, on GPUs of its own, and gets nothing until it is ready"
    return _template(seen, before, targets_of(seen.target), why)


def _restored(seen: Seen, handle: Json, before: Json) -> bool:
    """Template and route are as they were before the rollout."""
    return version_of(seen.target, handle) == "old" and same(targets_of(seen.target), before["traffic"])


def _newest(seen: Seen) -> Wait | None:
    """The latest revision is ready, and it is not the canary: by the route as it was it would get everything."""
    if created(seen.target) == _canary(seen):
        return Wait("Knative has not made the revision of the old template")
    if latest(seen.target) != created(seen.target) or not seen.applied:
        return Wait(seen.waiting or f"revision {created(seen.target)} is not ready", pods=True)
    return None


# --- written ----------------------------------------------------------------------------------------------------------


def _write(seen: Seen, targets: Targets, why: str, weight: int, more: list[Json] | None = None) -> Write:
    """The whole list, bound to the list and the template as they were read."""
    body = [*(more or ()), {"op": "add", "path": _TRAFFIC, "value": targets}]
    return Write("json-patch", _ref(seen), seen.target, _tests(seen) + body, why, weight=float(weight))


def _template(seen: Seen, before: Json, targets: Targets, why: str) -> Write:
    body = operations(template_of(seen.target), before["template"], "/spec/template")
    if not same(targets, targets_of(seen.target)):
        body.append({"op": "add", "path": _TRAFFIC, "value": targets})
    return Write("json-patch", _ref(seen), seen.target, _tests(seen) + body, why)


def _tests(seen: Seen) -> list[Json]:
    meta = seen.target["metadata"]
    return guards(
        ("/metadata/uid", meta["uid"]),
        ("/metadata/generation", meta["generation"]),
        (_TRAFFIC, seen.target["spec"].get("traffic")),
    )


def _shape(handle: Json) -> Shape:
    return Shape.of(handle["shape"])


def _ref(seen: Seen) -> Ref:
    return ref_of(seen.target, SERVICES, "ksvc")


def _canary(seen: Seen) -> str:
    return seen.canary.name if seen.canary else ""


def _title(seen: Seen) -> str:
    return _ref(seen).title
