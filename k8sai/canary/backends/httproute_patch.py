"""The patches of an HTTPRoute: every listed rule in one, each with the names and weights that it was read with.

A server stores the defaults of a reference, so its weight can be tested also where nobody has written one.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from k8sai.canary.backend import Write, guards
from k8sai.canary.backends.destinations import kept
from k8sai.canary.backends.httproute_headers import headed, unheaded
from k8sai.canary.backends.httproute_rules import Split, namespace_of, splits
from k8sai.canary.backends.percents import weights_for
from k8sai.canary.facts import Json, Ref, Seen

KIND: Final = "httproutes.gateway.networking.k8s.io"


def begun(seen: Seen, handle: Json, percent: int) -> Write | None:
    """Every rule refers to the canary, at this percent; requests with its headers reach it whatever the percent is."""
    rules = _off(seen, handle, percent)
    more = headed(seen.target, handle)
    body = [op for one in rules for op in _set(one, percent, seen, handle)]
    return _write(seen, rules, body + more, f"{percent} % to {kept(handle['canary']).title}", percent)


def shifted(seen: Seen, handle: Json, percent: int, *, ends: bool = False) -> Write | None:
    """Every rule gives the canary this percent; at the end no rule of its own is left."""
    rules = _off(seen, handle, percent)
    less = unheaded(seen.target, handle) if ends else []
    body = [op for one in rules for op in _set(one, percent, seen, handle)]
    return _write(seen, rules, body + less, f"{percent} % to {kept(handle['canary']).title}", percent)


def put_back(seen: Seen, handle: Json, before: Json) -> Write | None:
    """The weights of before; a canary that was not referred to stays at 0 until nobody asks it any more."""
    old = {_key(one): one for one in before["rules"]}
    rules = [one for one in splits(seen.target, handle) if not _stands_as(one, old[_key(one.known)])]
    body = [op for one in rules for op in _restore(one, old[_key(one.known)])]
    less = unheaded(seen.target, handle)
    return _write(seen, rules, body + less, f"all requests to {kept(handle['stable']).title}, as before", 0)


def forgotten(seen: Seen, handle: Json, before: Json) -> Write | None:
    """A canary that was not referred to before is not any more."""
    added = {_key(one) for one in before["rules"] if one["canary"] is None}
    rules = [one for one in splits(seen.target, handle) if one.canary is not None and _key(one.known) in added]
    body = [_remove(one, one.canary) for one in rules]
    return _write(seen, rules, body, f"{kept(handle['canary']).title} is no longer referred to")


def retired(seen: Seen, handle: Json) -> Write | None:
    """The old side is not referred to any more."""
    rules = [one for one in splits(seen.target, handle) if one.stable is not None]
    body = [_remove(one, one.stable) for one in rules]
    return _write(seen, rules, body, f"{kept(handle['stable']).title} is no longer referred to")


def _key(known: Json) -> tuple[str, int]:
    return known["name"], known["at"]


def _off(seen: Seen, handle: Json, percent: int) -> list[Split]:
    """The rules that give another percent, or do not refer to both sides."""
    return [
        one for one in splits(seen.target, handle) if one.stable is None or one.canary is None or one.percent != percent
    ]


def _set(one: Split, percent: int, seen: Seen, handle: Json) -> Iterator[Json]:
    """Both weights; a side that is not referred to is added. Beside nothing, the old side keeps what it has."""
    stable, canary = weights_for(percent)
    if percent == 0:
        stable = one.weight(one.stable) or stable
    for word, at, weight in (("stable", one.stable, stable), ("canary", one.canary, canary)):
        if at is None:
            ref = kept(handle[word]).ref(namespace_of(seen.target), weight)
            yield {"op": "add", "path": f"{one.path}/backendRefs/-", "value": ref}
        elif one.weight(at) != weight:
            yield _weigh(one, at, weight)


def _stands_as(one: Split, old: Json) -> bool:
    return one.stable is not None and (one.weight(one.stable), one.weight(one.canary)) == (old["stable"], _old(old))


def _old(old: Json) -> int:
    return old["canary"] or 0


def _restore(one: Split, old: Json) -> Iterator[Json]:
    if one.stable is None:
        yield {"op": "add", "path": f"{one.path}/backendRefs/-", "value": old["ref"]}
    elif one.weight(one.stable) != old["stable"]:
        yield _weigh(one, one.stable, old["stable"])
    if one.canary is not None and one.weight(one.canary) != _old(old):
        yield _weigh(one, one.canary, _old(old))


def _weigh(one: Split, at: int, weight: int) -> Json:
    return {"op": "replace", "path": f"{one.path}/backendRefs/{at}/weight", "value": weight}


def _remove(one: Split, at: int | None) -> Json:
    return {"op": "remove", "path": f"{one.path}/backendRefs/{at}"}


def _write(seen: Seen, rules: Iterable[Split], body: list[Json], why: str, percent: int | None = None) -> Write | None:
    """One patch; None where there is nothing to change."""
    if not body:
        return None
    meta = seen.target["metadata"]
    tests = guards(("/metadata/uid", meta["uid"])) + [op for one in rules for op in _guards(one)]
    on = Ref(KIND, namespace_of(seen.target), meta["name"], meta["uid"], "httproute")
    return Write("json-patch", on, seen.target, tests + body, why, weight=None if percent is None else float(percent))


def _guards(one: Split) -> Iterator[Json]:
    """The rule and both references are who they were, with the weights they had."""
    if one.name:
        yield from guards((f"{one.path}/name", one.name))
    for at in (one.stable, one.canary):
        if at is not None:
            ref, path = one.rule["backendRefs"][at], f"{one.path}/backendRefs/{at}"
            yield from guards((f"{path}/name", ref["name"]), (f"{path}/weight", ref.get("weight")))
