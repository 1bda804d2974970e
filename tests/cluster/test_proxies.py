"""Requests through a proxy: which one, and what it does wrong."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from k8sai.cluster.proxies import proxy_for
from k8sai.errors import Usage
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Reply, serving
from tests.cluster.talking import OK, failure, free_port, to


@contextmanager
def tunnel(target: str) -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that takes one CONNECT to wherever and joins it to `target`; its address, and what it was told."""
    told: list[bytes] = []
    host, port = target.rpartition("//")[2].split(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            client, _ = listening.accept()
            with client, socket.create_connection((host, int(port))) as server:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                told.append(head)
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = Thread(target=_pump, args=(server, client))
                back.start()
                _pump(client, server)
                back.join()

        thread = Thread(target=run)
        thread.start()
        yield f"http://user:p%40ss@127.0.0.1:{listening.getsockname()[1]}", told
        thread.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.mark.parametrize("way", ["proxy-url", "HTTPS_PROXY"])
def test_a_proxy_is_gone_through(pki: Pki, way: str) -> None:
    with serving(lambda request: OK, pki.server("other-name")) as loopback, tunnel(loopback.url) as (proxy, told):
        more: dict[str, Any] = {"proxy_url": proxy} if way == "proxy-url" else {"environ": {"HTTPS_PROXY": proxy}}
        connection = to("https://kubernetes.example:6443", ca=pki.crt("ca"), **more)
        assert connection.request("GET", "/version").status == 200
        connection.close()
    assert told[0].startswith(b"CONNECT kubernetes.example:6443 HTTP/1.")
    assert b"Basic dXNlcjpwQHNz" in told[0]
    assert loopback.requests[0].header("Proxy-Authorization") == ""


def test_a_proxy_that_refuses() -> None:
    with serving(lambda request: Reply(407)) as proxy:
        url = proxy.url.replace("//", "//user:secret@")
        error = failure(to("https://kubernetes.example:6443", proxy_url=url))
    assert error.message.startswith(f"the proxy {proxy.url} does not let us through (407")
    assert error.message.endswith("so https://kubernetes.example:6443 cannot be reached")
    assert "secret" not in error.message + error.hint


def test_a_proxy_that_is_not_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    error = failure(to("https://kubernetes.example:6443", proxy_url=url))
    assert (
        error.message == f"the proxy {url} refuses the connection, so https://kubernetes.example:6443 cannot be reached"
    )


def test_a_socks_proxy_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Usage, match=r"the proxy socks5://p:1 speaks SOCKS, for which a library is missing"):
        to("https://h", proxy_url="socks5://u:p@p:1").request("GET", "/x")


@pytest.mark.parametrize(
    ("server", "listed", "proxied"),
    [
        ("https://h.example:6443", "", True),
        ("https://h.example:6443", "*", False),
        ("https://h.example:6443", "example", False),
        ("https://h.example:6443", ".example", False),
        ("https://h.example:6443", "*.example", False),
        ("https://example", ".example", True),
        ("https://notexample", "example", True),
        ("https://h.example:6443", "other, h.example:6443", False),
        ("https://h.example:6443", "h.example:443", True),
        ("https://h.example", "h.example:443", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", False),
        ("https://11.1.2.3:6443", "10.0.0.0/8", True),
        ("https://10.1.2.3:6443", "10.1.2.3", False),
        ("https://10.1.2.3:6443", "10.1.2.3:1", True),
        ("https://[fd00::1]:6443", "fd00::/8", False),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", False),
        ("https://localhost:6443", "", False),
        ("https://127.9.9.9:6443", "", False),
        ("https://[::1]:6443", "", False),
    ],
)
def test_whom_the_environment_leaves_out(server: str, listed: str, proxied: bool) -> None:
    found = proxy_for(server, "", {"https_proxy": "proxy:3128", "NO_PROXY": listed})
    assert found == ("http://proxy:3128" if proxied else "")


def test_http_servers_have_their_own_variable_and_proxy_url_always_counts() -> None:
    assert proxy_for("http://h", "", {"HTTPS_PROXY": "http://s", "HTTP_PROXY": "http://p"}) == "http://p"
    assert proxy_for("https://127.0.0.1", "http://q:1", {"NO_PROXY": "*"}) == "http://q:1"
    with pytest.raises(Usage, match="proxy-url 'ftp://q:1' is not a proxy"):
        proxy_for("https://h", "ftp://u:secret@q:1", {})
