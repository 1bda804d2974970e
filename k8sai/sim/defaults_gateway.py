"""Defaults that the definitions of Gateway API carry: of an HTTPRoute's parents, matches and backends.

Source: sigs.k8s.io/gateway-api v1.6 config/crd/standard/gateway.networking.k8s.io_httproutes.yaml.
"""

from typing import Any

from k8sai.sim.objects import Obj

_ALL = {"type": "PathPrefix", "value": "/"}


def http_route(obj: Obj) -> None:
    """A route of everything, to Services, each of the same weight; parents are Gateways."""
    spec = obj.setdefault("spec", {})
    for parent in _items(spec.get("parentRefs")):
        parent.setdefault("group", "gateway.networking.k8s.io")
        parent.setdefault("kind", "Gateway")
    spec.setdefault("rules", [{}])
    for rule in _items(spec["rules"]):
        for match in _items(rule.setdefault("matches", [{}])):
            match["path"] = {**_ALL, **(match.get("path") or {})}
            for header in _items(match.get("headers")):
                header.setdefault("type", "Exact")
        for ref in _items(rule.get("backendRefs")):
            _backend(ref)


def _backend(ref: Obj) -> None:
    ref.setdefault("group", "")
    ref.setdefault("kind", "Service")
    ref.setdefault("weight", 1)


def _items(found: Any) -> list[Obj]:
    """The maps of a list; of anything else none: validation has its say later."""
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
