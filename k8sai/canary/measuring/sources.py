"""Where requests and their failures can be counted, in the order of preference: which servers and proxies say what.

All are counters that only grow and whose series tell by a label which requests were bad. vLLM's docs/usage/metrics.md,
SGLang's production_metrics.md, Triton's docs/user_guide/metrics.md, Knative's serving-metrics, Istio's standard
metrics, llm-d-router's docs/metrics.md. Monitors of KServe put `kserve_` before vLLM's names.
"""

from dataclasses import dataclass
from typing import Final, Literal

By = Literal["pods", "model", "service"]
NAME: Final = "__name__"
ABOVE: Final = "+Inf"


@dataclass(frozen=True, slots=True)
class Source:
    """Counters that mean the same under several names. One of `labels` tells what a request was.

    `bad` is a pattern of its values. `whole` is the value that counts all requests, where one does; else they add up.
    A histogram has no `bad`: a request is bad above a bound. `seconds` is the unit of its bounds. `by` is how a version
    is told: by its pods, by the model that a router sent a request on to, or by the Service that a gateway did.
    """

    title: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    bad: str = ""
    whole: str = ""
    where: str = ""  # more matchers
    seconds: float = 1.0
    tokens: bool = False  # it counts tokens, not requests
    by: By = "pods"

    @property
    def histogram(self) -> bool:
        """It has bounds."""
        return self.labels == ("le",)


_PROBES = '!~"/?(health|metrics|ping|version|load|docs|openapi.json|server_info|get_.*info|v1/models|v2/health).*|none"'
_ROUTERS = ("llm_d_epp_request", "inference_objective_request")


def _two(title: str, whole: str, bad: str, *, by: By = "pods") -> Source:
    """A counter of all requests and one of the bad ones among them."""
    return Source(title, (whole, bad), (NAME,), bad, whole, by=by)


def _histogram(*names: str, where: str = "", seconds: float = 1.0, tokens: bool = False, by: By = "pods") -> Source:
    title, buckets = names[0], tuple(f"{name}_bucket" for name in names)
    return Source(title, buckets, ("le",), "", ABOVE, where, seconds, tokens, by)


def _routers(name: str) -> tuple[Source, ...]:
    return tuple(_histogram(f"{router}_{name}", by="model") for router in _ROUTERS)


_QUEUE_PROXY = 'kn_revision_name!=""'
_SIDECAR = 'reporter="destination"'
_GATEWAY = 'reporter="source"'
ERRORS: Final = (
    Source(
        "answers through the gateway",
        ("istio_requests_total",),
        ("response_code",),
        "5..",
        where=_GATEWAY,
        by="service",
    ),
    Source(
        "answers of queue-proxy by status",
        ("http_server_request_duration_seconds_count",),
        ("http_response_status_code",),
        bad="5..",
        where=_QUEUE_PROXY,
    ),
    Source("answers of queue-proxy by status", ("revision_request_count",), ("response_code_class",), bad="5xx"),
    Source(
        "answers of the sidecar by status", ("istio_requests_total",), ("response_code",), bad="5..", where=_SIDECAR
    ),
    Source(
        "answers by status",
        ("http_requests_total", "kserve_http_requests_total", "sglang:http_responses_total"),
        ("status", "code", "status_code"),
        bad="5..",
        where=f"handler{_PROBES},endpoint{_PROBES}",
    ),
    Source(
        "requests by why they ended",
        ("vllm:request_success_total", "kserve_vllm:request_success_total"),
        ("finished_reason",),
        bad="error|abort",
    ),
    _two("aborted requests", "sglang:num_requests_total", "sglang:num_aborted_requests_total"),
    Source(
        "failed requests",
        ("nv_inference_request_success", "nv_inference_request_failure"),
        (NAME,),
        bad="nv_inference_request_failure",
    ),
    _two("failed requests", "tgi_request_count", "tgi_request_failure"),
    *(_two("errors of the router", f"{name}_total", f"{name}_error_total", by="model") for name in _ROUTERS),
)
_LATENCIES: Final = {
    "ttft": (
        _histogram(
            "vllm:time_to_first_token_seconds",
            "kserve_vllm:time_to_first_token_seconds",
            "sglang:time_to_first_token_seconds",
        ),
        _histogram("nv_inference_first_response_histogram_ms", seconds=0.001),
        *_routers("ttft_seconds"),
    ),
    "itl": (
        _histogram("vllm:request_time_per_output_token_seconds", "kserve_vllm:request_time_per_output_token_seconds"),
        _histogram("tgi_request_mean_time_per_token_duration"),
        *_routers("streaming_tpot_seconds"),
        _histogram(
            "vllm:inter_token_latency_seconds",
            "kserve_vllm:inter_token_latency_seconds",
            "sglang:inter_token_latency_seconds",
            "vllm:time_per_output_token_seconds",
            "sglang:time_per_output_token_seconds",
            tokens=True,
        ),
    ),
    "e2e": (
        _histogram(
            "vllm:e2e_request_latency_seconds",
            "kserve_vllm:e2e_request_latency_seconds",
            "sglang:e2e_request_latency_seconds",
        ),
        _histogram("tgi_request_duration"),
        _histogram("http_server_request_duration_seconds", where=_QUEUE_PROXY),
        _histogram("revision_request_latencies", seconds=0.001),
        _histogram("istio_request_duration_milliseconds", where=_SIDECAR, seconds=0.001),
        _histogram("istio_request_duration_milliseconds", where=_GATEWAY, seconds=0.001, by="service"),
        _histogram("request_predict_seconds"),
        *_routers("duration_seconds"),
    ),
}


def sources(metric: str) -> tuple[Source, ...]:
    """Of errors, ttft, itl or e2e."""
    return ERRORS if metric == "errors" else _LATENCIES[metric]


def all_names() -> tuple[str, ...]:
    """Every counter that is known, once."""
    every = (*ERRORS, *(one for some in _LATENCIES.values() for one in some))
    return tuple(dict.fromkeys(name for source in every for name in source.names))
