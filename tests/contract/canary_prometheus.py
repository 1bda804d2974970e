"""A Prometheus over HTTP that counts the requests of two versions as a test scripts them: `--prometheus URL`."""

import json
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from k8sai.sim.promql import Labels, Value, evaluate
from tests.commands.server import Quiet, Served
from tests.contract.api import Api, Json

_RATE: Final = 2000.0  # requests a second to both
_ILL: Final = ("503", "nan", "empty", "reset")


class Counting(Served):
    """Ready pods have answered their version's share since the beginning. A canary's pods are known by a label.

    `share` of all requests reach the canary, `errors` of those fail; `ill` is one of 503, nan, empty and reset.
    """

    def __init__(self, api: Api, namespace: str, canary: Json) -> None:
        self._api, self._namespace, self._canary = api, namespace, canary
        self._since = time.time()
        self.share, self.errors, self.ill = 0.5, 0.0, ""
        super().__init__(_handler(self))

    def answer(self, query: str, at: float) -> tuple[int, Json]:
        """As its query API does."""
        assert not self.ill or self.ill in _ILL
        if self.ill == "503":
            return 503, {"status": "error", "errorType": "unavailable", "error": "it is the test"}
        rows = [] if self.ill == "empty" else evaluate(query, self._series, at)
        found = [{"metric": labels, "value": [at, "NaN" if self.ill == "nan" else f"{n:.10g}"]} for labels, n in rows]
        return 200, {"status": "success", "data": {"resultType": "vector", "result": found}}

    def _series(self, at: float) -> Iterator[tuple[str, Labels, Value]]:
        pods = self._api.get(f"/api/v1/namespaces/{self._namespace}/pods").ok()["items"]
        sides: dict[bool, list[str]] = {True: [], False: []}
        for pod in pods:
            labels = pod["metadata"].get("labels") or {}
            sides[self._canary.items() <= labels.items()].append(pod["metadata"]["name"])
        for canary, names in sides.items():
            total = _RATE * (self.share if canary else 1 - self.share) * (at - self._since)
            for name in names:
                own = {"namespace": self._namespace, "pod": name, "handler": "/v1/chat/completions"}
                yield "up", own, lambda: 1.0
                failed = total * (self.errors if canary else 0.0) / len(names)
                for status, number in (("2xx", total / len(names) - failed), ("5xx", failed)):
                    yield "http_requests_total", {**own, "status": status}, self._counted(number)

    def _counted(self, number: float) -> Value:
        return lambda: 1e9 - number if self.ill == "reset" else number


def _handler(counting: Counting) -> type[Quiet]:
    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._answer(parse_qs(body))

        def do_GET(self) -> None:
            self._answer(parse_qs(urlsplit(self.path).query))

        def _answer(self, asked: dict[str, list[str]]) -> None:
            at = float((asked.get("time") or [str(time.time())])[0])
            code, body = counting.answer(" ".join(asked["query"][0].split()), at)
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
