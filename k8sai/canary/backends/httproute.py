"""Gateway API: the weights of two backendRefs of an HTTPRoute, Services or InferencePools.

A weight is a share of its rule's sum. Both lists are atomic, so one weight is written by a JSON patch, which tests what
it changes. https://gateway-api.sigs.k8s.io/api-types/httproute/
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.behind import Behind, fingerprint, look_behind, side, wanted
from k8sai.canary.backends.destinations import Destination, kept
from k8sai.canary.backends.httproute_choose import chosen, new_side, old_side, port_of
from k8sai.canary.backends.httproute_headers import twins
from k8sai.canary.backends.httproute_next import next_step
from k8sai.canary.backends.httproute_patch import KIND
from k8sai.canary.backends.httproute_rules import (
    destinations,
    gone,
    namespace_of,
    rules,
    shape,
    splits,
    weight_of,
)
from k8sai.canary.backends.httproute_status import not_taken_over
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.sizing import demand, needed, workloads
from k8sai.canary.facts import Json, Prepared, Seen, Wish

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_SIDES = ("stable", "canary")


class HttpRoute:
    """`httproute/chat --to svc/chat-v2`."""

    name = "httproute"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("httproute", "httproutes")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return any(rule.get("backendRefs") for rule in rules(target))

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        refuse_owned(target, "httproute", read)
        places, canary = chosen(target, wish), new_side(target, wish, read)
        stable = old_side(target, places, canary)
        handle: Json = {
            "stable": stable.document,
            "canary": port_of(canary, stable, read).document,
            "rules": [{"at": at, "name": rules(target)[at].get("name") or ""} for at in places],
            "headers": dict(wish.headers),
            "twins": twins(target, places, wish.headers),
            "warm": wish.warm_replicas or 0,
        }
        return _prepared(target, handle, _behind(handle, read))

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return _followed(target, handle, _behind(handle, read)) if handle else _guessed(target, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def _behind(handle: Json, read: "Reading") -> dict[str, Behind]:
    return {word: look_behind(kept(handle[word]), read) for word in _SIDES}


def _prepared(route: Json, handle: Json, behind: dict[str, Behind]) -> Prepared:
    """With the fingerprints of what is to stay as it is."""
    versions = {word: fingerprint(one) for word, one in behind.items()}
    stable, canary = behind["stable"].one, behind["canary"].one
    full = needed(stable, canary, 100)
    first = max(handle["warm"], needed(stable, canary, 1))
    return Prepared(
        handle | {"shape": shape(route, handle), "versions": versions},
        {"rules": list(_weights(route, handle)), "replicas": wanted(canary) if canary else None, "spec": route["spec"]},
        demand=demand(stable, canary, first, "the canary"),
        peak=demand(stable, canary, full, "the canary at full size, before all requests"),
        notes=tuple(_notes(route, handle, behind)),
    )


def _weights(route: Json, handle: Json) -> Iterator[Json]:
    """Of each rule, as they are before."""
    for one in splits(route, handle):
        assert one.stable is not None
        canary = None if one.canary is None else one.weight(one.canary)
        yield {
            **one.known,
            "stable": one.weight(one.stable),
            "canary": canary,
            "ref": one.rule["backendRefs"][one.stable],
        }


def _notes(route: Json, handle: Json, behind: dict[str, Behind]) -> Iterator[str]:
    stable, canary = kept(handle["stable"]), kept(handle["canary"])
    if canary.kind == "InferencePool":
        yield "not every gateway honours weights of InferencePools: the split is measured"
    if any(one.rule.get("sessionPersistence") for one in splits(route, handle)):
        yield "sessions stay with the side they began on: what is measured follows the weights late"
    if behind["canary"].scaler:
        yield f"{canary.title} is scaled by hpa/{behind['canary'].scaler}: replicas follow its load, not the weights"
    yield f"{stable.title} and its pods stay after the promotion: what they hold is given back by whoever made them"


def _followed(route: Json, handle: Json, behind: dict[str, Behind]) -> Seen:
    """The two sides of a rollout."""
    percent = max((one.percent for one in splits(route, handle)), default=0.0)
    sides = {
        word: side(kept(handle[word]), behind[word], share, namespace_of(route))
        for word, share in (("stable", 100 - percent), ("canary", percent))
    }
    waiting = not_taken_over(route)
    return Seen(
        route,
        sides["stable"],
        sides["canary"],
        applied=not waiting,
        waiting=waiting,
        drift=tuple(_drift(route, handle, behind)),
        objects=workloads(behind["stable"], behind["canary"]),
    )


def _drift(route: Json, handle: Json, behind: dict[str, Behind]) -> Iterator[str]:
    name = f"httproute/{route['metadata']['name']}"
    for word, one in behind.items():
        then, now = handle["versions"][word], fingerprint(one)
        if then and now and then != now:
            yield f"the version behind {kept(handle[word]).title} is another one than when the rollout began"
    lost = gone(route, handle)
    yield from (f"rule {one} of {name} is gone" for one in lost)
    if not lost and shape(route, handle) != handle["shape"]:
        yield f"{name} has other rules than when the rollout began"
    shares = {one.title: one.percent for one in splits(route, handle)}
    if len(set(shares.values())) > 1:
        yield f"the rules of {name} give the canary " + ", ".join(f"{one} {much:g} %" for one, much in shares.items())


def _guessed(route: Json, read: "Reading") -> Seen:
    """Without a rollout: the one with the greatest weight is the old side, the next the new one."""
    ranked = _ranked(route)[:2]
    total = sum(weight for _, weight in ranked) or 1
    sides = [side(to, look_behind(to, read), 100 * weight / total, namespace_of(route)) for to, weight in ranked]
    waiting = not_taken_over(route)
    return Seen(route, sides[0], sides[1] if sides[1:] else None, applied=not waiting, waiting=waiting)


def _ranked(route: Json) -> list[tuple[Destination, int]]:
    rule = next(rule for rule in rules(route) if rule.get("backendRefs"))
    weighed = zip(destinations(rule, namespace_of(route)), map(weight_of, rule["backendRefs"]), strict=True)
    return sorted(weighed, key=lambda one: -one[1])
