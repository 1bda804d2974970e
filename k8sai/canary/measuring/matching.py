"""Matchers that find the series of one version: by its pods, and by what its backend says of its series."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

# How namespace and pod are called: by the operator's monitors, by older scrape configurations, by OpenTelemetry, and by
# servers that say it themselves where Prometheus' own labels hide theirs.
SPELLINGS: Final = (
    ("namespace", "pod"),
    ("kubernetes_namespace", "kubernetes_pod_name"),
    ("k8s_namespace_name", "k8s_pod_name"),
    ("namespace_name", "pod_name"),
    ("exported_namespace", "exported_pod"),
)
_MODELS: Final = {"model_name": "target_model_name"}  # as routers call the model that answered


def matchers(namespace: str, pods: Sequence[str], series: Mapping[str, str], spelling: tuple[str, str]) -> str:
    """Comma-separated; what is empty is no condition."""
    space, pod = spelling
    found = [equal(space, namespace)] if namespace else []
    found += [f'{pod}=~"{any_of(pods)}"'] if pods else []
    return ",".join((*found, *(equal(key, value) for key, value in sorted(series.items()))))


def of_router(series: Mapping[str, str]) -> dict[str, str]:
    """The same series as a router has them."""
    return {_MODELS.get(key, key): value for key, value in series.items()}


def of_gateway(service: str, namespace: str) -> str:
    """Requests to a Service, as Istio's proxies have them."""
    within = [equal("destination_service_namespace", namespace)] if namespace else []
    return ",".join((*within, equal("destination_service_name", service)))


def equal(label: str, value: str) -> str:
    """One matcher."""
    return f'{label}="{_quoted(value)}"'


def any_of(words: Iterable[str]) -> str:
    """A pattern (RE2), quoted, that matches exactly these."""
    return "|".join(_quoted(re.sub(r"([^\w:/-])", r"\\\1", word)) for word in words)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
