"""The counters of model servers, as Prometheus has them of scripted traffic: vLLM's, SGLang's, Triton's, a router's.

Like theirs, some series are only born with their first request. Names and labels: see `canary/measuring/sources.py`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from k8sai.sim.promql import Value
from k8sai.sim.store import Store
from k8sai.sim.traffic import Life, lives
from k8sai.sim.traffic_script import Behaviour

Series = tuple[str, dict[str, str], Value]
_TTFT: Final = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0)
_ITL: Final = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_E2E: Final = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0)
_HANDLER: Final = "/v1/chat/completions"


def series(store: Store, time: float) -> Iterator[Series]:
    """All of them as of a time (epoch seconds)."""
    for life in lives(store, time):
        labels = {"namespace": life.script.namespace, "pod": life.pod, "container": "server", "job": life.script.name}
        if life.model:
            yield from _router(life, {**labels, "pod": f"{life.script.name}-epp"}, time)
            continue
        yield "up", labels, _number(1)
        yield from _SERVERS[life.stretches[-1].behaviour.server](life, labels, time)


def _vllm(life: Life, labels: dict[str, str], time: float) -> Iterator[Series]:
    yield from _answers("http_requests_total", life, {**labels, "handler": _HANDLER, "method": "POST"}, "status", time)
    yield (
        "http_requests_total",
        {**labels, "handler": "/health", "method": "GET", "status": "2xx"},
        _number(_probes(life, time)),
    )
    own = {**labels, "model_name": life.script.model, "engine": "0"}
    aborts = life.sum(time, lambda one: one.aborts)
    failed = life.sum(time, _errors)
    ended = {"stop": life.sum(time) - aborts - failed, "length": 0, "abort": aborts, "error": failed, "repetition": 0}
    for reason, number in ended.items():
        yield "vllm:request_success_total", {**own, "finished_reason": reason}, _number(number)
    yield from _latencies("vllm:", life, own, time)
    yield from _histogram(
        "vllm:request_time_per_output_token_seconds",
        _ITL,
        life,
        own,
        time,
        lambda one, bound: one.within(one.itl, bound),
    )


def _sglang(life: Life, labels: dict[str, str], time: float) -> Iterator[Series]:
    own = {**labels, "model_name": life.script.model}
    yield from _answers("sglang:http_responses_total", life, {**labels, "endpoint": _HANDLER}, "status_code", time)
    yield "sglang:num_requests_total", own, _number(life.sum(time))
    yield "sglang:num_aborted_requests_total", own, _number(life.sum(time, lambda one: one.aborts))
    yield from _latencies("sglang:", life, own, time)


def _triton(life: Life, labels: dict[str, str], time: float) -> Iterator[Series]:
    own, failed = {**labels, "model": life.script.model, "version": "1"}, life.sum(time, _errors)
    yield "nv_inference_request_success", own, _number(life.sum(time) - failed)
    yield "nv_inference_request_failure", {**own, "reason": "BACKEND"}, _number(failed)


def _router(life: Life, labels: dict[str, str], time: float) -> Iterator[Series]:
    """llm-d's endpoint picker, which knows the model that a request was sent on to."""
    own = {**labels, "model_name": life.script.name, "target_model_name": life.model}
    yield "up", labels, _number(1)
    if total := life.sum(time):
        yield "llm_d_epp_request_total", own, _number(total)
    if failed := life.sum(time, _errors):
        yield "llm_d_epp_request_error_total", own, _number(failed)


_SERVERS: Final[dict[str, Callable[[Life, dict[str, str], float], Iterator[Series]]]] = {
    "vllm": _vllm,
    "sglang": _sglang,
    "triton": _triton,
}


def _answers(name: str, life: Life, labels: dict[str, str], label: str, time: float) -> Iterator[Series]:
    """By status; a status that has not been answered yet has no series."""
    failed = life.sum(time, _errors)
    words = ("2xx", "5xx") if label == "status" else ("200", "500")
    for word, number in zip(words, (life.sum(time) - failed, failed), strict=True):
        if number:
            yield name, {**labels, label: word}, _number(number)


def _latencies(prefix: str, life: Life, labels: dict[str, str], time: float) -> Iterator[Series]:
    """Of the requests that did not fail."""
    parts: tuple[tuple[str, tuple[float, ...], Callable[[Behaviour], float]], ...] = (
        ("time_to_first_token_seconds", _TTFT, lambda one: one.ttft),
        ("inter_token_latency_seconds", _ITL, lambda one: one.itl),
        ("e2e_request_latency_seconds", _E2E, lambda one: one.e2e),
    )
    for name, bounds, median in parts:
        within = _of(median)
        yield from _histogram(f"{prefix}{name}", bounds, life, labels, time, within)


def _of(median: Callable[[Behaviour], float]) -> Callable[[Behaviour, float], float]:
    return lambda one, bound: one.within(median(one), bound)


def _histogram(
    name: str,
    bounds: tuple[float, ...],
    life: Life,
    labels: dict[str, str],
    time: float,
    within: Callable[[Behaviour, float], float],
) -> Iterator[Series]:
    for bound in bounds:
        number = life.sum(time, lambda one, bound=bound: (1 - one.errors) * within(one, bound))  # type: ignore[misc]
        yield f"{name}_bucket", {**labels, "le": f"{bound:g}" if bound < 1 else f"{bound:.1f}"}, _number(number)
    whole = _number(life.sum(time, lambda one: 1 - one.errors))
    yield f"{name}_bucket", {**labels, "le": "+Inf"}, whole
    yield f"{name}_count", labels, whole


def _within(life: Life, time: float, within: Callable[[Behaviour, float], float], bound: float) -> float:
    return float(life.sum(time, lambda one: (1 - one.errors) * within(one, bound)))


def _number(value: float) -> Value:
    return lambda: float(value)


def _probes(life: Life, time: float) -> float:
    """The kubelet's, every ten seconds."""
    return float(int((time - life.stretches[0].since) / 10))


def _errors(one: Behaviour) -> float:
    return one.errors
