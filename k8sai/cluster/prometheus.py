"""Queries to Prometheus, of now or of a range: by its address, or through the API server to its Service.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from k8sai.cluster.api_errors import ApiError
from k8sai.cluster.exposition import Sample
from k8sai.cluster.typed import typed
from k8sai.errors import ClusterError, Usage

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_TIMEOUT = 15.0  # seconds
_REFUSALS = (400, 422)  # a query that cannot be read, one that cannot be executed
_SAID = re.compile(r'"error":\s*"((?:[^"\\]|\\.)*)')
_SERVICE = re.compile(r"(?:(https?):)?([a-z0-9-]+)/([a-z0-9.-]+):([a-z0-9-]+)(/.*)?")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it is: `url` with `headers` (a token, a tenant), or a Service as the API server's proxy names it."""

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    namespace: str = ""
    service: str = ""  # name:port, or https:name:port
    prefix: str = ""  # a path in front of /api/v1

    @property
    def name(self) -> str:
        """As a user would write it, without credentials."""
        if self.url:
            return self.url
        plain = self.service.removeprefix("https:")
        return f"{'https:' if plain != self.service else ''}{self.namespace}/{plain}{self.prefix}"


@dataclass(frozen=True, slots=True)
class Vector:
    """What an instant query selects. `at` is when, by Prometheus' clock (0: nothing was selected).

    `warnings` say why it may not be all; so in `Matrix`.
    """

    samples: list[Sample]
    at: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """What a range query selects: of each series the labels, and the values by time (NaN among them)."""

    series: list[tuple[dict[str, str], dict[float, float]]]
    warnings: tuple[str, ...] = ()


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
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, rename="camel"):
    result_type: str = ""
    result: list[msgspec.Raw] = []


class _Answer(msgspec.Struct, rename="camel"):
    status: str = ""
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""
    warnings: list[str] = []


def query(connection: "Connection", where: Prometheus, expression: str, at: float | None = None) -> Vector:
    """The series an instant query selects, now or as of a time (epoch seconds).

    Raises ClusterError, Forbidden (`get services/proxy`), NotFound.
    """
    when = {"time": f"{at:.3f}"} if at is not None else {}
    answer = _ask(connection, where, "query", {"query": expression} | when, "vector")
    found, then = [], 0.0
    for one in _series(answer):
        if one.value is not None:
            then = one.value[0]
            found.append(Sample(one.metric.pop("__name__", ""), one.metric, _number(one.value[1])))
    return Vector(found, then, _warnings(answer))


def query_range(
    connection: "Connection", where: Prometheus, expression: str, *, start: float, end: float, step: float
) -> Matrix:
    """The same at `start`, and every `step` seconds until `end` (epoch seconds)."""
    parameters = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
    answer = _ask(connection, where, "query_range", parameters, "matrix")
    series = [(one.metric, {at: _number(value) for at, value in one.values}) for one in _series(answer)]
    return Matrix(series, _warnings(answer))


def _ask(
    connection: "Connection", where: Prometheus, path: str, parameters: Mapping[str, str], result_type: str
) -> _Answer:
    name = where.name
    if where.url:
        body = _from_url(where, f"{where.prefix}/api/v1/{path}?{urlencode(parameters)}")
    else:
        body = _from_service(connection, where, f"{where.prefix}/api/v1/{path}", parameters)
    try:
        answer = typed(_Answer).decode(body)
    except msgspec.DecodeError as error:
        raise ClusterError(f"what answers at {name} is not Prometheus: {error}") from error
    if answer.status != "success":
        raise ClusterError(f"Prometheus at {name} refused the query: {answer.error or 'no reason given'}")
    if answer.data.result_type != result_type:
        told = answer.data.result_type or "nothing"
        raise ClusterError(f"Prometheus at {name} answered with a {told}, not a {result_type}")
    return answer


def _from_service(connection: "Connection", where: Prometheus, path: str, parameters: Mapping[str, str]) -> bytes:
    service = f"/api/v1/namespaces/{where.namespace}/services/{where.service}/proxy"
    try:
        return connection.request("GET", service + path, query=parameters, timeout=_TIMEOUT).body
    except ApiError as error:
        if error.status not in _REFUSALS:
            raise
        said = _SAID.search(error.message)  # the API server passes on what Prometheus answered, as a text
        why = said[1] if said is not None else error.message
        raise ClusterError(f"Prometheus at {where.name} refused the query: {why}") from error


def _from_url(where: Prometheus, path: str) -> bytes:
    import urllib3

    with urllib3.PoolManager(timeout=_TIMEOUT, retries=False) as pool:
        try:
            headers = {"Accept": "application/json", **where.headers}
            answer = pool.request("GET", where.url + path, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise ClusterError(f"Prometheus at {where.url} cannot be reached: {error}") from error
    if answer.status in (401, 403):
        raise ClusterError(f"Prometheus at {where.url} wants credentials ({answer.status})", "give it a header")
    return answer.data


def _series(answer: _Answer) -> Iterator[_Series]:
    for raw in answer.data.result:
        try:
            yield typed(_Series).decode(raw)
        except msgspec.DecodeError:  # a native histogram, say: not ours
            continue


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def _warnings(answer: _Answer) -> tuple[str, ...]:
    """Why the answer may not be all there is. Older servers send their remarks on a query the same way."""
    return tuple(said for said in answer.warnings if not said.startswith("PromQL info"))
