"""A server between a command and an API server: it keeps a record and does harm. Plain or TLS, streams, websockets.

With TLS it knows its client by a certificate, as the API server would, and passes the name on as an authenticating
proxy does: rights, audit log and `kubectl auth whoami` stay those of who asks.
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy
"""

import select
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

import urllib3
import yaml
from urllib3.exceptions import HTTPError

from tests.controlplane.server import ControlPlane
from tests.faults.faults import Fault
from tests.faults.schedule import Rule, Schedule, Sent, sent

# Between two neighbours only (RFC 9110, 7.6.1), or said anew.
_HOPS: Final = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host", "content-length"}
_PIECE: Final = 1 << 16


class FaultProxy:
    """Serves while the block runs. `kubeconfig` is one like `of`, with this server instead; `schedule` the record."""

    def __init__(self, of: Path, folder: Path, *rules: Rule, plane: ControlPlane | None = None) -> None:
        self.schedule = Schedule(*rules)
        self.ended = Event()
        config = yaml.safe_load(of.read_text())
        self.upstream: str = config["clusters"][0]["cluster"]["server"].rstrip("/")
        self.towards = _towards(plane) if plane else None
        self.http = urllib3.PoolManager(4, maxsize=32, ssl_context=self.towards, retries=False)
        self._server = _Listening(self, _listening(plane) if plane else None)
        self.url = f"{'https' if plane else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self.kubeconfig = _pointed_here(config, self.url, folder / f"proxied-{self._server.server_address[1]}")
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self.http.clear()
        self._thread.join()

    def faults(self, *rules: Rule) -> None:
        """From now on, besides those that are left."""
        self.schedule.add(*rules)

    def dial(self) -> socket.socket:
        """A connection to the server that is nobody else's."""
        where = urlsplit(self.upstream)
        plain = socket.create_connection((where.hostname or "", where.port or 443), timeout=30)
        return self.towards.wrap_socket(plain, server_hostname=where.hostname) if self.towards else plain


def _towards(plane: ControlPlane) -> ssl.SSLContext:
    folder = plane.authority.folder
    context = ssl.create_default_context(cafile=str(plane.authority.root.certificate))
    context.load_cert_chain(folder / "proxy.crt", folder / "proxy.key")
    return context


def _listening(plane: ControlPlane) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.serving.certificate, plane.serving.key)
    context.load_verify_locations(plane.authority.root.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _pointed_here(config: dict[str, Any], url: str, file: Path) -> Path:
    config["clusters"][0]["cluster"]["server"] = url
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(config))
    return file


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy, tls: ssl.SSLContext | None) -> None:
        self.proxy, self.tls = proxy, tls
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake is made in the client's own thread: one that stalls holds up nobody."""
        with suppress(OSError, HTTPError):  # one of the two has hung up
            if self.tls is None:
                super().finish_request(request, client_address)
                return
            with closing(self.tls.wrap_socket(request, server_side=True)) as secured:
                super().finish_request(secured, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listening

    def log_message(self, *_: object) -> None: ...

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        user, groups = _who(self.connection)
        request = sent(self.command, self.path, body, user=user, agent=self.headers.get("User-Agent", ""))
        fault = self.server.proxy.schedule.met(request)
        if fault and fault.wait:
            self.server.proxy.ended.wait(fault.wait)
        if fault and not fault.done:
            self._answer(fault)
            return
        names = {name: said for name, said in (("X-Remote-User", user), ("X-Remote-Group", groups)) if said}
        if "upgrade" in self.headers.get("Connection", "").lower():
            self._tunnel(request, body, names, None if fault is None or fault.passes else fault)
        else:
            self._pass_on(request, body, names, None if fault is None or fault.passes else fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    # --- a request and its answer -------------------------------------------------------------------------------------

    def _pass_on(self, request: Sent, body: bytes, names: Mapping[str, str], fault: Fault | None) -> None:
        proxy = self.server.proxy
        headers = urllib3.HTTPHeaderDict([*_kept(self.headers.items()), *names.items()])
        answer = proxy.http.request(
            self.command, proxy.upstream + self.path, body=body, headers=headers, preload_content=False, redirect=False
        )
        try:
            request.status = answer.status
            if fault is not None and not fault.half:
                answer.read()
                self._answer(fault)
            elif "Content-Length" in answer.headers or self.command == "HEAD":
                self._whole(answer.status, _kept(answer.headers.items()), answer.read(decode_content=False), fault)
            else:
                self._stream(answer, fault)
        finally:
            answer.close()

    def _answer(self, fault: Fault) -> None:
        if fault.status:
            self._whole(fault.status, fault.headers.items(), fault.body, None)
        else:
            self.close_connection = True  # nothing at all was said

    def _whole(self, code: int, headers: Any, data: bytes, fault: Fault | None) -> None:
        self._head(code, [*headers, ("Content-Length", str(len(data)))])
        self.wfile.write(data[: len(data) // 2] if fault else data if self.command != "HEAD" else b"")
        self.close_connection = self.close_connection or fault is not None

    def _stream(self, answer: urllib3.BaseHTTPResponse, fault: Fault | None) -> None:
        """As it comes, piece by piece; with a fault only the first half of the first one."""
        self._head(answer.status, [*_kept(answer.headers.items()), ("Transfer-Encoding", "chunked")])
        for piece in answer.stream(_PIECE, decode_content=False):
            self.wfile.write(f"{len(piece):x}\r\n".encode() + (piece[: len(piece) // 2] if fault else piece + b"\r\n"))
            self.wfile.flush()
            if fault or self.server.proxy.ended.is_set():
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, code: int, headers: Any) -> None:
        self.send_response_only(code)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    # --- websockets ---------------------------------------------------------------------------------------------------

    def _tunnel(self, request: Sent, body: bytes, names: Mapping[str, str], fault: Fault | None) -> None:
        """The very bytes in both directions, until one side has no more; with a fault the answer never arrives."""
        self.close_connection = True
        with closing(self.server.proxy.dial()) as behind:
            hops = {"connection", "upgrade", "transfer-encoding", "content-length"}
            pairs = [pair for pair in self.headers.items() if not pair[0].lower().startswith("x-remote-")]
            kept = [(name, value) for name, value in pairs if name.lower() in hops or name.lower() not in _HOPS]
            lines = [f"{self.command} {self.path} HTTP/1.1", f"Host: {urlsplit(self.server.proxy.upstream).netloc}"]
            lines += [f"{name}: {value}" for name, value in [*kept, *names.items()]]
            behind.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            first = behind.recv(_PIECE)
            request.status = int(first.split(b" ", 2)[1]) if first else 0
            if fault is None:
                behind.settimeout(None)
                self.connection.sendall(first)
                _both_ways(self.connection, behind, self.server.proxy.ended)


def _both_ways(one: socket.socket, other: socket.socket, ended: Event) -> None:
    """Until either has no more. One thread: a TLS connection is not read and written by two at the same time."""
    beyond = {one: other, other: one}
    with suppress(OSError):
        while not ended.is_set():
            waiting = [end for end in beyond if isinstance(end, ssl.SSLSocket) and end.pending()]
            for end in waiting or select.select([one, other], [], [], 0.5)[0]:
                if not (data := end.recv(_PIECE)):
                    return
                beyond[end].sendall(data)


def _kept(headers: Any) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name.lower() not in _HOPS and not name.lower().startswith("x-remote-"):
            yield name, value


def _who(connection: socket.socket) -> tuple[str, str]:
    """Common name and organization of the client's certificate, as Kubernetes reads user and group from it."""
    told = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    subject: Any = (told or {}).get("subject", ())
    pairs = dict(pair for part in subject for pair in part)
    return str(pairs.get("commonName", "")), str(pairs.get("organizationName", ""))
