"""Gateway API as a gateway implements it: Gateways are programmed, HTTPRoutes are accepted and their backends resolved.

Reasons and messages are those of Envoy Gateway. A route without a Gateway that exists is told nothing, and what other
controllers say of it stays, as there.
"""

from collections.abc import Iterator
from typing import Final

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import Desk, Key, key_of, with_condition
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

GROUP: Final = "gateway.networking.k8s.io"
ROUTES: Final = kinds.find(GROUP, "httproutes")
GATEWAYS: Final = kinds.find(GROUP, "gateways")
GRANTS: Final = kinds.find(GROUP, "referencegrants")
SERVICES: Final = kinds.find("", "services")
POOLS: Final = kinds.find("inference.networking.k8s.io", "inferencepools")
_BY: Final = "gateway.k8sai.dev/sim"
_CAUSES: Final = (GATEWAYS, GRANTS, SERVICES, POOLS)


class Gateways:
    """One key per route, one per Gateway."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add_route = desk.queue("httproutes", self._route)
        self._add_gateway = desk.queue("gateways", self._gateway)

    def on_event(self, event: Event) -> None:
        if event.resource is ROUTES:
            self._add_route(key_of(event.obj))
            return
        if event.resource is GATEWAYS:
            self._add_gateway(key_of(event.obj))
        if event.resource in _CAUSES and (event.old is None or event.type == "DELETED"):
            for route in self._desk.store.list(ROUTES):
                self._add_route(key_of(route))

    def _gateway(self, key: Key) -> None:
        gateway = self._desk.find(GATEWAYS, key)
        if gateway is None:
            return
        status = dict(gateway.get("status") or {})
        for kind, message in (("Accepted", "Gateway is accepted"), ("Programmed", "Address assigned to the Gateway")):
            status["conditions"] = self._said(gateway, status.get("conditions"), kind, "True", kind, message)
        self._desk.put_status(GATEWAYS, gateway, status)

    def _route(self, key: Key) -> None:
        route = self._desk.find(ROUTES, key)
        if route is None:
            return
        old = (route.get("status") or {}).get("parents") or []
        others = [one for one in old if one.get("controllerName") != _BY]
        parents = [*others, *(self._parent(route, ref, old) for ref in self._attached(route))]
        if parents or old:
            self._desk.put_status(ROUTES, route, {**(route.get("status") or {}), "parents": parents})

    def _attached(self, route: Obj) -> Iterator[Obj]:
        """The parents that are Gateways of this cluster."""
        for ref in (route.get("spec") or {}).get("parentRefs") or ():
            place = ref.get("namespace") or route["metadata"]["namespace"], ref.get("name", "")
            if ref.get("kind", "Gateway") == "Gateway" and self._desk.find(GATEWAYS, place) is not None:
                yield ref

    def _parent(self, route: Obj, ref: Obj, old: list[Obj]) -> Obj:
        mine = (one["conditions"] for one in old if (one["parentRef"], one.get("controllerName")) == (ref, _BY))
        known: list[Obj] = next(mine, [])
        known = self._said(route, known, "Accepted", "True", "Accepted", "Route is accepted")
        reason, message = next(
            self._unresolved(route), ("ResolvedRefs", "Resolved all the Object references for the Route")
        )
        known = self._said(route, known, "ResolvedRefs", str(reason == "ResolvedRefs"), reason, message)
        return {"parentRef": ref, "controllerName": _BY, "conditions": known}

    def _unresolved(self, route: Obj) -> Iterator[tuple[str, str]]:
        """(reason, message) of every backend that requests cannot be sent to."""
        home = route["metadata"]["namespace"]
        for rule in route["spec"].get("rules") or ():
            for ref in rule.get("backendRefs") or ():
                resource, namespace = _kind(ref), ref.get("namespace") or home
                what = f"{ref.get('kind', 'Service')} {namespace}/{ref['name']}"
                if resource is None:
                    yield "InvalidKind", f"{ref.get('group', '')}/{ref.get('kind')} is not supported"
                elif namespace != home and not self._granted(ref, namespace, home):
                    yield "RefNotPermitted", f"Backend ref to {what} not permitted by any ReferenceGrant"
                elif self._desk.find(resource, (namespace, ref["name"])) is None:
                    yield "BackendNotFound", f"{what} not found"

    def _granted(self, ref: Obj, namespace: str, home: str) -> bool:
        return any(_allows(grant["spec"], ref, home) for grant in self._desk.store.list(GRANTS, namespace))

    def _said(self, obj: Obj, known: list[Obj] | None, kind: str, status: str, reason: str, message: str) -> list[Obj]:
        new = {"type": kind, "status": status, "reason": reason, "message": message}
        new["observedGeneration"] = obj["metadata"].get("generation", 1)
        return with_condition(known, new, self._desk.stamp())


def _kind(ref: Obj) -> Resource | None:
    found = ref.get("group") or "", ref.get("kind") or "Service"
    return {("", "Service"): SERVICES, (POOLS.group, "InferencePool"): POOLS}.get(found)


def _allows(spec: Obj, ref: Obj, home: str) -> bool:
    """A ReferenceGrant from HTTPRoutes of that namespace to this backend."""
    source = any(one["kind"] == "HTTPRoute" and one["namespace"] == home for one in spec.get("from") or ())
    return source and any(
        (one.get("group") or "", one["kind"]) == (ref.get("group") or "", ref.get("kind") or "Service")
        and one.get("name") in (None, ref["name"])
        for one in spec.get("to") or ()
    )
