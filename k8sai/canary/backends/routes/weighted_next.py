"""What is next on a weighted route's way to a goal: going up replicas come before requests, going down after them."""

from typing import Final

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Step, Wait, Write
from k8sai.canary.backends.routes.behind import wanted
from k8sai.canary.backends.routes.destinations import kept
from k8sai.canary.backends.routes.sizing import grown, resized, up
from k8sai.canary.backends.routes.weighted import Dialect, gone, title
from k8sai.canary.backends.routes.weighted_patch import Patches
from k8sai.canary.backends.steps import taken_over
from k8sai.canary.facts import Json, Seen
from k8sai.errors import Drift

ALL: Final = 100  # percent


def next_step(dialect: Dialect, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift where a rule of the rollout, or a side of it, is gone."""
    patches = Patches(dialect, seen, handle)
    match goal:
        case Begin(_, weight):
            return _warmed(seen, handle, weight) or patches.begun(weight) or taken_over(seen)
        case Shift(weight):
            _insist(dialect, seen, handle, patches)
            return _room(seen, weight) or patches.shifted(weight) or taken_over(seen)
        case Promote():
            _insist(dialect, seen, handle, patches)
            return _room(seen, ALL) or patches.shifted(ALL, ends=True) or taken_over(seen)
        case Rollback(0, all_at_once):
            return _rolled_back(seen, before, patches, all_at_once)
        case Rollback(weight):
            lower = patches.shifted(weight) if seen.configured > weight else None
            return lower or taken_over(seen)
        case Retire():
            return _retired(seen, handle, patches)
        case _:
            return None


def _insist(dialect: Dialect, seen: Seen, handle: Json, patches: Patches) -> None:
    """Raises Drift where the route has no such rule, or a rule has lost a side."""
    name = title(dialect, seen.target)
    for lost in gone(dialect, seen.target, handle):
        raise Drift(f"rule {lost} of {name} is gone")
    for one in patches.rules:
        for word, at in (("stable", one.stable), ("canary", one.canary)):
            if at is None:
                raise Drift(f"rule {one.title} of {name} does not refer to {kept(handle[word]).title} any more")


def _warmed(seen: Seen, handle: Json, weight: int) -> Write | None:
    """As many replicas as the canary begins with are asked for; nobody waits for them yet."""
    step = grown(seen, weight, handle["warm"])
    return step if isinstance(step, Write) else None


def _room(seen: Seen, weight: int) -> Write | Wait | None:
    """More requests need more replicas first."""
    return grown(seen, weight) if weight > seen.configured else None


def _rolled_back(seen: Seen, before: Json, patches: Patches, all_at_once: bool) -> Step:
    """Requests, then pods, then the text of the route."""
    return (
        (None if all_at_once else _bearable(seen))
        or patches.put_back(before)
        or taken_over(seen)
        or _shrunk(seen, before)
        or patches.forgotten(before)
    )


def _bearable(seen: Seen) -> Wait | None:
    """The old side can take everything: it has the replicas that it is to have. Not where the new one serves nobody."""
    if not seen.canary or not seen.configured or seen.canary.ready == 0:
        return None
    return up(seen.stable, seen.stable.replicas if seen.stable.replicas is not None else 1)


def _shrunk(seen: Seen, before: Json) -> Write | None:
    """The canary has no more replicas than before."""
    workload, count = seen.objects.get("canary workload"), before["replicas"]
    if workload is None or count is None or wanted(workload) <= count:
        return None
    return resized(workload, count, f"as many replicas as before: {count}")


def _retired(seen: Seen, handle: Json, patches: Patches) -> Step:
    """The old side is no longer referred to. Raises Drift where it gets requests."""
    if any(one.stable is not None and one.percent < ALL for one in patches.rules):
        raise Drift(f"{kept(handle['stable']).title} still gets requests", "promote first")
    return patches.retired() or taken_over(seen)
