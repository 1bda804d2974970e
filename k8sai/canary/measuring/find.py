"""Which Prometheus is asked about requests: the one that was named, or the first that has counters of model servers."""

from typing import TYPE_CHECKING

from k8sai.canary.measuring.matching import any_of
from k8sai.canary.measuring.sampler import Sampler
from k8sai.canary.measuring.sources import all_names
from k8sai.canary.state import Settings

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.prometheus import Prometheus, Vector


def sampler(connection: "Connection", settings: Settings, namespace: str = "") -> Sampler:
    """For a target in a namespace ("" where pods' names tell enough). Prometheus is looked for with the first question.

    Raises Usage where `settings.prometheus` is no address.
    """
    from k8sai.cluster.prometheus import prometheus_at, query

    named = prometheus_at(settings.prometheus) if settings.prometheus else None

    def ask(expression: str, at: float) -> "Vector":
        return query(connection, named or found(connection), expression, at)

    return Sampler(ask, settings, namespace)


def found(connection: "Connection") -> "Prometheus":
    """Asked once for a connection. Raises NotFound, Forbidden, ClusterError."""
    from k8sai.cluster.prometheus_found import find_prometheus

    return find_prometheus(connection, any_of(all_names()), "model servers")
