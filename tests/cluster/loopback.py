"""A server on loopback that says what a test wants: real HTTP over real sockets, with TLS where asked."""

import json
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    client: str = ""  # the subject of the client's certificate

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True)
class Reply:
    """`chunks` makes the answer a chunked one; `cut` breaks the connection in the middle of it, or before it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] | None = None
    cut: bool = False


def status(code: int, reason: str, message: str, **details: object) -> Reply:
    """A Status object, as an API server answers."""
    said = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return document({**said, "details": details}, code)


def document(value: Any, code: int = 200, content_type: str = "application/json") -> Reply:
    return Reply(code, json.dumps(value).encode(), {"Content-Type": content_type})


class Loopback:
    """Answers each request with `answer`; remembers them in `requests`."""

    def __init__(self, answer: Callable[[Request], Reply], tls: ssl.SSLContext | None) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.server.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def serving(answer: Callable[[Request], Reply], tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    loopback = Loopback(answer, tls)
    thread = Thread(target=loopback.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield loopback
    finally:
        loopback.server.shutdown()
        loopback.server.server_close()
        thread.join()


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    """One after the other; the last one for ever."""
    left = list(replies)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        try:
            wrapped = self.tls.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return  # a client that does not trust us hangs up: that is what some tests are about
        try:
            super().finish_request(wrapped, client_address)
        finally:
            wrapped.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up in many tests; nothing is to be printed."""


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `requests` instead."""

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            request = Request(self.command, self.path, tuple(self.headers.items()), body, self._client())
            loopback.requests.append(request)
            self._send(loopback.answer(request))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_CONNECT = handle_one

        def _client(self) -> str:
            if not isinstance(self.connection, ssl.SSLSocket):
                return ""
            named = self.connection.getpeercert() or {}
            pairs = (pair for part in named.get("subject", ()) for pair in part)
            return next((str(pair[1]) for pair in pairs if pair[0] == "commonName"), "")

        def _send(self, reply: Reply) -> None:
            if reply.cut and reply.chunks is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.chunks is None:
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in reply.chunks:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            if reply.cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

    return Handler
