"""The rules of an HTTPRoute as a rollout sees them: in each the reference to the old side and the one to the new.

Everything here goes by who is referred to, not by where: rules and references may have moved since they were read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.canary.backends.destinations import Destination, referred
from k8sai.canary.backends.percents import percent_of
from k8sai.canary.facts import Json


@dataclass(frozen=True, slots=True)
class Split:
    """One rule. `stable` and `canary` are places in its backendRefs, None where it does not refer to them."""

    at: int
    rule: Json
    stable: int | None
    canary: int | None

    @property
    def path(self) -> str:
        """`/spec/rules/0`."""
        return f"/spec/rules/{self.at}"

    @property
    def name(self) -> str:
        """ "" where it has none."""
        return str(self.rule.get("name") or "")

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


def split(route: Json, at: int, stable: Destination, canary: Destination) -> Split:
    """The rule at a place."""
    rule = rules(route)[at]
    found = destinations(rule, namespace_of(route))
    return Split(at, rule, _place(found, stable), _place(found, canary))


def namespace_of(route: Json) -> str:
    """Where it lives, and what it refers to where it does not say."""
    return str(route["metadata"].get("namespace") or "")


def find(route: Json, listed: Iterable[Json]) -> Iterator[int | None]:
    """Where the rules of a handle are now: by name, else by place; None for one that is gone."""
    there = rules(route)
    for one in listed:
        if one["name"]:
            yield next((at for at, rule in enumerate(there) if rule.get("name") == one["name"]), None)
        else:
            yield one["at"] if one["at"] < len(there) else None


def shape(route: Json, places: Iterable[int | None], stable: Destination, canary: Destination) -> str:
    """A fingerprint of what the rules match and do; the two references themselves and their weights do not count."""
    there, namespace = rules(route), namespace_of(route)
    text = json.dumps(
        [_without(there[at], namespace, stable, canary) for at in places if at is not None], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without(rule: Json, namespace: str, *sides: Destination) -> Json:
    others = [
        ref
        for ref, to in zip(rule.get("backendRefs") or (), destinations(rule, namespace), strict=True)
        if not any(to.same(one) for one in sides)
    ]
    return {**rule, "backendRefs": others}


def _place(found: list[Destination], wanted: Destination) -> int | None:
    return next((at for at, one in enumerate(found) if one.same(wanted)), None)
