"""Which Prometheus of the cluster has certain metrics: the well-known Services, asked one after the other."""

from typing import TYPE_CHECKING

import msgspec

from k8sai.cluster.dcgm import ACTIVE, UTIL
from k8sai.cluster.prometheus import Prometheus, query
from k8sai.cluster.typed import typed
from k8sai.errors import ClusterError, K8saiError, NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

# As Helm charts, operators and distributions call the Service that answers queries; the more complete store first.
_NAMES = (
    "thanos-querier",
    "thanos-query",
    "thanos-query-frontend",
    "kube-prometheus-stack-prometheus",
    "prometheus-k8s",
    "prometheus-operated",
    "prometheus-server",
    "prometheus",
)
_LABELS = (
    "app.kubernetes.io/name=prometheus",
    "app=prometheus,component=server",
    "app=kube-prometheus-stack-prometheus",
)
_PORTS = ("web", "http-web", "http", "https-web", "prometheus", "query")
_USUAL = 9090
_MOST = 8  # Services that are asked
_HINT = "name it: --prometheus NAMESPACE/SERVICE:PORT, or its URL"


class _Port(msgspec.Struct):
    port: int
    name: str = ""
    protocol: str = "TCP"


class _Spec(msgspec.Struct):
    ports: list[_Port] = []


class _Meta(msgspec.Struct):
    name: str
    namespace: str


class _Service(msgspec.Struct):
    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _Services(msgspec.Struct):
    items: list[_Service] = []


def find_prometheus(
    connection: "Connection", metrics: str = f"{UTIL}|{ACTIVE}", whose: str = "dcgm-exporter"
) -> Prometheus:
    """The first that has any of these metrics (a pattern of names). Asked once for a connection.

    Raises NotFound where none is found or none of them has any, Forbidden where Services may not be listed.
    """
    return connection.remember(f"prometheus of {whose}", lambda: _find(connection, metrics, whose))


def _find(connection: "Connection", metrics: str, whose: str) -> Prometheus:
    candidates = _candidates(connection)
    if not candidates:
        raise NotFound("no Service of this cluster looks like a Prometheus", _HINT)
    refusals: list[K8saiError] = []
    for where in candidates:
        try:
            if query(connection, where, f'count({{__name__=~"{metrics}"}})').samples:
                return where
        except K8saiError as error:
            refusals.append(error)
    names = ", ".join(where.name for where in candidates)
    if len(refusals) == len(candidates):
        raise type(refusals[0])(f"no Prometheus of this cluster answers ({names}): {refusals[0].message}", _HINT)
    raise NotFound(f"no Prometheus of this cluster has metrics of {whose} (asked: {names})", _HINT)


def _candidates(connection: "Connection") -> list[Prometheus]:
    found: dict[tuple[str, str], Prometheus] = {}
    queries = [{"labelSelector": labels} for labels in _LABELS]
    queries += [{"fieldSelector": f"metadata.name={name}"} for name in _NAMES]
    for asked in queries:
        body = connection.request("GET", "/api/v1/services", query={**asked, "resourceVersion": "0"}).body
        try:
            services = typed(_Services).decode(body).items
        except msgspec.DecodeError as error:
            raise ClusterError(f"{connection.server} answered /api/v1/services with something else: {error}") from error
        for one in services:
            port = _port(one.spec.ports)
            if port is not None:
                meta = one.metadata
                scheme = "https:" if "https" in port.name else ""
                where = Prometheus(namespace=meta.namespace, service=f"{scheme}{meta.name}:{port.port}")
                found.setdefault((meta.namespace, meta.name), where)
    order = {name: n for n, name in enumerate(_NAMES)}
    known = sorted(found.items(), key=lambda one: (order.get(one[0][1], len(order)), one[0]))
    return [where for _, where in known[:_MOST]]


def _port(ports: list[_Port]) -> _Port | None:
    """Where queries are answered: by its name, its usual number, or as the only one."""
    tcp = [one for one in ports if one.protocol == "TCP"]
    named = sorted((one for one in tcp if one.name in _PORTS), key=lambda one: _PORTS.index(one.name))
    usual = [one for one in tcp if one.port == _USUAL]
    return next(iter([*usual, *named, *tcp]), None)
