"""A proxy before a server that answers some writes itself, or loses their answers."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

# What becomes of a write: passed on, refused with this code, or done and never answered.
Fate = int | Literal["pass", "lost"]


class Faults:
    """Passes everything on but real writes, numbered from 1, of which `fate` decides. `writes` are their paths."""

    def __init__(self, server: str, fate: Callable[[int], Fate], retry_after: str = "") -> None:
        self.writes: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, fate, self.writes, retry_after))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Faults":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(
    server: str, fate: Callable[[int], Fate], writes: list[str], retry_after: str
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
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

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    return Handler
