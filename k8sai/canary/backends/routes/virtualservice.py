"""Istio: the weights of two destinations of a VirtualService's HTTP rules, Services or subsets of one.

Weights are kept from 0 to 100 with a sum of 100 (IST0106). Istio tells nobody when the proxies have a change, unless
its status is switched on: what requests really do is measured.
https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.routes import virtualservice_headers
from k8sai.canary.backends.routes.behind import Behind, look_behind
from k8sai.canary.backends.routes.destinations import Destination
from k8sai.canary.backends.routes.virtualservice_sides import destination_of, labels_of, new_side, ref_to
from k8sai.canary.backends.routes.weighted import home_of, refs, rules, weighed
from k8sai.canary.backends.routes.weighted_choose import chosen, old_side
from k8sai.canary.backends.routes.weighted_next import next_step
from k8sai.canary.backends.routes.weighted_seen import followed, guessed, prepared
from k8sai.canary.facts import Json, Prepared, Seen, Wish
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


class Istio:
    """How a VirtualService is written."""

    kind = "virtualservices.networking.istio.io"
    word = "vs"
    rules = "http"
    refs = "route"

    def destination(self, ref: Json, home: str) -> Destination:
        return destination_of(ref, home)

    def ref(self, to: Destination, home: str, weight: int) -> Json:
        return ref_to(to, weight)

    def who(self, ref: Json) -> list[tuple[str, object]]:
        said = ref["destination"]
        return [(f"/destination/{key}", said[key]) for key in ("host", "subset") if key in said]

    def weight(self, ref: Json, alone: bool) -> int:
        """The only destination gets everything; one of several without a weight gets nothing."""
        found = ref.get("weight")
        return (100 if alone else 0) if found is None else int(found)

    def behind(self, to: Destination, home: str, read: "Reading") -> Behind:
        return look_behind(to, read, labels_of(to, home, read) if to.subset else None)

    def headed(self, route: Json, handle: Json) -> list[Json]:
        return virtualservice_headers.headed(self, route, handle)

    def not_taken_over(self, route: Json) -> str:
        """What Istio's status says against it; most installations write none."""
        status = route.get("status") or {}
        seen, generation = status.get("observedGeneration"), route["metadata"].get("generation")
        if seen is not None and str(seen) != str(generation):
            return "Istio has not yet looked at what is written"
        wrong = (one for one in status.get("validationMessages") or () if one.get("level") == "ERROR")
        return next((f"Istio: {_said(one)}" for one in wrong), "")


class VirtualService:
    """`vs/chat --to subset/v2`, `vs/chat --to svc/chat-v2`."""

    name = "virtualservice"
    kinds: Sequence[str] = (Istio.kind,)
    words: Sequence[str] = ("vs", "virtualservice", "virtualservices")
    read_only = False
    _as = Istio()

    def takes(self, target: Json, read: "Reading") -> bool:
        return any(refs(self._as, rule) for rule in rules(self._as, target))

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        refuse_owned(target, self._as.word, read)
        places, there = chosen(self._as, target, wish), rules(self._as, target)
        canary = new_side(wish, _first(self._as, target, places), home_of(target), read)
        stable = old_side(self._as, target, places, canary)
        _insist_apart(stable, canary, home_of(target), read)
        handle: Json = {
            "stable": stable.document,
            "canary": canary.document,
            "rules": [{"at": at, "name": there[at].get("name") or ""} for at in places],
            "headers": dict(wish.headers),
            "twins": virtualservice_headers.names_of_twins(self._as, target, places, wish.headers),
            "warm": wish.warm_replicas or 0,
        }
        return prepared(self._as, target, handle, read, tuple(_notes(target)))

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return followed(self._as, target, handle, read) if handle else guessed(self._as, target, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(self._as, seen, goal, handle, before)


def _first(dialect: Istio, route: Json, places: list[int]) -> Destination:
    """Whose host and port a new subset has."""
    there = weighed(dialect, route, rules(dialect, route)[places[0]])
    return max(there, key=lambda one: one[1])[0]


def _insist_apart(stable: Destination, canary: Destination, home: str, read: "Reading") -> None:
    """Raises Refused where the two sides are the same pods: a Service and a subset of it."""
    if (stable.name, stable.namespace) == (canary.name, canary.namespace) and not (stable.subset and canary.subset):
        whole = stable if not stable.subset else canary
        raise Refused(
            f"svc/{whole.name} without a subset has the pods of both versions",
            "let the rule name a subset for the old version first",
        )


def _notes(route: Json) -> Iterator[str]:
    if not (route.get("status") or {}).get("observedGeneration"):
        yield "Istio's status is not switched on: when the proxies have a weight is seen by the requests alone"


def _said(message: Json) -> str:
    kind = message.get("type") or {}
    return str(kind.get("name") or kind.get("code") or "it is invalid")
