"""What commands send to a server, seen by a proxy before it: every request that would change something, in its order.

A test may act in the middle of a write: between what the command has seen and what the server takes.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from urllib3.exceptions import HTTPError

from tests.commands.server import Quiet, Served
from tests.contract.api import Api
from tests.faults.schedule import Sent, sent

# What becomes of a write: it goes on, it never arrives, or it is refused with this code.
Fate = Literal["pass", "drop"] | int
_KEPT = ("content-type", "accept", "impersonate-user", "user-agent")


class Audit(Served):
    """`sent` are the writes that were tried, but for dry runs; `meet` is asked what becomes of each."""

    def __init__(self, api: Api) -> None:
        self.sent: list[Sent] = []
        self.meet: Callable[[Sent], Fate] = lambda _: "pass"
        super().__init__(_handler(api, self))

    @property
    def on_targets(self) -> list[Sent]:
        """Those that were no state and no Lease."""
        return [one for one in self.sent if not one.ours]


def _handler(api: Api, audit: Audit) -> type[Quiet]:
    lock = Lock()

    class Handler(Quiet):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fate = self._fate(body)
            if fate == "drop":
                self.close_connection = True
            elif fate == "pass":
                with suppress(OSError, HTTPError):  # one of the two has hung up
                    self._pass_on(body)
            else:
                said = {"kind": "Status", "status": "Failure", "message": "it is the test", "reason": "Conflict"}
                self._whole(int(fate), json.dumps({**said, "code": fate}).encode(), "application/json")

        def _fate(self, body: bytes) -> Fate:
            request = sent(self.command, self.path, body)
            if not request.writes:
                return "pass"
            with lock:
                audit.sent.append(request)
            return audit.meet(request)

        def _pass_on(self, body: bytes) -> None:
            headers = {key: value for key, value in self.headers.items() if key.lower() in _KEPT}
            answer = api.passed_on(self.command, self.path, body, headers)
            try:
                kind = answer.headers.get("Content-Type", "")
                if "watch" in parse_qs(urlsplit(self.path).query):
                    self._stream(answer, kind)
                else:
                    self._whole(answer.status, answer.read(), kind)
            finally:
                answer.close()

        def _stream(self, answer: Any, kind: str) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in answer.stream(1 << 16, decode_content=True):
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def _whole(self, code: int, data: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    return Handler
