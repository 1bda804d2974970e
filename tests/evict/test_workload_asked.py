"""The file that users copy: asked by HTTP and by an annotation, and what it writes on its own pod."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from k8sai.evict.contracts.acks import ack as read_ack
from k8sai.evict.workload import k8sai_checkpoint
from k8sai.evict.workload.k8sai_checkpoint import Mailbox, wait, watch
from tests.cluster import certificates
from tests.cluster.conftest import pki as pki
from tests.evict.training import keeper

LONG = 30.0


def talk(port: int, method: str, path: str, body: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_by_http(tmp_path: Path) -> None:
    one = keeper(tmp_path, http="127.0.0.1:0")
    body = json.dumps({"id": "r1", "deadline": "2999-01-01T00:00:00Z", "reason": "drain", "requester": "k8sai"})
    assert talk(one.port, "GET", "/checkpoint") == (200, {"complete": False})
    assert talk(one.port, "POST", "/checkpoint", body) == (202, {"requestId": "r1", "complete": False})
    one.step(3)
    code, again = talk(one.port, "POST", "/checkpoint", body)
    assert (code, again["requestId"], again["step"], again["complete"]) == (202, "r1", 3, True)
    assert talk(one.port, "GET", "/checkpoint") == (200, again)
    one.step(4)
    assert one.mail.ack()["step"] == 3


@pytest.mark.parametrize("body", ["", "no", "[]", "{}", '{"id": ""}', '{"id": "a", "deadline": "soon"}', '"x"'])
def test_what_is_no_request_is_400(tmp_path: Path, body: str) -> None:
    one = keeper(tmp_path, http="127.0.0.1:0")
    assert talk(one.port, "POST", "/checkpoint", body)[0] == 400
    assert talk(one.port, "POST", "/other", body)[0] == 404
    assert one.mail.pending() == []


def test_a_request_is_taken_back_by_http(tmp_path: Path) -> None:
    one = keeper(tmp_path, http="127.0.0.1:0")
    talk(one.port, "POST", "/checkpoint", '{"id": "r1"}')
    talk(one.port, "DELETE", "/checkpoint?id=r1")
    one.step(1)
    assert one.mail.ack() == {}


def downward(request: dict[str, Any]) -> str:
    """As the kubelet writes annotations: Go's %q."""
    return f'a.example/b="c\\n=\\"d"\nk8sai.dev/request={json.dumps(json.dumps(request))}\n'


def test_by_an_annotation(tmp_path: Path) -> None:
    file, mail = tmp_path / "annotations", Mailbox(tmp_path)
    file.write_text('a.example/b="c"\n')
    watch(mail, str(file))
    file.write_text(downward({"id": "r1", "deadline": "2999-01-01T00:00:00Z"}))
    assert wait(lambda: [one["id"] for one in mail.pending()], time.time() + LONG) == ["r1"]
    file.write_text('a.example/b="c"\n')
    assert wait(lambda: not mail.pending(), time.time() + LONG)


class Server(BaseHTTPRequestHandler):
    got: "Queue[tuple[str, str, dict[str, str], Any]]"

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.got.put((self.command, self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def api_server(pki: certificates.Pki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), type("One", (Server,), {"got": Queue()}))
    server.socket = pki.server().wrap_socket(server.socket, server_side=True)
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("secret")
    (account / "ca.crt").write_bytes(pki.crt("ca").read_bytes())
    monkeypatch.setattr(k8sai_checkpoint, "ACCOUNT", account)
    for key, value in (("SERVICE_HOST", "127.0.0.1"), ("SERVICE_PORT", str(server.server_port))):
        monkeypatch.setenv(f"KUBERNETES_{key}", value)
    monkeypatch.setenv("POD_NAME", "train-0")
    monkeypatch.setenv("POD_NAMESPACE", "ml")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(LONG)
    server.server_close()


def test_the_answer_is_written_on_the_pod(tmp_path: Path, api_server: HTTPServer) -> None:
    one = keeper(tmp_path / "run", tell=True)
    one.mail.ask({"id": "r1"})
    one.step(9)
    got: Queue[tuple[str, str, dict[str, str], Any]] = api_server.RequestHandlerClass.got  # type: ignore[attr-defined]
    _, path, headers, body = got.get(timeout=LONG)
    assert path == "/api/v1/namespaces/ml/pods/train-0"
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer secret", "application/merge-patch+json")
    said = read_ack(body["metadata"]["annotations"]["k8sai.dev/last-checkpoint"])
    assert (said.request, said.step, said.complete) == ("r1", 9, True)


def test_a_server_that_is_away_stops_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POD_NAME", "train-0")
    k8sai_checkpoint.tell_pod({"complete": True})
    assert "last-checkpoint is not written" in capfd.readouterr().err
