"""Gateway API: the weights of two backendRefs of an HTTPRoute, Services or InferencePools.

A weight is a share of its rule's sum. Both lists are atomic, so one weight is written by a JSON patch, which tests what
it changes. https://gateway-api.sigs.k8s.io/api-types/httproute/
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.routes import httproute_headers
from k8sai.canary.backends.routes.behind import Behind, look_behind
from k8sai.canary.backends.routes.destinations import Destination, referred
from k8sai.canary.backends.routes.httproute_sides import new_side, port_of
from k8sai.canary.backends.routes.httproute_status import not_taken_over
from k8sai.canary.backends.routes.weighted import home_of, refs, rules
from k8sai.canary.backends.routes.weighted_choose import chosen, old_side
from k8sai.canary.backends.routes.weighted_next import next_step
from k8sai.canary.backends.routes.weighted_seen import followed, guessed, prepared
from k8sai.canary.facts import Json, Prepared, Seen, Wish

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


class Http:
    """How an HTTPRoute is written."""

    kind = "httproutes.gateway.networking.k8s.io"
    word = "httproute"
    rules = "rules"
    refs = "backendRefs"

    def destination(self, ref: Json, home: str) -> Destination:
        return referred(ref, home)

    def ref(self, to: Destination, home: str, weight: int) -> Json:
        return to.ref(home, weight)

    def who(self, ref: Json) -> list[tuple[str, object]]:
        return [("/name", ref["name"])]

    def weight(self, ref: Json, alone: bool) -> int:
        """1 where nobody says."""
        found = ref.get("weight")
        return 1 if found is None else int(found)

    def behind(self, to: Destination, home: str, read: "Reading") -> Behind:
        return look_behind(to, read)

    def headed(self, route: Json, handle: Json) -> list[Json]:
        return httproute_headers.headed(self, route, handle)

    def not_taken_over(self, route: Json) -> str:
        return not_taken_over(route)


class HttpRoute:
    """`httproute/chat --to svc/chat-v2`."""

    name = "httproute"
    kinds: Sequence[str] = (Http.kind,)
    words: Sequence[str] = ("httproute", "httproutes")
    read_only = False
    _as = Http()

    def takes(self, target: Json, read: "Reading") -> bool:
        return any(refs(self._as, rule) for rule in rules(self._as, target))

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        refuse_owned(target, self._as.word, read)
        places, canary = chosen(self._as, target, wish), new_side(wish, home_of(target), read)
        stable = old_side(self._as, target, places, canary)
        there = rules(self._as, target)
        handle: Json = {
            "stable": stable.document,
            "canary": port_of(canary, stable, read).document,
            "rules": [{"at": at, "name": there[at].get("name") or ""} for at in places],
            "headers": dict(wish.headers),
            "twins": httproute_headers.names_of_twins(self._as, target, places, wish.headers),
            "warm": wish.warm_replicas or 0,
        }
        return prepared(self._as, target, handle, read, tuple(_notes(canary, [there[at] for at in places])))

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return followed(self._as, target, handle, read) if handle else guessed(self._as, target, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(self._as, seen, goal, handle, before)


def _notes(canary: Destination, rules: list[Json]) -> Iterator[str]:
    if canary.kind == "InferencePool":
        yield "not every gateway honours weights of InferencePools: the split is measured"
    if any(rule.get("sessionPersistence") for rule in rules):
        yield "sessions stay with the side they began on: what is measured follows the weights late"
