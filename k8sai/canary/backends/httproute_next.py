"""What is written on an HTTPRoute on the way to a goal: both weights of every listed rule in one guarded patch."""

from collections.abc import Callable, Iterator
from typing import Final

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Step, Wait, Write, guards
from k8sai.canary.backends.destinations import kept
from k8sai.canary.backends.httproute_rules import Split, find, namespace_of, split
from k8sai.canary.backends.percents import weights_for
from k8sai.canary.facts import Json, Ref, Seen
from k8sai.errors import Drift

KIND: Final = "httproutes.gateway.networking.k8s.io"
Weights = Callable[[Split], tuple[int, int]]


def next_step(seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
    """The next thing to do. Raises Drift where a rule of the rollout is gone."""
    match goal:
        case Begin(_, weight) | Shift(weight):
            return _weights(seen, handle, weight) or _taken_over(seen)
        case Promote():
            return _weights(seen, handle, 100) or _taken_over(seen)
        case Rollback(weight):
            return _back(seen, handle, before, weight) or _taken_over(seen)
        case Retire():
            return _retire(seen, handle) or _taken_over(seen)
        case _:
            return None


def splits(route: Json, handle: Json) -> list[Split]:
    """The listed rules as they are. Raises Drift."""
    stable, canary = kept(handle["stable"]), kept(handle["canary"])
    found = []
    for place, one in zip(find(route, handle["rules"]), handle["rules"], strict=True):
        if place is None:
            raise Drift(f"rule {one['name'] or one['at']} of httproute/{route['metadata']['name']} is gone")
        found.append(split(route, place, stable, canary))
    return found


def _taken_over(seen: Seen) -> Wait | None:
    return None if seen.applied else Wait(seen.waiting)


def _weights(seen: Seen, handle: Json, percent: int) -> Write | None:
    """Percent of every rule."""
    return _written(seen, handle, lambda one: weights_for(percent), percent)


def _back(seen: Seen, handle: Json, before: Json, percent: int) -> Write | None:
    if percent:
        return _weights(seen, handle, percent) if seen.configured > percent else None
    old = {(one["name"], one["at"]): one for one in before["rules"]}
    places = {found.at: old[one["name"], one["at"]] for found, one in _paired(seen, handle)}
    return _written(seen, handle, lambda one: (places[one.at]["stable"], 0), 0)


def _paired(seen: Seen, handle: Json) -> Iterator[tuple[Split, Json]]:
    return zip(splits(seen.target, handle), handle["rules"], strict=True)


def _written(seen: Seen, handle: Json, wanted: Weights, percent: int) -> Write | None:
    """One patch over all rules whose weights are others; None where all stand."""
    changes = [one for one in splits(seen.target, handle) if _current(one) != wanted(one)]
    if not changes:
        return None
    tests = [op for one in changes for op in _guards(one)]
    body = [op for one in changes for op in _changed(one, wanted(one), handle, namespace_of(seen.target))]
    why = f"{percent} % to {kept(handle['canary']).title}"
    return Write("json-patch", place(seen.target), seen.target, _head(seen) + tests + body, why, weight=float(percent))


def _retire(seen: Seen, handle: Json) -> Write | None:
    """The reference to the old side goes, where the new one has everything."""
    left = [one for one in splits(seen.target, handle) if one.stable is not None]
    if any(one.percent < 100 for one in left):
        raise Drift(f"{kept(handle['stable']).title} still gets requests", "promote first")
    if not left:
        return None
    tests = [op for one in left for op in _guards(one)]
    body: list[Json] = [{"op": "remove", "path": f"{one.path}/backendRefs/{one.stable}"} for one in left]
    why = f"{kept(handle['stable']).title} is no longer referred to"
    return Write("json-patch", place(seen.target), seen.target, _head(seen) + tests + body, why)


def place(route: Json) -> Ref:
    """The route, as it is written to."""
    meta = route["metadata"]
    return Ref(KIND, namespace_of(route), meta["name"], str(meta.get("uid") or ""), "httproute")


def _head(seen: Seen) -> list[Json]:
    return guards(("/metadata/uid", seen.target["metadata"]["uid"]))


def _current(one: Split) -> tuple[int, int] | None:
    """(stable, canary); None where one is not referred to."""
    if one.stable is None or one.canary is None:
        return None
    return one.weight(one.stable), one.weight(one.canary)


def _guards(one: Split) -> list[Json]:
    """The rule and both references are who they were, and have the weights they had."""
    named = guards((f"{one.path}/name", one.name)) if one.name else []
    return named + [
        op
        for at in (one.stable, one.canary)
        if at is not None
        for ref in (one.rule["backendRefs"][at],)
        for op in guards(
            (f"{one.path}/backendRefs/{at}/name", ref["name"]),
            (f"{one.path}/backendRefs/{at}/weight", ref.get("weight")),
        )
    ]


def _changed(one: Split, weights: tuple[int, int], handle: Json, namespace: str) -> Iterator[Json]:
    refs = f"{one.path}/backendRefs"
    for side, at, weight in zip(("stable", "canary"), (one.stable, one.canary), weights, strict=True):
        if at is None:
            yield {"op": "add", "path": f"{refs}/-", "value": kept(handle[side]).ref(namespace, weight)}
        elif one.weight(at) != weight:
            yield {"op": "replace", "path": f"{refs}/{at}/weight", "value": weight}
