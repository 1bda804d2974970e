"""Gateway API: the weights of two backendRefs of an HTTPRoute, Services or InferencePools.

A weight is a share of its rule's sum. Both lists are atomic, so one weight is written by a JSON patch, which tests what
it changes. https://gateway-api.sigs.k8s.io/api-types/httproute/
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.behind import fingerprint, look_behind, side
from k8sai.canary.backends.destinations import Destination, kept, named
from k8sai.canary.backends.httproute_next import KIND, next_step, splits
from k8sai.canary.backends.httproute_rules import destinations, find, namespace_of, rules, shape, split, weight_of
from k8sai.canary.facts import Json, Prepared, Seen, Wish
from k8sai.errors import NotFound, Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


class HttpRoute:
    """`httproute/chat --to svc/chat-v2`."""

    name = "httproute"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("httproute", "httproutes")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return any(rule.get("backendRefs") for rule in rules(target))

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        at = _rule(target, wish)
        canary = _wished(target, wish, read)
        stable = _only(target, at, canary)
        return _thought_through(target, [at], stable, canary, read)

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return _followed(target, handle, read) if handle else _guessed(target, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def _rule(route: Json, wish: Wish) -> int:
    """The rule that is meant. Raises Usage."""
    there = [at for at, rule in enumerate(rules(route)) if rule.get("backendRefs")]
    if len(there) != 1:
        raise Usage(f"httproute/{route['metadata']['name']} has {len(there)} rules with backends", "--rule NAME")
    return there[0]


def _wished(route: Json, wish: Wish, read: "Reading") -> Destination:
    """Raises Usage, NotFound."""
    if not wish.to:
        raise Usage("an HTTPRoute chooses between versions that are there", "--to svc/NAME or --to inferencepool/NAME")
    found = named(wish.to, namespace_of(route), read)
    if read.get(found.plural, found.namespace, found.name) is None:
        raise NotFound(f"there is no {found.title} in namespace {found.namespace}")
    return found


def _only(route: Json, at: int, canary: Destination) -> Destination:
    """The one that gets the requests now. Raises Refused."""
    rule = rules(route)[at]
    weighed = zip(destinations(rule, namespace_of(route)), rule["backendRefs"], strict=True)
    given = [to for to, ref in weighed if weight_of(ref)]
    if len(given) != 1 or given[0].same(canary):
        names = ", ".join(to.title for to in given) or "nobody"
        raise Refused(f"requests go to {names} already: a rollout begins with one side", "set the other weights to 0")
    return given[0]


def _thought_through(
    route: Json, places: list[int], stable: Destination, canary: Destination, read: "Reading"
) -> Prepared:
    found = [split(route, at, stable, canary) for at in places]
    handle: Json = {
        "stable": stable.document,
        "canary": canary.document,
        "rules": [{"at": one.at, "name": one.name} for one in found],
        "shape": shape(route, places, stable, canary),
        "versions": {word: fingerprint(look_behind(to, read)) for word, to in (("stable", stable), ("canary", canary))},
    }
    weights = [{"at": one.at, "name": one.name, "stable": one.weight(one.stable)} for one in found]
    return Prepared(handle, {"rules": weights, "spec": route["spec"]})


def _followed(route: Json, handle: Json, read: "Reading") -> Seen:
    """The two sides of a rollout."""
    stable, canary = kept(handle["stable"]), kept(handle["canary"])
    percent = max(one.percent for one in splits(route, handle))
    behind = {"stable": look_behind(stable, read), "canary": look_behind(canary, read)}
    drift = _drift(route, handle, {word: fingerprint(one) for word, one in behind.items()})
    waiting = not_taken_over(route)
    return Seen(
        route,
        side(stable, behind["stable"], 100 - percent),
        side(canary, behind["canary"], percent),
        applied=not waiting,
        waiting=waiting,
        drift=tuple(drift),
    )


def _drift(route: Json, handle: Json, versions: dict[str, str]) -> list[str]:
    sides = {word: kept(handle[word]) for word in ("stable", "canary")}
    places = list(find(route, handle["rules"]))
    said = [
        f"the version behind {sides[word].title} is another one than when the rollout began"
        for word, now in versions.items()
        if now and handle["versions"][word] and now != handle["versions"][word]
    ]
    if shape(route, places, sides["stable"], sides["canary"]) != handle["shape"]:
        said.append(f"httproute/{route['metadata']['name']} has other rules than when the rollout began")
    return said


def _guessed(route: Json, read: "Reading") -> Seen:
    """Without a rollout: the one with the greatest weight is the old side, the next the new one."""
    rule = next(rule for rule in rules(route) if rule.get("backendRefs"))
    weighed = zip(destinations(rule, namespace_of(route)), map(weight_of, rule["backendRefs"]), strict=True)
    ranked = sorted(weighed, key=lambda one: -one[1])[:2]
    total = sum(weight for _, weight in ranked) or 1
    sides = [side(to, look_behind(to, read), 100 * weight / total) for to, weight in ranked]
    waiting = not_taken_over(route)
    return Seen(route, sides[0], sides[1] if sides[1:] else None, applied=not waiting, waiting=waiting)


def not_taken_over(route: Json) -> str:
    """Which gateway has not taken the route over as it is written now, and why; "" where all have."""
    parents = (route.get("status") or {}).get("parents") or []
    if not parents:
        return "no gateway has taken the route over"
    for parent in parents:
        for kind in ("Accepted", "ResolvedRefs"):
            if said := _lacking(parent, kind, route["metadata"].get("generation")):
                return f"gateway {parent['parentRef']['name']}: {said}"
    return ""


def _lacking(parent: Json, kind: str, generation: int | None) -> str:
    found = next((one for one in parent.get("conditions") or () if one["type"] == kind), None)
    if found is None or found.get("observedGeneration") != generation:
        return f"{kind} is not yet said of generation {generation}"
    return "" if found["status"] == "True" else f"{found.get('reason', kind)}: {found.get('message', '')}"
