"""A Prometheus of the embedded cluster: its dcgm-exporters, as far as `top` asks, and the counters of scripted traffic.

Any Service labelled `app.kubernetes.io/name: prometheus` is one. Of cards it keeps nothing: what one did follows from
the card, its holder and the clock, so the past is computed as if today's holders had always been there.

Its annotation `sim.k8sai.dev/prometheus` makes it ill: an HTTP code (503) to answer with, `nan`, or `empty`.
"""

import re
from collections.abc import Iterator, Mapping

from k8sai.sim.exporter import Metered, is_exporter, metered
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj
from k8sai.sim.promql import Unknown, evaluate
from k8sai.sim.store import Store
from k8sai.sim.traffic_series import series

LABEL = ("app.kubernetes.io/name", "prometheus")
_PODS = find("", "pods")
_OWN = ("namespace", "pod", "container")  # labels of the exporter's that Prometheus' own would hide
ILL = "sim.k8sai.dev/prometheus"
_NAMES = re.compile(r'\{__name__=~"(DCGM_\w+(?:\|DCGM_\w+)*)"\}')
_COUNT = re.compile(r'count\(\{__name__=~"(DCGM_\w+(?:\|DCGM_\w+)*)"\}\)')
_MOST = re.compile(r'max by \(([\w, ]+)\) \(max_over_time\((\w+)(?:\{UUID=~"([\w|-]+)"\})?\[(\d+)s\]\)\)')
_POINTS = 11_000  # of a series

Series = tuple[dict[str, str], str, Metered]  # labels, metric, of what


def is_prometheus(service: Obj) -> bool:
    """Whether the Service plays one."""
    return service["kind"] == "Service" and (service["metadata"].get("labels") or {}).get(LABEL[0]) == LABEL[1]


def answer(store: Store, path: str, query: Mapping[str, str], ill: str = "") -> tuple[int, Obj]:
    """HTTP status and body for a path under the server's root; `ill` as the annotation says."""
    if ill.isdigit():
        return int(ill), {"status": "error", "errorType": "unavailable", "error": "the embedded Prometheus is ill"}
    code, body = _answer(store, path, query)
    return code, _spoilt(body, ill) if ill and code == 200 else body


def _spoilt(body: Obj, ill: str) -> Obj:
    """Without any series, or without numbers."""
    data = body["data"]
    kept = [{**one, "value": [one["value"][0], "NaN"]} for one in data["result"] if "value" in one]
    return {**body, "data": {**data, "result": kept if ill == "nan" else []}}


def _answer(store: Store, path: str, query: Mapping[str, str]) -> tuple[int, Obj]:
    expression = " ".join(query.get("query", "").split())
    if path == "api/v1/query":
        if match := _NAMES.fullmatch(expression):
            return _success("vector", _now(store, match[1].split("|")))
        if match := _COUNT.fullmatch(expression):
            count = sum(1 for _ in _series(store, match[1].split("|")))
            return _success("vector", [{"metric": {}, "value": [store.now(), str(count)]}] if count else [])
        try:
            return _counters(store, expression, float(query.get("time") or store.now()))
        except (Unknown, ValueError):
            pass
    elif path == "api/v1/query_range":
        if match := _MOST.fullmatch(expression):
            return _past(store, match, query)
    else:
        return 404, {"status": "error", "errorType": "not_found", "error": f"/{path} is not served here"}
    return 400, {
        "status": "error",
        "errorType": "bad_data",
        "error": f"the embedded Prometheus does not know this query: {expression}",
    }


def _counters(store: Store, expression: str, at: float) -> tuple[int, Obj]:
    rows = evaluate(expression, lambda time: series(store, time), at)
    return _success("vector", [{"metric": labels, "value": [round(at, 3), f"{value:.10g}"]} for labels, value in rows])


def _success(kind: str, result: list[Obj]) -> tuple[int, Obj]:
    return 200, {"status": "success", "data": {"resultType": kind, "result": result}}


def _series(store: Store, metrics: list[str]) -> Iterator[Series]:
    for exporter in store.list(_PODS):
        if not is_exporter(exporter) or not exporter["spec"].get("nodeName"):
            continue
        meta, node = exporter["metadata"], exporter["spec"]["nodeName"]
        own = dict(zip(_OWN, (meta["namespace"], meta["name"], "nvidia-dcgm-exporter"), strict=True))
        for one in metered(store, node):
            told = dict(one.values(0.0))
            for labels in one.labels(node):
                said = {f"exported_{name}" if name in _OWN else name: value for name, value in labels.items()}
                for metric in metrics:
                    if metric in told:
                        yield {**said, **own}, metric, one


def _now(store: Store, metrics: list[str]) -> list[Obj]:
    now = store.now()
    return [
        {"metric": {"__name__": metric, **labels}, "value": [round(now, 3), dict(one.values(one.busy(now)))[metric]]}
        for labels, metric, one in _series(store, metrics)
    ]


def _past(store: Store, match: re.Match[str], query: Mapping[str, str]) -> tuple[int, Obj]:
    by, metric, span = match[1].replace(" ", "").split(","), match[2], float(match[4])
    cards = set(match[3].split("|")) if match[3] else None
    try:
        start, end, step = (float(query[name]) for name in ("start", "end", "step"))
        points = int((end - start) / step + 1.000001)
    except (KeyError, ValueError, ZeroDivisionError):
        return 400, {"status": "error", "errorType": "bad_data", "error": "invalid parameter: start, end or step"}
    if not 0 < points <= _POINTS:
        error = "exceeded maximum resolution of 11,000 points per timeseries"
        return 400, {"status": "error", "errorType": "bad_data", "error": error}
    moments = [start + n * step for n in range(points)]
    rows: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for labels, _, one in _series(store, [metric]):
        if cards is not None and labels["UUID"] not in cards:
            continue
        key = tuple((name, labels[name]) for name in by if labels.get(name))
        highest = [
            float(dict(one.values(one.busy(at, span)))[metric]) for at in moments
        ]  # no value is less of a busier
        rows[key] = [max(pair) for pair in zip(highest, rows.get(key, highest), strict=True)]
    result = [
        {"metric": dict(key), "values": [[at, f"{value:g}"] for at, value in zip(moments, row, strict=True)]}
        for key, row in rows.items()
    ]
    return _success("matrix", result)
