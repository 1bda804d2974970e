"""Routes whose rules share requests out by weight, as a rollout sees them: in each rule a reference to the old side and
one to the new. What such a route is called and how it is written is a `Dialect`.

Everything here goes by who is referred to, not by where: rules and references may have moved since they were read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from k8sai.canary.backends.percents import percent_of
from k8sai.canary.backends.routes.destinations import Destination, kept
from k8sai.canary.facts import Json

if TYPE_CHECKING:
    from k8sai.canary.backends.routes.behind import Behind
    from k8sai.cluster.reading import Reading


class Dialect(Protocol):
    """One kind of route."""

    @property
    def kind(self) -> str:
        """In full."""

    @property
    def word(self) -> str:
        """As users call it."""

    @property
    def rules(self) -> str:
        """The list of rules in its spec."""

    @property
    def refs(self) -> str:
        """The list of references in a rule."""

    def destination(self, ref: Json, home: str) -> Destination:
        """What a reference means in a route of that namespace."""

    def ref(self, to: Destination, home: str, weight: int) -> Json:
        """As a route of that namespace refers to it."""

    def who(self, ref: Json) -> list[tuple[str, object]]:
        """Path below the reference, and value, of what says to whom it refers."""

    def weight(self, ref: Json, alone: bool) -> int:
        """Of a reference, which may be the only one of its rule."""

    def behind(self, to: Destination, home: str, read: "Reading") -> "Behind":
        """What stands behind a destination of a route of that namespace."""

    def headed(self, route: Json, handle: Json) -> list[Json]:
        """The operations that send requests with the rollout's headers to the canary, where none does yet."""

    def not_taken_over(self, route: Json) -> str:
        """Who has not taken the route over as it is written, and why; "" where all have, or where nobody tells."""


@dataclass(frozen=True, slots=True)
class Split:
    """One rule of a rollout. `stable` and `canary` are places in its references, None where it does not refer to them;
    `known` is what a handle says of it.
    """

    dialect: Dialect
    at: int
    rule: Json
    stable: int | None
    canary: int | None
    known: Json

    @property
    def path(self) -> str:
        """`/spec/rules/0`."""
        return f"/spec/{self.dialect.rules}/{self.at}"

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

    def ref(self, place: int) -> Json:
        """A reference."""
        found: Json = self.rule[self.dialect.refs][place]
        return found

    def ref_path(self, place: int | str) -> str:
        """`/spec/rules/0/backendRefs/1`; `-` is the place after the last."""
        return f"{self.path}/{self.dialect.refs}/{place}"

    def weight(self, place: int | None) -> int:
        """Of a reference; 0 of one that is not there."""
        return 0 if place is None else weights(self.dialect, self.rule)[place]


def title(dialect: Dialect, route: Json) -> str:
    """`httproute/chat`."""
    return f"{dialect.word}/{route['metadata']['name']}"


def home_of(route: Json) -> str:
    """The namespace where it lives, and which it means where it does not say."""
    return str(route["metadata"].get("namespace") or "")


def rules(dialect: Dialect, route: Json) -> list[Json]:
    """As they are written."""
    return (route.get("spec") or {}).get(dialect.rules) or []


def refs(dialect: Dialect, rule: Json) -> list[Json]:
    """As they are written."""
    return rule.get(dialect.refs) or []


def weights(dialect: Dialect, rule: Json) -> list[int]:
    """Of its references, in their order."""
    there = refs(dialect, rule)
    return [dialect.weight(ref, len(there) == 1) for ref in there]


def weighed(dialect: Dialect, route: Json, rule: Json) -> list[tuple[Destination, int]]:
    """What its references mean and what each gets, in their order."""
    meant = (dialect.destination(ref, home_of(route)) for ref in refs(dialect, rule))
    return list(zip(meant, weights(dialect, rule), strict=True))


def splits(dialect: Dialect, route: Json, handle: Json) -> list[Split]:
    """The rules of a rollout as they are now, without those that are gone: a rule without a name is gone where another
    one that refers to neither side has its place.
    """
    places = zip(_places(dialect, route, handle), handle["rules"], strict=True)
    found = (_split(dialect, route, handle, place, known) for place, known in places)
    return [one for one in found if one is not None]


def gone(dialect: Dialect, route: Json, handle: Json) -> list[str]:
    """The rules of a rollout that are not there any more."""
    left = [one.known for one in splits(dialect, route, handle)]
    return [str(one["name"] or one["at"]) for one in handle["rules"] if one not in left]


def shape(dialect: Dialect, route: Json, handle: Json) -> str:
    """A fingerprint of what the rules match and do; the two references themselves and their weights do not count."""
    sides = kept(handle["stable"]), kept(handle["canary"])
    found = [_without(one, home_of(route), *sides) for one in splits(dialect, route, handle)]
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def twins(dialect: Dialect, route: Json, handle: Json) -> dict[str, int]:
    """The places of the rules that are there for requests with headers alone, by name."""
    there = enumerate(rules(dialect, route))
    return {rule["name"]: at for at, rule in there if rule.get("name") and rule["name"] in handle["twins"]}


def _places(dialect: Dialect, route: Json, handle: Json) -> Iterator[int | None]:
    """By name, else by number."""
    there = rules(dialect, route)
    for one in handle["rules"]:
        if one["name"]:
            yield next((at for at, rule in enumerate(there) if rule.get("name") == one["name"]), None)
        else:
            yield one["at"] if one["at"] < len(there) else None


def _split(dialect: Dialect, route: Json, handle: Json, at: int | None, known: Json) -> Split | None:
    if at is None:
        return None
    rule = rules(dialect, route)[at]
    there = [to for to, _ in weighed(dialect, route, rule)]
    stable, canary = (_place(there, kept(handle[word])) for word in ("stable", "canary"))
    if not known["name"] and stable is None and canary is None:
        return None
    return Split(dialect, at, rule, stable, canary, known)


def _without(one: Split, home: str, *sides: Destination) -> Json:
    others = [ref for ref in refs(one.dialect, one.rule) if not _among(one.dialect.destination(ref, home), sides)]
    return {**one.rule, one.dialect.refs: others}


def _among(to: Destination, sides: Iterable[Destination]) -> bool:
    return any(to.same(one) for one in sides)


def _place(found: list[Destination], wanted: Destination) -> int | None:
    return next((at for at, one in enumerate(found) if one.same(wanted)), None)
