"""The sides of a VirtualService: hosts as Istio writes them, and subsets as DestinationRules define them.

A short host means a Service of the VirtualService's own namespace.
https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.routes.destinations import Destination, named
from k8sai.canary.backends.routes.httproute_sides import insist
from k8sai.canary.backends.routes.weighted_choose import only_to
from k8sai.canary.facts import Json, Wish
from k8sai.errors import NotFound, Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

DESTINATION_RULES: Final = "destinationrules.networking.istio.io"
_WAYS: Final = "--to subset/NAME or --to svc/NAME"


def destination_of(ref: Json, home: str) -> Destination:
    """What an entry of a route means in that namespace."""
    said = ref["destination"]
    name, namespace = service_of(str(said["host"]), home)
    port = (said.get("port") or {}).get("number")
    return Destination("", "Service", namespace, name, port, str(said.get("subset") or ""), str(said["host"]))


def ref_to(to: Destination, weight: int) -> Json:
    """An entry of a route."""
    found: Json = {"host": to.host}
    found |= {"subset": to.subset} if to.subset else {}
    found |= {"port": {"number": to.port}} if to.port is not None else {}
    return {"destination": found, "weight": weight}


def service_of(host: str, home: str) -> tuple[str, str]:
    """(name, namespace) of `reviews`, `reviews.shop` and `reviews.shop.svc.cluster.local`."""
    name, _, rest = host.partition(".")
    return name, rest.partition(".")[0] or home


def new_side(wish: Wish, stable: Destination, home: str, read: "Reading") -> Destination:
    """What `--to` names: another subset of the Service that is there, or another Service. Raises Usage, NotFound."""
    only_to(wish, "VirtualService", _WAYS)
    if wish.to.startswith("subset/"):
        found = Destination(
            "", "Service", stable.namespace, stable.name, stable.port, wish.to.removeprefix("subset/"), stable.host
        )
        insist(found, read)
        _insist_subset(found, home, read)
        return found
    found = named(wish.to, home, read)
    if found.kind != "Service":
        raise Usage(f"a VirtualService sends requests to no {found.kind}", _WAYS)
    insist(found, read)
    host = found.name if found.namespace == home else f"{found.name}.{found.namespace}.svc.cluster.local"
    return Destination("", "Service", found.namespace, found.name, stable.port, "", host)


def labels_of(to: Destination, home: str, read: "Reading") -> dict[str, str] | None:
    """Of a subset's pods; None where no DestinationRule defines it."""
    return next((dict(one.get("labels") or {}) for one in _subsets(to, home, read) if one["name"] == to.subset), None)


def _insist_subset(to: Destination, home: str, read: "Reading") -> None:
    """Istio answers 503 to requests for a subset that nobody defines. Raises NotFound, Refused."""
    if read.blind(DESTINATION_RULES) or labels_of(to, home, read):
        return
    known = sorted({one["name"] for one in _subsets(to, home, read)})
    if to.subset in known:
        raise Refused(f"{to.title} of {to.name} has no labels: it is no version of its own")
    hint = f"there are {', '.join(known)}" if known else "define it in a DestinationRule"
    raise NotFound(f"no DestinationRule defines {to.title} of {to.name}", hint)


def _subsets(to: Destination, home: str, read: "Reading") -> Iterator[Json]:
    for namespace in dict.fromkeys((home, to.namespace)):
        for rule in read.list(DESTINATION_RULES, namespace):
            host = str((rule.get("spec") or {}).get("host") or "")
            if service_of(host, namespace) == (to.name, to.namespace):
                yield from rule["spec"].get("subsets") or ()
