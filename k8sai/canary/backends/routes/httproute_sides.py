"""The new side of an HTTPRoute: a Service or an InferencePool that is there, and that the route may refer to."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.routes.destinations import Destination, named, with_port
from k8sai.canary.backends.routes.weighted_choose import only_to
from k8sai.canary.facts import Json, Wish
from k8sai.errors import NotFound, Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_GRANTS: Final = "referencegrants.gateway.networking.k8s.io"


def new_side(wish: Wish, home: str, read: "Reading") -> Destination:
    """What `--to` names. Raises Usage, NotFound, Refused."""
    only_to(wish, "route", "--to svc/NAME or --to inferencepool/NAME")
    found = named(wish.to, home, read)
    insist(found, read)
    _granted(found, home, read)
    return found


def insist(to: Destination, read: "Reading") -> None:
    """Raises NotFound, with a near name."""
    if read.get(to.plural, to.namespace, to.name) is None:
        there = sorted(one["metadata"]["name"] for one in read.list(to.plural, to.namespace))
        near = get_close_matches(to.name, there, 1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(there[:8])}" if there else ""
        raise NotFound(f"there is no {to.title} in namespace {to.namespace}", hint)


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
            f"{canary.title} has no port {stable.port}, and nobody says which of its ports is meant: {listed}"
        )
    return with_port(canary, ports[0])


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
