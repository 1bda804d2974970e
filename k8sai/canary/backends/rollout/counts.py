"""How many pods a Rollout's weight makes of each side, and how many more than now that is on the way.

As the controller counts them: utils/replicaset/canary.go of Argo Rollouts 1.9.
"""

from collections.abc import Sequence
from math import ceil, floor

from k8sai.canary.backends.rollout.steps import weight_at
from k8sai.canary.facts import Json


def by_pods(replicas: int, weight: int, surge: int) -> tuple[int, int]:
    """(canary, stable) where pods alone split the requests: the counts whose share is nearest to the weight.

    They sum to `replicas`, or to one more where there may be surge. From 1 to 99 % no side is empty, but for the canary
    where no surge is allowed, its share lies halfway between two counts, and the upper one would be all.
    """
    if replicas == 0:
        return 0, 0
    up, down = ceil(replicas * weight / 100), floor(replicas * weight / 100)
    empty = weight in (0, 100) or (replicas == 1 and not surge)
    options = [(up, replicas)] if up < replicas or empty else []
    if not _tied(replicas, weight) and (down or empty):
        options.append((down, replicas))
    if surge:
        options.append((up, replicas + 1))
        if not _tied(replicas + 1, weight) and (down or empty):
            options.append((down, replicas + 1))
    canary, total = min(options or [(0, replicas)], key=lambda one: abs(one[0] * 100 / one[1] - weight))
    return canary, total - canary


def by_route(canary: Json, index: int, replicas: int) -> int:
    """Pods of the canary at a step where a route splits the requests; the stable side keeps all of its own."""
    steps = canary.get("steps") or []
    scale = _scale(steps, index)
    if scale is not None and scale.get("replicas") is not None:
        return int(scale["replicas"])
    weight = scale["weight"] if scale is not None and scale.get("weight") is not None else weight_at(steps, index)
    return at_least(canary, ceil(replicas * int(weight) / 100))


def at_least(canary: Json, count: int) -> int:
    """With minPodsPerReplicaSet."""
    return max(count, int(canary.get("minPodsPerReplicaSet") or 0)) if count else 0


def bounds(canary: Json, replicas: int) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods; a share of surge is rounded up, of unavailability down."""
    surge = ceil(_pods(canary.get("maxSurge"), replicas))
    unavailable = floor(_pods(canary.get("maxUnavailable"), replicas))
    return surge, unavailable or (0 if surge else 1)


def beside(canary: Json, replicas: int, first: int, last: int) -> int:
    """The most pods beyond `replicas` while the steps `first` to `last` are walked; behind the last all are new."""
    walked = range(first, last + 1)
    if not canary.get("trafficRouting"):
        surge, unavailable = bounds(canary, replicas)
        weights = [weight_at(canary.get("steps") or [], index) for index in walked]
        most = max((by_pods(replicas, weight, surge)[0] for weight in weights), default=0)
        return max(0, min(most, surge + unavailable) - unavailable)
    counts = [_routed(canary, index, replicas) for index in walked]
    if not canary.get("dynamicStableScale"):
        return max((new for new, _ in counts), default=0)
    before = [_routed(canary, first - 1, replicas)[1] if first else replicas, *(old for _, old in counts)]
    return max((new + old - replicas for (new, _), old in zip(counts, before, strict=False)), default=0)


def _routed(canary: Json, index: int, replicas: int) -> tuple[int, int]:
    """(canary, stable) at a step, the stable side as small as dynamicStableScale makes it."""
    steps: Sequence[Json] = canary.get("steps") or []
    if index >= len(steps):
        return replicas, 0
    stable = at_least(canary, ceil(replicas * (100 - weight_at(steps, index)) / 100))
    return by_route(canary, index, replicas), stable


def _scale(steps: Sequence[Json], index: int) -> Json | None:
    """The setCanaryScale that holds at a step."""
    if index >= len(steps):
        return None
    found = next((step["setCanaryScale"] for step in reversed(steps[: index + 1]) if "setCanaryScale" in step), None)
    return None if found is None or found.get("matchTrafficWeight") else dict(found)


def _tied(total: int, weight: int) -> bool:
    return (total * weight) % 100 == 50


def _pods(value: int | str | None, replicas: int) -> float:
    """25 % where nothing is said; a text is a percentage."""
    text = "25%" if value is None else value
    return text if isinstance(text, int) else replicas * int(text.rstrip("%")) / 100
