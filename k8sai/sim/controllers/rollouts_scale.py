"""How many pods each ReplicaSet of a Rollout is to have now, and what the route gives to each.

Source: Argo Rollouts 1.9, utils/replicaset/canary.go and rollout/trafficrouting.go.
"""

from math import ceil

from k8sai.canary.backends.rollout.counts import at_least, bounds, by_pods, by_route
from k8sai.canary.backends.rollout.steps import weight_at
from k8sai.sim.controllers.rollouts_facts import Facts, available, count, hash_of, size
from k8sai.sim.objects import Obj


def wanted(facts: Facts, weights: Obj | None) -> tuple[int, int]:
    """(new, stable) once everything is in place; without a version on its way all pods are the new one's."""
    if facts.full or not facts.status.get("stableRS") or facts.promoted:
        new, stable = facts.replicas, facts.replicas
        return (new, _stable_dynamic(facts, 100, weights) if facts.dynamic else stable) if facts.routed else (new, 0)
    weight = set_weight(facts)
    if not facts.routed:
        return by_pods(facts.replicas, weight, bounds(facts.canary, facts.replicas)[0])
    new = 0 if facts.aborted else by_route(facts.canary, facts.index, facts.replicas)
    if not facts.dynamic:
        return new, facts.replicas
    if facts.aborted and weights:
        new = max(
            at_least(facts.canary, ceil(facts.replicas * weight / 100)), _share(facts, weights["canary"]["weight"])
        )
    return new, _stable_dynamic(facts, weight, weights)


def sizes(facts: Facts) -> tuple[int, int]:
    """(new, stable) that may be asked for at once, within maxSurge and maxUnavailable where pods split the requests."""
    if facts.routed:
        return wanted(facts, facts.status.get("canary", {}).get("weights"))
    new, stable = size(facts.new), size(facts.stable)
    alone = facts.stable is None or facts.stable is facts.new
    want_new, want_stable = (facts.replicas, 0) if alone else wanted(facts, None)
    surge, unavailable = bounds(facts.canary, facts.replicas)
    held = 0 if alone else stable
    room = facts.replicas + surge - sum(size(one) for one in facts.others) - new - held
    if not alone and stable < want_stable and room > 0:
        stable, room = min(want_stable, stable + room), max(0, room - (want_stable - stable))
    if new < want_new and room > 0:
        new = min(want_new, new + room)
    if any(size(one) for one in facts.others):
        return new, stable
    rising = want_new >= size(facts.new)
    counted = (size(facts.new) if not rising else _sure(facts.new)) + (
        0 if alone else size(facts.stable) if rising else _sure(facts.stable)
    )
    spare = counted - (facts.replicas - unavailable)
    if spare <= 0:
        return new, stable
    if not rising:
        new = max(want_new, size(facts.new) - spare)
    elif not alone and size(facts.stable) > want_stable:
        stable = max(want_stable, size(facts.stable) - spare)
    return new, stable


def in_place(facts: Facts, weights: Obj | None) -> bool:
    """All pods that the step wants are there."""
    new, stable = wanted(facts, weights)
    if size(facts.new) != new or available(facts.new) != new:
        return False
    if not facts.dynamic and (size(facts.stable), count(facts.stable, "replicas")) != (stable, stable):
        return False
    return facts.routed or not any(available(one) for one in facts.others)


def set_weight(facts: Facts) -> int:
    """Percent that the step on its way asks for. With dynamicStableScale an abort goes down step by step."""
    if not facts.aborted:
        return weight_at(facts.steps, facts.index)
    if not facts.dynamic:
        return 0
    pods = max(facts.replicas - available(facts.stable), available(facts.new))
    down = [int(step["setWeight"]) for step in reversed(facts.steps) if "setWeight" in step]
    return next((one for one in down if _share(facts, one) < pods), 0)


def route(facts: Facts) -> Obj | None:
    """`status.canary.weights`; None where pods split the requests."""
    if not facts.routed:
        return None
    before: Obj | None = (facts.status.get("canary") or {}).get("weights")
    weight, version = _weight(facts, before), hash_of(facts.new)
    if before and facts.promoted and weight:
        version = before["canary"]["podTemplateHash"]
    if available(facts.stable) < (100 - weight) * facts.replicas // 100:
        return before
    return {
        "canary": _destination(weight, version, facts.canary.get("canaryService")),
        "stable": _destination(100 - weight, hash_of(facts.stable), facts.canary.get("stableService")),
    }


def _weight(facts: Facts, before: Obj | None) -> int:
    now = int(before["canary"]["weight"]) if before else 0
    if facts.promoted:
        left = before is not None and before["canary"]["podTemplateHash"] != hash_of(facts.new)
        return _falling(facts, 0, now) if facts.dynamic and left and available(facts.new) < facts.replicas else 0
    if facts.aborted:
        return _falling(facts, set_weight(facts), now) if facts.dynamic else 0
    if not available(facts.new):
        return 0
    if facts.full:
        return 100 * available(facts.new) // facts.replicas if facts.dynamic else now
    if not in_place(facts, None):
        return weight_at(facts.steps, facts.index - 1) if facts.index else 0
    return weight_at(facts.steps, facts.index)


def _falling(facts: Facts, to: int, now: int) -> int:
    """With dynamicStableScale no more goes back than the stable side has pods for."""
    ready = 100 * available(facts.stable) // facts.replicas
    if to <= 0:
        return min(max(0, 100 - ready), now)
    return now if ready < 100 - to else min(to, now)


def _stable_dynamic(facts: Facts, weight: int, weights: Obj | None) -> int:
    """For the higher of what it gets and what it is to get."""
    least = _share(facts, 100 - weight)
    return at_least(facts.canary, max(least, _share(facts, weights["stable"]["weight"])) if weights else least)


def _share(facts: Facts, weight: int) -> int:
    return ceil(facts.replicas * weight / 100)


def _sure(replicaset: Obj | None) -> int:
    """Available pods that will stay."""
    return min(size(replicaset), available(replicaset))


def _destination(weight: int, version: str, service: str | None) -> Obj:
    found: Obj = {"podTemplateHash": version, "weight": weight}
    return found | ({"serviceName": service} if service else {})
