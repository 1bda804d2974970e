"""A server that answers what a test tells it to, and a kubeconfig for it."""

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, Any]]


def status(code: int, reason: str, message: str) -> Answer:
    """A refusal as the API server words it."""
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def forbidden(resource: str, group: str = "") -> Answer:
    """RBAC's words for a list that is denied."""
    plural = f"{resource}.{group}" if group else resource
    said = f'{plural} is forbidden: User "eve" cannot list resource "{resource}" in API group "{group}"'
    return status(403, "Forbidden", f"{said} at the cluster scope")


class Quiet(BaseHTTPRequestHandler):
    """A handler that says nothing on stderr."""

    def log_message(self, *_: object) -> None: ...


class Served:
    """A server on loopback, there while the block runs."""

    def __init__(self, handler: type[Quiet]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Canned(Served):
    """Answers by path, after the seconds `slow` has for it; else 404. `paths` are those that were asked for."""

    def __init__(self, answers: Mapping[str, Answer], *, slow: Mapping[str, float] | None = None) -> None:
        self.paths: list[str] = []
        super().__init__(_handler(dict(answers), self.paths, slow or {}))


def _handler(answers: dict[str, Answer], paths: list[str], slow: Mapping[str, float]) -> type[Quiet]:
    class Handler(Quiet):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            paths.append(path)
            time.sleep(slow.get(path, 0))
            code, body = answers.get(path) or status(
                404, "NotFound", "the server could not find the requested resource"
            )
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def write_kubeconfig(file: Path, server: str, *, context: str = "test", namespace: str = "", token: str = "t") -> Path:
    """One context for the server, and a second one, "other", that points nowhere."""
    where = {"cluster": context, "user": "eve", **({"namespace": namespace} if namespace else {})}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [
            {"name": context, "context": where},
            {"name": "other", "context": {"cluster": "gone", "user": "eve"}},
        ],
        "clusters": [
            {"name": context, "cluster": {"server": server}},
            {"name": "gone", "cluster": {"server": "http://127.0.0.1:1"}},
        ],
        "users": [{"name": "eve", "user": {"token": token}}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config))
    return file
