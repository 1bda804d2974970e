"""A proxy before a server that answers some writes itself, or loses their answers."""

import http.client
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from tests.commands.server import Quiet, Served

# What becomes of a write: passed on, refused with this code, or done and never answered.
Fate = int | Literal["pass", "lost"]


class Faults(Served):
    """Passes everything on but real writes, numbered from 1, of which `fate` decides. `writes` are their paths."""

    def __init__(self, server: str, fate: Callable[[int], Fate], retry_after: str = "") -> None:
        self.writes: list[str] = []
        super().__init__(_handler(server, fate, self.writes, retry_after))


def _handler(server: str, fate: Callable[[int], Fate], writes: list[str], retry_after: str) -> type[Quiet]:
    class Handler(Quiet):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            decided: Fate = "pass"
            if self.command in ("PATCH", "DELETE", "PUT") and b"dryRun" not in self.path.encode() + body:
                writes.append(urlsplit(self.path).path)
                decided = fate(len(writes))
            if isinstance(decided, int):
                self._answer(
                    decided, b'{"kind":"Status","status":"Failure","message":"it is the test","reason":""}', {}
                )
                return
            upstream = http.client.HTTPConnection(server.removeprefix("http://"))
            kept = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "accept-encoding")}
            upstream.request(self.command, self.path, body, kept)
            answer = upstream.getresponse()
            data = answer.read()
            upstream.close()
            if decided == "lost":
                self.close_connection = True
                return
            self._answer(answer.status, data, {"Content-Type": answer.headers.get("Content-Type", "")})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def _answer(self, code: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(code)
            if code in (429, 503) and retry_after:
                self.send_header("Retry-After", retry_after)
            for key, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler
