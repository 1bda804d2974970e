"""Which rules of an HTTPRoute are rolled out, and between whom."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.destinations import Destination, named, with_port
from k8sai.canary.backends.httproute_rules import destinations, namespace_of, rules, weight_of
from k8sai.canary.facts import Json, Wish
from k8sai.errors import NotFound, Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_GRANTS: Final = "referencegrants.gateway.networking.k8s.io"


def chosen(route: Json, wish: Wish) -> list[int]:
    """The places of the rules that `--rule a,b` names; without it all that have backends. Raises Usage, Refused."""
    if wish.rule:
        return [_place(route, name) for name in wish.rule.split(",")]
    found = [at for at, rule in enumerate(rules(route)) if rule.get("backendRefs")]
    if not found:
        raise Refused(f"{_title(route)} sends requests to nobody")
    return found


def new_side(route: Json, wish: Wish, read: "Reading") -> Destination:
    """What `--to` names. Raises Usage, NotFound, Refused."""
    if not wish.to:
        raise Usage("an HTTPRoute chooses between versions that are there", "--to svc/NAME or --to inferencepool/NAME")
    home = namespace_of(route)
    found = named(wish.to, home, read)
    live = read.get(found.plural, found.namespace, found.name)
    if live is None:
        raise NotFound(f"there is no {found.title} in namespace {found.namespace}", _near(found, read))
    _granted(found, home, read)
    return found


def old_side(route: Json, places: list[int], canary: Destination) -> Destination:
    """Who gets all requests of all these rules now. Raises Refused."""
    found = [_only(route, at, canary) for at in places]
    others = [one for one in found if not one.same(found[0])]
    if others:
        names = ", ".join(dict.fromkeys(one.title for one in found))
        raise Refused(f"the rules of {_title(route)} send requests to {names}", "name those of one: --rule NAME,NAME")
    return found[0]


def port_of(canary: Destination, stable: Destination, read: "Reading") -> Destination:
    """With the port that requests come in by: that of the old side, else its only one. Raises Refused."""
    if canary.kind != "Service":
        return canary
    live = read.get(canary.plural, canary.namespace, canary.name) or {}
    ports = [port["port"] for port in (live.get("spec") or {}).get("ports") or ()]
    if stable.port in ports:
        return with_port(canary, stable.port)
    if len(ports) != 1:
        listed = ", ".join(map(str, ports)) or "none"
        raise Refused(
            f"{canary.title} has no port {stable.port}, and which of its ports is meant nobody says: {listed}"
        )
    return with_port(canary, ports[0])


def _place(route: Json, name: str) -> int:
    """A rule by its name, else by its number."""
    there = rules(route)
    found = [at for at, rule in enumerate(there) if rule.get("name") == name]
    if not found and name.isdigit() and int(name) < len(there):
        found = [int(name)]
    if len(found) > 1:
        raise Refused(f"{len(found)} rules of {_title(route)} are called {name}", "give each a name of its own")
    if not found:
        raise Usage(f"{_title(route)} has no rule {name}", _names(there, name))
    if not there[found[0]].get("backendRefs"):
        raise Refused(f"rule {name} of {_title(route)} sends requests to nobody")
    return found[0]


def _names(there: list[Json], name: str) -> str:
    known = [rule["name"] for rule in there if rule.get("name")]
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it has {', '.join(known)}" if known else f"its rules have no names: 0 to {len(there) - 1}"


def _only(route: Json, at: int, canary: Destination) -> Destination:
    """The one that gets all requests of a rule. Raises Refused."""
    rule = rules(route)[at]
    where = f"rule {rule.get('name') or at} of {_title(route)}"
    there = list(_weighed(rule, namespace_of(route)))
    given = [to for to, weight in there if weight]
    if sum(to.same(canary) for to, _ in there) > 1:
        raise Refused(f"{where} refers to {canary.title} twice")
    if len(given) != 1 or given[0].same(canary):
        names = " and ".join(to.title for to in given) or "nobody"
        raise Refused(
            f"{where} sends requests to {names}: a rollout begins with one side", "set the other weights to 0"
        )
    return given[0]


def _weighed(rule: Json, namespace: str) -> Iterator[tuple[Destination, int]]:
    return zip(destinations(rule, namespace), map(weight_of, rule.get("backendRefs") or ()), strict=True)


def _near(wanted: Destination, read: "Reading") -> str:
    there = sorted(one["metadata"]["name"] for one in read.list(wanted.plural, wanted.namespace))
    near = get_close_matches(wanted.name, there, 1)
    return f"did you mean {near[0]}?" if near else f"it has {', '.join(there[:8])}" if there else ""


def _granted(to: Destination, home: str, read: "Reading") -> None:
    """Raises Refused where a route of `home` may not refer to it."""
    if to.namespace == home:
        return
    grants = read.list(_GRANTS, to.namespace)
    if not read.blind(_GRANTS) and not any(_allows(one["spec"], to, home) for one in grants):
        raise Refused(
            f"no ReferenceGrant in namespace {to.namespace} lets HTTPRoutes of {home} refer to {to.title}",
            "https://gateway-api.sigs.k8s.io/api-types/referencegrant/",
        )


def _allows(spec: Json, to: Destination, home: str) -> bool:
    source = any((one["kind"], one["namespace"]) == ("HTTPRoute", home) for one in spec.get("from") or ())
    return source and any(
        (one.get("group") or "", one["kind"]) == (to.group, to.kind) and one.get("name") in (None, "", to.name)
        for one in spec.get("to") or ()
    )


def _title(route: Json) -> str:
    return f"httproute/{route['metadata']['name']}"
