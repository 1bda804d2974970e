"""The rules of an HTTPRoute as a rollout sees them: in each the reference to the old side and the one to the new.

Everything here goes by who is referred to, not by where: rules and references may have moved since they were read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.canary.backends.destinations import Destination, kept, referred
from k8sai.canary.backends.percents import percent_of
from k8sai.canary.facts import Json


@dataclass(frozen=True, slots=True)
class Split:
    """One rule of a rollout. `stable` and `canary` are places in its backendRefs, None where it does not refer to them;
    `known` is what a handle says of it.
    """

    at: int
    rule: Json
    stable: int | None
    canary: int | None
    known: Json

    @property
    def path(self) -> str:
        """`/spec/rules/0`."""
        return f"/spec/rules/{self.at}"

    @property
    def name(self) -> str:
        """ "" where it has none."""
        return str(self.rule.get("name") or "")

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return self.name or str(self.at)

    @property
    def percent(self) -> float:
        """Of the canary."""
        return percent_of(self.weight(self.stable), self.weight(self.canary))

    def weight(self, place: int | None) -> int:
        """Of a reference; 0 of one that is not there."""
        return 0 if place is None else weight_of(self.rule["backendRefs"][place])


def rules(route: Json) -> list[Json]:
    """As they are written."""
    return (route.get("spec") or {}).get("rules") or []


def weight_of(ref: Json) -> int:
    """1 where nobody says."""
    found = ref.get("weight")
    return 1 if found is None else int(found)


def destinations(rule: Json, namespace: str) -> list[Destination]:
    """What its references mean, in their order."""
    return [referred(ref, namespace) for ref in rule.get("backendRefs") or ()]


def namespace_of(route: Json) -> str:
    """Where it lives, and what it refers to where it does not say."""
    return str(route["metadata"].get("namespace") or "")


def splits(route: Json, handle: Json) -> list[Split]:
    """The rules of a rollout as they are now, without those that are gone: a rule without a name is gone where another
    one that refers to neither side has its place.
    """
    found = (
        _split(route, handle, place, one) for place, one in zip(_places(route, handle), handle["rules"], strict=True)
    )
    return [one for one in found if one is not None]


def gone(route: Json, handle: Json) -> list[str]:
    """The rules of a rollout that are not there any more."""
    left = [one.known for one in splits(route, handle)]
    return [str(one["name"] or one["at"]) for one in handle["rules"] if one not in left]


def shape(route: Json, handle: Json) -> str:
    """A fingerprint of what the rules match and do; the two references themselves and their weights do not count."""
    sides = kept(handle["stable"]), kept(handle["canary"])
    text = json.dumps(
        [_without(one.rule, namespace_of(route), *sides) for one in splits(route, handle)], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _places(route: Json, handle: Json) -> Iterator[int | None]:
    """By name, else by number."""
    there = rules(route)
    for one in handle["rules"]:
        if one["name"]:
            yield next((at for at, rule in enumerate(there) if rule.get("name") == one["name"]), None)
        else:
            yield one["at"] if one["at"] < len(there) else None


def _split(route: Json, handle: Json, at: int | None, known: Json) -> Split | None:
    if at is None:
        return None
    rule = rules(route)[at]
    there = destinations(rule, namespace_of(route))
    stable, canary = (_place(there, kept(handle[word])) for word in ("stable", "canary"))
    if not known["name"] and stable is None and canary is None:
        return None
    return Split(at, rule, stable, canary, known)


def _without(rule: Json, namespace: str, *sides: Destination) -> Json:
    meant = zip(rule.get("backendRefs") or (), destinations(rule, namespace), strict=True)
    return {**rule, "backendRefs": [ref for ref, to in meant if not _among(to, sides)]}


def _among(to: Destination, sides: Iterable[Destination]) -> bool:
    return any(to.same(one) for one in sides)


def _place(found: list[Destination], wanted: Destination) -> int | None:
    return next((at for at, one in enumerate(found) if one.same(wanted)), None)
