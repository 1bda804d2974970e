"""A small real Prometheus for tests: samples in, the queries of `top` answered over the real query API.

Semantics are Prometheus' own: an instant vector looks five minutes back, a range `(t-d, t]` has what lies in it,
`max_over_time` and `max by` pass over NaN where there is anything else.
"""

import json
import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable

from tests.cluster.scripted_api import Answer, Asked, ScriptedApi

UTIL, ACTIVE, USED = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_FB_USED"
BLANK = 9223372036854775794.0
_LOOKBACK = 300.0
_NAMES = re.compile(r'(count\()?\{__name__=~"([\w|]+)"\}\)?')
_MOST = re.compile(r'max by \(([\w, ]+)\) \(max_over_time\((\w+)(?:\{UUID=~"([\w|-]+)"\})?\[(\d+)s\]\)\)')
Labels = tuple[tuple[str, str], ...]


class Prometheus:
    """`add` series by their age in seconds, `serve` it at a path of a scripted server."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))
        self._series: dict[tuple[str, Labels], dict[float, float]] = defaultdict(dict)
        self.warnings: list[str] = []
        self.refuse_ranges: Answer | None = None

    def add(
        self,
        metric: str,
        values: Iterable[float | None] | float,
        *,
        every: float = 30.0,
        age: float = 0.0,
        **labels: str,
    ) -> None:
        """The newest value first, `age` seconds old; None is a scrape that failed. One number fills three hours."""
        if isinstance(values, (int, float)):
            values = [values] * int(10_800 / every)
        series = self._series[metric, tuple(sorted(labels.items()))]
        for n, value in enumerate(values):
            if value is not None:
                series[self.now - age - n * every] = value

    def serve(self, api: ScriptedApi, prefix: str) -> None:
        """Answers `prefix/api/v1/…`."""
        api.on(f"{prefix}/api/v1/query", self._query)
        api.on(f"{prefix}/api/v1/query_range", self._range)

    def _query(self, asked: Asked) -> Answer:
        match = _NAMES.fullmatch(asked.query["query"])
        if match is None:
            return self._bad(asked)
        found: list[dict[str, object]] = []
        for (metric, labels), samples in self._series.items():
            latest = max((at for at in samples if self.now - _LOOKBACK < at <= self.now), default=None)
            if metric in match[2].split("|") and latest is not None:
                found.append(
                    {"metric": {"__name__": metric, **dict(labels)}, "value": [self.now, _text(samples[latest])]}
                )
        if match[1]:
            found = [{"metric": {}, "value": [self.now, str(len(found))]}] if found else []
        return self._answer("vector", found)

    def _range(self, asked: Asked) -> Answer:
        if self.refuse_ranges is not None:
            return self.refuse_ranges
        match = _MOST.fullmatch(asked.query["query"])
        if match is None:
            return self._bad(asked)
        by, metric, span = match[1].replace(" ", "").split(","), match[2], float(match[4])
        start, end, step = (float(asked.query[name]) for name in ("start", "end", "step"))
        moments = [start + n * step for n in range(int((end - start) / step + 1.000001))]
        rows: dict[Labels, dict[float, float]] = defaultdict(dict)
        for (name, labels), samples in self._series.items():
            if name != metric or (match[3] and dict(labels).get("UUID") not in match[3].split("|")):
                continue
            kept = tuple((label, value) for label, value in labels if label in by)
            for at in moments:
                inside = [value for when, value in samples.items() if at - span < when <= at]
                if inside:
                    rows[kept][at] = _most([_most(inside), *([rows[kept][at]] if at in rows[kept] else [])])
        return self._answer(
            "matrix",
            [
                {"metric": dict(labels), "values": [[at, _text(value)] for at, value in row.items()]}
                for labels, row in rows.items()
            ],
        )

    def _answer(self, kind: str, result: list[dict[str, object]]) -> Answer:
        body: dict[str, object] = {"status": "success", "data": {"resultType": kind, "result": result}}
        if self.warnings:
            body["warnings"] = self.warnings
        return Answer(body=json.dumps(body).encode())

    def _bad(self, asked: Asked) -> Answer:
        said = {"status": "error", "errorType": "bad_data", "error": f"parse error: {asked.query['query']}"}
        return Answer(400, json.dumps(said).encode())


def _most(values: list[float]) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return max(numbers) if numbers else math.nan


def _text(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.17g}"
