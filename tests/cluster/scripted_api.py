"""An API server that answers from a script: real HTTP on loopback, any fault at any moment."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Kind
from k8sai.facts import Object

DEADLINE = 20.0  # seconds a test waits for what must happen


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent. `hold` keeps the stream open after the chunks; `cut` drops the connection in the middle."""

    status: int = 200
    body: bytes | tuple[bytes, ...] = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def plural(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def names(self) -> tuple[str, str]:
        """What a script may call it: `/api/v1/pods`, with ` watch` or ` probe` behind it, or just `pods watch`."""
        probe = " probe" if self.query.get("limit") == "1" else ""
        suffix = " watch" if self.query.get("watch") else probe
        return self.path + suffix, self.plural + suffix


def obj(name: str, version: int = 1, namespace: str = "ns", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": str(version)}, **more}


def listed(*items: dict[str, Any], version: int = 1, follows: str = "", remaining: int | None = None) -> Answer:
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if follows:
        meta["continue"] = follows
    if remaining is not None:
        meta["remainingItemCount"] = remaining
    return Answer(body=json.dumps({"kind": "List", "metadata": meta, "items": items}).encode())


def line(type: str, item: dict[str, Any]) -> bytes:
    return json.dumps({"type": type, "object": item}).encode() + b"\n"


def bookmark(version: int) -> bytes:
    return line("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


def watched(*lines: bytes, hold: bool = False, cut: bool = False) -> Answer:
    return Answer(body=lines, hold=hold, cut=cut)


def refused(code: int, reason: str = "", message: str = "", **headers: str) -> Answer:
    status = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return Answer(code, json.dumps(status).encode(), {name.replace("_", "-"): v for name, v in headers.items()})


def forbidden(verb: str, plural: str, group: str = "", namespace: str = "") -> Answer:
    where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    said = f'{plural} is forbidden: User "ann" cannot {verb} resource "{plural}" in API group "{group}"{where}'
    return refused(403, "Forbidden", said)


class ScriptedApi:
    """Per question a queue of answers, the last of which repeats. What nobody scripted is 404."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[Answer | Callable[[Asked], Answer]]] = defaultdict(deque)
        self._changed = Condition()
        self._released = Event()
        self.asked: list[Asked] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def on(self, what: str, *answers: Answer | Callable[[Asked], Answer]) -> None:
        """Append answers to a question, by one of its names. A probe nobody scripted finds one object at most."""
        self._answers[what].extend(answers)

    def until_asked(self, what: str, times: int = 1) -> list[Asked]:
        """Wait for the question; all requests of it so far."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(what)) >= times, DEADLINE), self.asked
            return self.of(what)

    def of(self, what: str) -> list[Asked]:
        return [asked for asked in self.asked if what in asked.names]

    def release(self) -> None:
        """End all held streams."""
        self._released.set()

    def _take(self, asked: Asked) -> Answer:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
            queue = next((self._answers[name] for name in asked.names if name in self._answers), None)
            if not queue:
                known = {asked.path, asked.plural} & self._answers.keys()
                return listed() if known and "limit" in asked.query else refused(404, "NotFound", "no such path")
            answer = queue.popleft() if len(queue) > 1 else queue[0]
        return answer(asked) if callable(answer) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(url.query).items()}
                answer = api._take(Asked(url.path, query, dict(self.headers)))
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                if isinstance(answer.body, bytes):
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for chunk in filter(None, answer.body):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    self.wfile.flush()
                if answer.hold:
                    api._released.wait(DEADLINE)
                if answer.cut:
                    self.close_connection = True
                    return
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *args: object) -> None:
                """Silent."""

        return Handler


@contextmanager
def scripted() -> Iterator[ScriptedApi]:
    """A running server."""
    api = ScriptedApi()
    thread = Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.release()
        api.server.shutdown()
        api.server.server_close()
        thread.join()


def connected(api: ScriptedApi, tmp_path: Path, namespace: str = "") -> Connection:
    """A connection to it, past any kubeconfig of the machine."""
    options = Options(server=api.url, namespace=namespace, kubeconfig=str(_kubeconfig(api, tmp_path, namespace)))
    return connect(options, environ={})


def _kubeconfig(api: ScriptedApi, tmp_path: Path, namespace: str) -> Path:
    path = tmp_path / "config"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u", "namespace": namespace or "mine"}}],
        "clusters": [{"name": "c", "cluster": {"server": api.url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


class Notebook:
    """A sink that keeps what it is told, and in which order."""

    def __init__(self) -> None:
        self._changed = Condition()
        self.objects: dict[Kind, dict[str, Object]] = defaultdict(dict)
        self.calls: list[tuple[str, Kind, str]] = []

    def put(self, kind: Kind, obj: Object) -> None:
        self._note("put", kind, obj.metadata.name, lambda known: known.update({obj.metadata.name: obj}))

    def drop(self, kind: Kind, obj: Object) -> None:
        self._note("drop", kind, obj.metadata.name, lambda known: known.pop(obj.metadata.name, None))

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        new = {obj.metadata.name: obj for obj in objects}

        def swap(known: dict[str, Object]) -> None:
            known.clear()
            known.update(new)

        self._note("replace", kind, " ".join(sorted(new)), swap)

    def names(self, kind: Kind) -> set[str]:
        return set(self.objects[kind])

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until it holds."""
        with self._changed:
            assert self._changed.wait_for(true, DEADLINE), self.calls

    def _note(self, call: str, kind: Kind, what: str, change: Callable[[dict[str, Object]], object]) -> None:
        with self._changed:
            change(self.objects[kind])
            self.calls.append((call, kind, what))
            self._changed.notify_all()
