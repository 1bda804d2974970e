"""A weighted route thought through, and seen: both sides with their pods, what is not taken over, what has drifted."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.owners import refuse_flagger
from k8sai.canary.backends.routes.behind import Behind, fingerprint, side, wanted
from k8sai.canary.backends.routes.destinations import kept
from k8sai.canary.backends.routes.sizing import demand, needed, workloads
from k8sai.canary.backends.routes.weighted import Dialect, gone, home_of, refs, rules, shape, splits, title, weighed
from k8sai.canary.facts import Json, Prepared, Seen
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

SIDES: Final = ("stable", "canary")
Sides = Mapping[str, Behind]


def behind_both(dialect: Dialect, route: Json, handle: Json, read: "Reading") -> dict[str, Behind]:
    """What stands behind the two sides of a handle."""
    return {word: dialect.behind(kept(handle[word]), home_of(route), read) for word in SIDES}


def prepared(dialect: Dialect, route: Json, handle: Json, read: "Reading", notes: tuple[str, ...]) -> Prepared:
    """With the fingerprints of what is to stay as it is, and the pods that are to come. Raises Refused."""
    behind = behind_both(dialect, route, handle, read)
    refuse_flagger((one for each in behind.values() for one in each.workloads), read)
    versions = {word: fingerprint(one) for word, one in behind.items()}
    stable, canary = behind["stable"].one, behind["canary"].ours
    full, first = needed(stable, canary, 100), max(handle["warm"], needed(stable, canary, 1))
    replicas = wanted(canary) if canary else None
    return Prepared(
        handle | {"shape": shape(dialect, route, handle), "versions": versions},
        {"rules": list(_weights(dialect, route, handle)), "replicas": replicas, "spec": route["spec"]},
        demand=demand(canary, first, "the canary"),
        peak=demand(canary, full, "the canary at full size, before all requests"),
        notes=(*notes, *_notes(handle, behind)),
    )


def followed(dialect: Dialect, route: Json, handle: Json, read: "Reading") -> Seen:
    """The two sides of a rollout."""
    behind, home = behind_both(dialect, route, handle, read), home_of(route)
    percent = max((one.percent for one in splits(dialect, route, handle)), default=0.0)
    stable = side(kept(handle["stable"]), behind["stable"], 100 - percent, home)
    canary = side(kept(handle["canary"]), behind["canary"], percent, home)
    drift, objects = tuple(_drift(dialect, route, handle, behind)), workloads(behind["stable"], behind["canary"])
    waiting = dialect.not_taken_over(route)
    return Seen(route, stable, canary, not waiting, waiting, drift=drift, objects=objects)


def guessed(dialect: Dialect, route: Json, read: "Reading") -> Seen:
    """Without a rollout: the one with the greatest weight is the old side, the next the new one. Raises Refused."""
    rule = next((rule for rule in rules(dialect, route) if refs(dialect, rule)), None)
    if rule is None:
        raise Refused(f"{title(dialect, route)} sends requests to nobody")
    ranked = sorted(weighed(dialect, route, rule), key=lambda one: -one[1])[:2]
    total, home = sum(weight for _, weight in ranked) or 1, home_of(route)
    sides = [side(to, dialect.behind(to, home, read), 100 * weight / total, home) for to, weight in ranked]
    waiting = dialect.not_taken_over(route)
    return Seen(route, sides[0], sides[1] if sides[1:] else None, not waiting, waiting)


def _weights(dialect: Dialect, route: Json, handle: Json) -> Iterator[Json]:
    """Of each rule, as they are before; the old side's reference as it is written."""
    for one in splits(dialect, route, handle):
        assert one.stable is not None
        canary = None if one.canary is None else one.weight(one.canary)
        yield {**one.known, "stable": one.weight(one.stable), "canary": canary, "ref": one.ref(one.stable)}


def _notes(handle: Json, behind: Sides) -> Iterator[str]:
    stable, canary = kept(handle["stable"]), kept(handle["canary"])
    if keeper := behind["canary"].keeper:
        yield f"{keeper} sets the replicas of {canary.title}: they are taken to be enough for every share"
    yield f"{stable.title} and its pods stay after the promotion: whoever made them gives back what they hold"


def _drift(dialect: Dialect, route: Json, handle: Json, behind: Sides) -> Iterator[str]:
    name, lost = title(dialect, route), gone(dialect, route, handle)
    for word, one in behind.items():
        then, now = handle["versions"][word], fingerprint(one)
        if then and now and then != now:
            yield f"the version behind {kept(handle[word]).title} is another one than when the rollout began"
    yield from (f"rule {one} of {name} is gone" for one in lost)
    if not lost and shape(dialect, route, handle) != handle["shape"]:
        yield f"{name} has other rules than when the rollout began"
    shares = {one.title: one.percent for one in splits(dialect, route, handle)}
    if len(set(shares.values())) > 1:
        yield f"the rules of {name} give the canary " + ", ".join(f"{one} {much:g} %" for one, much in shares.items())
