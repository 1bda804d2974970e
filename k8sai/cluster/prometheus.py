"""One query to Prometheus: by its address, or through the API server to its Service.

https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from k8sai.cluster.exposition import Sample
from k8sai.errors import ClusterError, Usage

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_TIMEOUT = 15.0  # seconds
_SERVICE = re.compile(r"(?:(https?):)?([a-z0-9-]+)/([a-z0-9.-]+):([a-z0-9-]+)(/.*)?")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it is: `url` with `headers` (a token, a tenant), or a Service as the API server's proxy names it."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    namespace: str = ""
    service: str = ""  # name:port, or https:name:port
    prefix: str = ""  # a path in front of /api/v1


def prometheus_at(address: str, headers: Mapping[str, str] | None = None) -> Prometheus:
    """From `https://HOST/PREFIX`, or `[https:]NAMESPACE/SERVICE:PORT[/PREFIX]`. Raises Usage.

    `USER:PASSWORD@` in front of a host becomes a header: what is said of the address never repeats it.
    """
    if "://" in address:
        return _at_url(address, headers or {})
    match = _SERVICE.fullmatch(address)
    if match is None:
        raise Usage(
            f"{address!r} is not the address of a Prometheus",
            "write it as https://HOST, or NAMESPACE/SERVICE:PORT to go through the API server",
        )
    scheme, namespace, service, port, prefix = match.groups()
    name = f"{service}:{port}"
    return Prometheus(
        namespace=namespace,
        service=f"https:{name}" if scheme == "https" else name,
        prefix=(prefix or "").rstrip("/"),
    )


def _at_url(address: str, headers: Mapping[str, str]) -> Prometheus:
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        shown = parts._replace(netloc=host, query="", fragment="").geturl()
        raise Usage(f"{shown!r} is not the address of a Prometheus", "write it as https://HOST[/PREFIX]")
    found = dict(headers)
    if user:
        found.setdefault("Authorization", "Basic " + b64encode(unquote(user).encode()).decode())
    return Prometheus(url=parts._replace(netloc=host).geturl().rstrip("/"), headers=found)


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct, rename="camel"):
    result_type: str = ""
    result: list[msgspec.Raw] = []


class _Answer(msgspec.Struct, rename="camel"):
    status: str = ""
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""


def query(connection: "Connection", where: Prometheus, expression: str) -> list[Sample]:
    """The series an instant query selects, now. Raises ClusterError, Forbidden (`get services/proxy`), NotFound."""
    parameters = {"query": expression}
    if where.url:
        body, name = _from_url(where, parameters), where.url
    else:
        path = f"/api/v1/namespaces/{where.namespace}/services/{where.service}/proxy{where.prefix}/api/v1/query"
        body = connection.request("GET", path, query=parameters, timeout=_TIMEOUT).body
        name = f"{where.namespace}/{where.service}"
    return _samples(body, name)


def _from_url(where: Prometheus, parameters: Mapping[str, str]) -> bytes:
    import urllib3

    url = f"{where.url}{where.prefix}/api/v1/query?{urlencode(parameters)}"
    with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
        try:
            answer = pool.request("GET", url, headers={"Accept": "application/json", **where.headers}, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(f"Prometheus at {where.url} cannot be reached: {error}") from error
    if answer.status in (401, 403):
        raise ClusterError(f"Prometheus at {where.url} wants credentials ({answer.status})", "give it a header")
    return answer.data


def _samples(body: bytes, name: str) -> list[Sample]:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError as error:
        raise ClusterError(f"what answers at {name} is not Prometheus: {error}") from error
    if answer.status != "success":
        raise ClusterError(f"Prometheus at {name} refused the query: {answer.error or 'no reason given'}")
    if answer.data.result_type != "vector":
        raise ClusterError(f"Prometheus at {name} answered with a {answer.data.result_type or 'nothing'}, not a vector")
    found = []
    for raw in answer.data.result:
        try:
            series = msgspec.json.decode(raw, type=_Series)
            found.append(Sample(series.metric.pop("__name__", ""), series.metric, float(series.value[1])))
        except (msgspec.DecodeError, ValueError):  # a native histogram, say: not ours
            continue
    return found
