"""What the cards say of themselves: from Prometheus, or from each node's dcgm-exporter. Both are optional.

Nothing here is needed to count GPUs; readings are joined by UUID to what Kubernetes knows.
"""

import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai import facts
from k8sai.cluster import prometheus
from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.dcgm import METRICS, Reading, readings
from k8sai.cluster.decode import decoder
from k8sai.cluster.exposition import samples
from k8sai.cluster.past import Past, past
from k8sai.cluster.prometheus import Prometheus, prometheus_at
from k8sai.errors import Forbidden, K8saiError, NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

__all__ = ["Metered", "Prometheus", "Reading", "from_exporters", "from_prometheus", "prometheus_at"]

_SELECTORS = ("app=nvidia-dcgm-exporter", "app.kubernetes.io/name=dcgm-exporter")  # the operator's, the chart's
_PORT = 9400
_AT_ONCE = 8  # requests; each passes through the API server
_TIMEOUT = 5.0  # seconds for one exporter


@dataclass(frozen=True, slots=True)
class Metered:
    """The readings, and what could not be read: a sentence each. `at` is when, by the clock of who was asked.

    `past` is there where a window was asked for; `partial` says that any of it may be missing.
    """

    readings: tuple[Reading, ...]
    problems: tuple[str, ...] = ()
    at: float = 0.0
    past: Past | None = None
    partial: bool = False


def from_prometheus(connection: "Connection", where: Prometheus, window: float | None = None) -> Metered:
    """All cards that Prometheus knows, and how busy they were in the last `window` seconds.

    A past that cannot be read is a problem, not an error. Raises ClusterError, Forbidden, NotFound.
    """
    found = prometheus.query(connection, where, '{__name__=~"' + "|".join(METRICS) + '"}')
    warnings, problems, then = [*found.warnings], [], None
    if window is not None and found.samples:
        try:
            then = past(connection, where, at=found.at, window=window)
            warnings += then.warnings
        except K8saiError as error:
            problems.append(f"how busy the cards were is not known: {error.message}")
    problems += [f"Prometheus answered in part: {said}" for said in dict.fromkeys(warnings)]
    return Metered(readings(found.samples, at=time.time()), tuple(problems), found.at, then, bool(warnings))


def from_exporters(connection: "Connection", nodes: Collection[str] | None = None) -> Metered:
    """The cards of these nodes (None: of all), each asked from its own exporter through the API server.

    An exporter that does not answer is a problem, not an error. Raises NotFound where the cluster has no exporter, and
    Forbidden where RBAC denies `get pods/proxy` or `list pods`.
    """
    exporters = [pod for pod in _exporters(connection) if nodes is None or pod.spec.node_name in nodes]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="k8sai-dcgm") as pool:
        asked = [(pod, pool.submit(_scrape, connection, pod)) for pod in exporters]
        try:
            return _gathered(asked)
        except Forbidden:
            pool.shutdown(wait=False, cancel_futures=True)  # the others would be told the same
            raise


def _gathered(asked: "list[tuple[facts.Pod, Future[tuple[Reading, ...]]]]") -> Metered:
    found: list[Reading] = []
    problems: list[str] = []
    for pod, answer in asked:
        try:
            found += answer.result()
        except ApiForbidden:
            raise
        except K8saiError as error:
            problems.append(f"the GPUs of node {pod.spec.node_name} say nothing: {error.message}")
    return Metered(tuple(found), tuple(problems), time.time())


def _exporters(connection: "Connection") -> Iterator[facts.Pod]:
    """The running exporters, one a node."""
    seen: set[str] = set()
    for selector in _SELECTORS:
        read = decoder("pods")
        query = {"labelSelector": selector, "resourceVersion": "0", "fieldSelector": "status.phase=Running"}
        for pod in read.page(connection.request("GET", "/api/v1/pods", query=query, accept=read.accept).body).items:
            if isinstance(pod, facts.Pod) and pod.spec.node_name and pod.spec.node_name not in seen:
                seen.add(pod.spec.node_name)
                yield pod
    if not seen:
        raise NotFound("no dcgm-exporter runs in this cluster", "install it, or name a Prometheus that has its metrics")


def _scrape(connection: "Connection", pod: facts.Pod) -> tuple[Reading, ...]:
    meta = pod.metadata
    path = f"/api/v1/namespaces/{meta.namespace}/pods/{meta.name}:{_PORT}/proxy/metrics"
    answer = connection.request("GET", path, accept="text/plain", timeout=_TIMEOUT, retry=False)
    return readings(samples(answer.body.decode("utf-8", "replace")), at=time.time(), node=pod.spec.node_name)
