"""KServe in Knative mode: what is written on the way to a goal, always model and percent in one patch.

Three things of the controller decide what is safe. Without a percent everything goes to the latest revision that is
ready. A revision counts as rolled out once it has had 100 %, and then the percent splits against the one before only
after that is told to go back. Text written anew is a new revision, whatever it says.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go
"""

from typing import Final

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.kserve_knative.seen import AT, PERCENT, percent_of, predictor_of, told, version_of
from k8sai.canary.backends.percents import checked
from k8sai.canary.backends.steps import look, ref_of, taken_over
from k8sai.canary.facts import Json, Ref, Seen
from k8sai.canary.wishes import operations
from k8sai.errors import Drift, Refused

KIND: Final = "inferenceservices.serving.kserve.io"
_WARM: Final = 99  # percent of the canary at which the old revision is in the route again, so that its pods come back


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift, Refused."""
    match goal:
        case Begin(_, weight):
            return _begin(seen, handle, before, checked(weight))
        case Shift(weight):
            return _shift(seen, handle, checked(weight))
        case Promote():
            return _promote(seen, handle)
        case Rollback(weight, all_at_once):
            return _back(seen, handle, before, checked(weight), all_at_once=all_at_once)
        case Restore():
            return _restore(seen, handle, before)
        case Retire():
            return None  # what no route names gives its pods back by itself


# --- up ---------------------------------------------------------------------------------------------------------------


def _begin(seen: Seen, handle: Json, before: Json, weight: int) -> Step:
    target = seen.target
    if _ours(seen, handle):
        if percent_of(target) is None:
            raise Drift(f"{_title(seen)} has the new model and no percent: everything goes to it", look(_ref(seen)))
        return Wait(seen.waiting) if seen.canary is None or not seen.applied else None
    if predictor_of(target) != before["predictor"]:
        raise Drift(f"spec.predictor of {_title(seen)} is not what was looked at: nothing was written", "start again")
    if weight and told(target, "latestReadyRevision") != handle["stable"]:
        raise Refused(
            f"until the new revision is ready, {weight} % would go to {told(target, 'latestReadyRevision')}",
            "begin at 0 %",
        )
    new: Json = {**handle["new"], PERCENT: weight}
    why = f"the new model and {weight} % of the requests for it, in one write"
    return _write(seen, handle, operations(predictor_of(target), new, "/spec/predictor"), why, weight)


def _shift(seen: Seen, handle: Json, weight: int) -> Step:
    old = _split(seen, handle)
    if weight == old:
        return _up(seen) or taken_over(seen)
    if weight > old and (wait := _up(seen)):
        return wait
    if percent_of(seen.target) is None:
        raise Drift(f"{_title(seen)} has no {PERCENT} any more: everything goes to the new model", look(_ref(seen)))
    return _percent(seen, handle, weight, f"{weight} % of the requests to {_canary(seen)}")


def _promote(seen: Seen, handle: Json) -> Step:
    _split(seen, handle)
    if percent_of(seen.target) is not None:
        if wait := _up(seen):
            return wait
        why = f"everything to {_canary(seen)}: without a percent the latest revision gets all"
        return _write(seen, handle, [{"op": "remove", "path": AT}], why, 100)
    if not seen.applied or seen.route != 100:
        return Wait(seen.waiting or f"{_canary(seen)} does not get everything yet")
    if told(seen.target, "latestRolledoutRevision") != _canary(seen):
        return Wait(f"KServe does not count {_canary(seen)} as rolled out yet")
    return None


def _split(seen: Seen, handle: Json) -> int:
    """The canary's percent. Raises Drift where the two versions are not those of the rollout."""
    if not _ours(seen, handle) or seen.canary is None:
        raise Drift(f"{_title(seen)} does not have the new model of the rollout", look(_ref(seen)))
    percent = percent_of(seen.target)
    return 100 if percent is None else percent


def _up(seen: Seen) -> Wait | None:
    """The latest revision that is ready gets the percent: until it is the canary, that is the old one."""
    if seen.objects["canary"]["ready"]:
        return None
    return Wait(f"revision {_canary(seen)} is not ready", pods=True)


# --- back -------------------------------------------------------------------------------------------------------------


def _back(seen: Seen, handle: Json, before: Json, weight: int, *, all_at_once: bool) -> Step:
    percent = percent_of(seen.target)
    if seen.canary is None and (percent == 0 or not _ours(seen, handle)):
        return None  # no new revision, and one that is still made gets nothing
    if _restored(seen, handle, before) and not before["pinned"]:
        return _whole(seen)
    if not _pinnable(seen, handle):
        return _anew(seen, handle, before, weight)
    if percent is not None and percent <= weight:
        return taken_over(seen) or _pinned(seen, handle, percent)
    if not weight and not all_at_once and not seen.objects["stable"]["up"]:
        if percent in (None, 100):  # no route names it, so its pods have gone
            why = f"1 % to {handle['stable']}, so that it has its pods back before it gets everything"
            return _percent(seen, handle, _WARM, why)
        return Wait(f"revision {handle['stable']} has no pod that is ready", pods=True)
    return _percent(seen, handle, weight, _why_back(handle, weight))


def _why_back(handle: Json, weight: int) -> str:
    if weight:
        return f"back to {weight} % for the new model"
    return f"everything to {handle['stable']}; the new model stays in the text, pinned at 0 %: removing it promotes"


def _pinnable(seen: Seen, handle: Json) -> bool:
    """A percent splits against the old revision: it counts as rolled out, or will again once it is told to go back."""
    stable, rolled = handle["stable"], told(seen.target, "latestRolledoutRevision")
    if seen.objects["stable"]["gone"]:
        return False
    latest = told(seen.target, "latestReadyRevision")
    turns = rolled == latest == told(seen.target, "latestCreatedRevision")
    return rolled == stable or (turns and told(seen.target, "previousRolledoutRevision") == stable)


def _pinned(seen: Seen, handle: Json, percent: int) -> Wait | None:
    """KServe turns back to the revision before in a second look."""
    if told(seen.target, "latestRolledoutRevision") == handle["stable"]:
        return None
    return Wait(f"{100 - percent} % does not go to {handle['stable']} yet")


def _anew(seen: Seen, handle: Json, before: Json, weight: int) -> Step:
    """The old text as it was: a new revision, which takes over when it is ready."""
    if weight or before["pinned"]:
        raise Refused(
            f"revision {handle['stable']} cannot be gone back to: KServe does not split against it any more",
            "write the old model into spec.predictor by hand: a new revision takes over when it is ready",
        )
    why = f"{handle['stable']} cannot be gone back to: the old text starts a new revision, which then gets everything"
    return _text(seen, before["predictor"], why)


def _restore(seen: Seen, handle: Json, before: Json) -> Step:
    if before["pinned"]:
        raise Refused(
            f"what was there before is a version that had been rolled back: {_title(seen)} stays pinned",
            "`k8sai canary start` with the model that is wanted",
        )
    if _restored(seen, handle, before):
        return _whole(seen)
    if version_of(seen.target, handle) == "old":
        if wait := _latest(seen):
            return wait
        return _text(seen, before["predictor"], "the revision of the old text is ready: no percent any more")
    percent = percent_of(seen.target)
    if percent != 0:
        raise Drift(f"{_title(seen)} is not pinned at 0 %: its text may not be changed", look(_ref(seen)))
    why = "the old text, pinned: a third revision starts, on GPUs of its own, and gets nothing until it is ready"
    return _text(seen, {**handle["old"], PERCENT: percent}, why)


def _restored(seen: Seen, handle: Json, before: Json) -> bool:
    """All of the text is as it was before the rollout."""
    same = percent_of(seen.target) == before["predictor"].get(PERCENT)
    return same and version_of(seen.target, handle) == "old"


def _latest(seen: Seen) -> Wait | None:
    """The latest revision is ready, and it is not the canary: without a percent it would get everything."""
    created = told(seen.target, "latestCreatedRevision")
    if created == _canary(seen):
        return Wait("KServe has not made the revision of the old text")
    if told(seen.target, "latestReadyRevision") != created or not seen.applied:
        return Wait(seen.waiting or f"revision {created} is not ready", pods=True)
    return None


def _whole(seen: Seen) -> Wait | None:
    """The revision of the old text has everything."""
    created = told(seen.target, "latestCreatedRevision")
    if wait := _latest(seen):
        return wait
    if told(seen.target, "latestRolledoutRevision") == created:
        return None
    return Wait(f"KServe does not count {created} as rolled out yet")


# --- written ----------------------------------------------------------------------------------------------------------


def _ours(seen: Seen, handle: Json) -> bool:
    return version_of(seen.target, handle) == "new"


def _percent(seen: Seen, handle: Json, weight: int, why: str) -> Write:
    op = "add" if percent_of(seen.target) is None else "replace"
    return _write(seen, handle, [{"op": op, "path": AT, "value": weight}], why, weight)


def _write(seen: Seen, handle: Json, body: list[Json], why: str, weight: int) -> Write:
    """Bound to the text as it was read, to the percent, and to the revision that KServe splits against."""
    rolled = "/status/components/predictor/latestRolledoutRevision"
    tests = _tests(seen) + guards((rolled, told(seen.target, "latestRolledoutRevision") or None))
    return Write("json-patch", _ref(seen), seen.target, tests + body, why, weight=float(weight))


def _text(seen: Seen, wanted: Json, why: str) -> Write:
    body = operations(predictor_of(seen.target), wanted, "/spec/predictor")
    return Write("json-patch", _ref(seen), seen.target, _tests(seen) + body, why)


def _tests(seen: Seen) -> list[Json]:
    meta = seen.target["metadata"]
    return guards(
        ("/metadata/uid", meta["uid"]),
        ("/metadata/generation", meta["generation"]),
        (AT, percent_of(seen.target)),
    )


def _ref(seen: Seen) -> Ref:
    return ref_of(seen.target, KIND, "isvc")


def _canary(seen: Seen) -> str:
    return seen.canary.name if seen.canary else "the new revision"


def _title(seen: Seen) -> str:
    return _ref(seen).title
