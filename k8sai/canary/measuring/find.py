"""Which Prometheus is asked about requests: the one that was named, or the first that has counters of model servers."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from k8sai.canary.measuring.matching import any_of
from k8sai.canary.measuring.sampler import Sampler
from k8sai.canary.measuring.sources import all_names
from k8sai.canary.state import Settings

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.prometheus import Prometheus, Vector


@dataclass(slots=True)
class Samplers:
    """One sampler for as long as it is asked for the same: it knows what it has found. `prometheus` overrules what
    `start` was told; finding none is tried again.
    """

    connection: "Connection"
    prometheus: str = ""
    _made: dict[tuple[str, Settings], Sampler] = field(default_factory=dict)

    def of(self, settings: Settings, namespace: str) -> Sampler:
        """For a target in a namespace. Raises Usage as `sampler`."""
        named = replace(settings, prometheus=self.prometheus or settings.prometheus)
        if (namespace, named) not in self._made:
            self._made[namespace, named] = sampler(self.connection, named, namespace)
        return self._made[namespace, named]


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
