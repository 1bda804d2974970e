"""Requests and streams over real sockets: what is sent, what is tried again, and what each failure says."""

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from k8sai import __version__
from k8sai.cluster.access import Access, Endpoint, Identity
from k8sai.cluster.api_errors import ApiConflict, ApiError, RequestTimedOut, Unauthenticated, Unavailable
from k8sai.cluster.connection import Connection
from k8sai.cluster.credentials import credentials_for
from k8sai.cluster.proxies import proxy_for
from k8sai.errors import ClusterError, Exit, K8saiError, Usage
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Loopback, Reply, Request, document, in_turn, serving, status

OK = document({"ok": True})


def to(
    server: str,
    *,
    ca: Path | None = None,
    timeout: Any = None,
    environ: Any = None,
    **more: Any,
) -> Connection:
    """A connection to `server`; `more` is for the endpoint, or for the identity where the name is one of its fields."""
    who = {key: more.pop(key) for key in tuple(more) if key in Identity.__dataclass_fields__}
    endpoint = Endpoint(server, ca_file=str(ca) if ca else "", **more)
    access = Access("x", "default", endpoint, Identity(**who), flags=" --context x")
    return Connection(
        access, credentials_for(access), request_timeout=timeout, environ=environ or {}, chance=lambda: -4.0
    )  # a chance of -4 makes every wait of ours nothing: 1 + 0.25 * -4


@contextmanager
def talking(answer: Callable[[Request], Reply], **more: Any) -> Iterator[tuple[Connection, Loopback]]:
    with serving(answer) as loopback, closing(to(loopback.url, **more)) as connection:
        yield connection, loopback


def failure(connection: Connection, kind: type[K8saiError] = ClusterError, method: str = "GET") -> Any:
    """The error of one request: one sentence, one line."""
    with closing(connection), pytest.raises(kind) as caught:
        connection.request(method, "/version")
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_request_carries_what_it_should() -> None:
    with talking(lambda request: OK) as (connection, loopback):
        answer = connection.request(
            "PATCH",
            "/api/v1/pods",
            query={"a": "1 2", "b": "x&y"},
            body=b"{}",
            content_type="application/merge-patch+json",
        )
        request = loopback.requests[0]
    assert (answer.status, answer.body, answer.headers["content-TYPE"]) == (200, b'{"ok": true}', "application/json")
    assert (request.method, request.path, request.body) == ("PATCH", "/api/v1/pods?a=1+2&b=x%26y", b"{}")
    assert request.header("Content-Type") == "application/merge-patch+json"
    assert request.header("Accept") == "application/json"
    assert request.header("User-Agent") == f"k8sai/{__version__}"
    assert request.header("Accept-Encoding") == "identity"
    assert request.header("Authorization") == ""


def test_a_server_below_a_path() -> None:
    with serving(lambda request: OK) as loopback, closing(to(f"{loopback.url}/k8s/c-1")) as connection:
        connection.request("GET", "/version")
    assert loopback.requests[0].path == "/k8s/c-1/version"


def test_groups_are_headers_of_their_own() -> None:
    with talking(
        lambda request: OK, as_user="u", as_groups=("a", "b"), as_uid="7", as_extra=(("Scope/x", ("1", "2")),)
    ) as (
        connection,
        loopback,
    ):
        connection.request("GET", "/version")
    sent = [pair for pair in loopback.requests[0].headers if pair[0].startswith("Impersonate")]
    assert sent == [
        ("Impersonate-User", "u"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-scope%2Fx", "1"),
        ("Impersonate-Extra-scope%2Fx", "2"),
    ]


def test_gzip_is_for_who_asks() -> None:
    packed = Reply(200, gzip.compress(b"plain words"), {"Content-Encoding": "gzip"})
    with talking(lambda request: packed) as (connection, loopback):
        assert connection.request("GET", "/x", gzip=True).body == b"plain words"
        assert loopback.requests[0].header("Accept-Encoding") == "gzip"


def test_one_connection_serves_many_threads(pki: Pki) -> None:
    def slowly_equal(request: Request) -> Reply:
        return document(request.path)

    with serving(slowly_equal, pki.server()) as loopback, closing(to(loopback.url, ca=pki.crt("ca"))) as connection:
        answers: dict[int, bytes] = {}

        def ask(number: int) -> None:
            for _ in range(5):
                answers[number] = connection.request("GET", f"/{number}").body

        threads = [Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: b'"/%d"' % number for number in range(8)}


# --- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_read_is_tried_again(code: int) -> None:
    with talking(in_turn(status(code, "Busy", "later"), Reply(cut=True), OK)) as (connection, loopback):
        assert connection.request("GET", "/x").status == 200
    assert len(loopback.requests) == 3


def test_an_answer_cut_in_the_middle_is_asked_for_again() -> None:
    with talking(in_turn(Reply(chunks=[b"half"], cut=True), OK)) as (connection, _):
        assert connection.request("GET", "/x").body == b'{"ok": true}'


def test_it_is_not_tried_for_ever() -> None:
    with talking(lambda request: status(503, "ServiceUnavailable", "starting")) as (connection, loopback):
        error = failure(connection, Unavailable)
    assert error.message == f"{loopback.url} is not available (503): starting"
    assert (error.status, error.exit, len(loopback.requests)) == (503, Exit.CLUSTER, 5)


def test_no_second_try_where_none_is_wanted() -> None:
    with talking(lambda request: status(503, "ServiceUnavailable", "down")) as (connection, loopback):
        with pytest.raises(Unavailable):
            connection.request("GET", "/x", retry=False)
        assert len(loopback.requests) == 1


@pytest.mark.parametrize(
    "reply", [status(503, "ServiceUnavailable", "down"), status(429, "TooManyRequests", "pdb"), Reply(cut=True)]
)
def test_a_write_is_sent_once(reply: Reply) -> None:
    with talking(lambda request: reply) as (connection, loopback):
        failure(connection, Unavailable, "POST")
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 422, 501])
def test_a_refusal_is_final(code: int) -> None:
    with talking(lambda request: status(code, "No", "no")) as (connection, loopback):
        failure(connection, K8saiError)
    assert len(loopback.requests) == 1


def test_retry_after_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Reply(429, b"", {"Retry-After": "7"})
    waits: list[float | None] = []
    with talking(in_turn(busy, busy, OK)) as (connection, _):
        monkeypatch.setattr(connection._closed, "wait", waits.append)
        connection._chance = lambda: 0.0
        connection.request("GET", "/x")
    assert waits == [7.0, 7.0]


def test_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    with talking(lambda request: status(500, "InternalError", "x")) as (connection, _):
        monkeypatch.setattr(connection._closed, "wait", waits.append)
        connection._chance = lambda: 1.0
        failure(connection, Unavailable)
    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0])


@pytest.mark.parametrize(("wish", "timeout"), [("61", None), ("2", 1.5)])
def test_a_wait_that_takes_too_long_is_not_begun(wish: str, timeout: float | None) -> None:
    with talking(lambda request: Reply(429, b"", {"Retry-After": wish}), timeout=timeout) as (connection, loopback):
        connection._chance = lambda: 0.0
        error = failure(connection, Unavailable)
    assert (error.retry_after, error.status, len(loopback.requests)) == (float(wish), 429, 1)


def test_a_restart_is_waited_for_only_where_a_server_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda request: OK) as first:
        connection = to(first.url)
        connection.request("GET", "/x")
        connection._pools.manager.clear()  # type: ignore[union-attr]
    tries: list[float | None] = []
    monkeypatch.setattr(connection._closed, "wait", tries.append)
    assert "refuses the connection" in failure(connection, Unavailable).message
    assert len(tries) == 4
    stranger = to(first.url)
    monkeypatch.setattr(stranger._closed, "wait", tries.append)
    failure(stranger, Unavailable)
    assert len(tries) == 4


def test_close_ends_a_wait() -> None:
    asked = Event()

    def busy(request: Request) -> Reply:
        asked.set()
        return Reply(429, b"", {"Retry-After": "30"})

    with talking(busy) as (connection, _):
        connection._chance = lambda: 0.0
        errors: list[K8saiError] = []

        def ask() -> None:
            try:
                connection.request("GET", "/x")
            except K8saiError as error:
                errors.append(error)

        thread = Thread(target=ask)
        thread.start()
        assert asked.wait(10)
        connection.close()
        thread.join(10)
        assert not thread.is_alive()
    assert isinstance(errors[0], Unavailable)


def test_a_closed_connection_asks_nothing() -> None:
    with talking(lambda request: OK) as (connection, loopback):
        connection.close()
        with pytest.raises(Unavailable, match="this connection is closed"):
            connection.request("GET", "/x")
    assert loopback.requests == []


# --- failures, each one sentence --------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    port = free_port()
    error = failure(to(f"https://127.0.0.1:{port}"))
    assert error.message == f"https://127.0.0.1:{port} refuses the connection"
    assert error.exit == Exit.CLUSTER
    assert error.hint == "is the API server running there? `kubectl cluster-info --context x`"


def test_a_name_that_does_not_exist() -> None:
    error = failure(to("https://no-such-host.invalid:6443"))
    assert error.message == "https://no-such-host.invalid:6443: its name cannot be resolved"


def test_silence_longer_than_the_request_timeout() -> None:
    done = Event()

    def never(request: Request) -> Reply:
        done.wait(30)
        return OK

    with talking(never, timeout=0.2) as (connection, loopback):
        error = failure(connection, RequestTimedOut)
        done.set()
    assert error.message == f"{loopback.url} did not answer within 0.2 s"
    assert (error.exit, error.hint) == (Exit.TIMEOUT, "give it more with --request-timeout")


def test_a_server_that_takes_no_connection() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        error = failure(to(f"http://127.0.0.1:{port}", timeout=0.2), RequestTimedOut)
        for each in waiting:
            each.close()
    assert error.message.startswith(f"http://127.0.0.1:{port} did not ")


@pytest.mark.parametrize(
    ("certificate", "more", "said"),
    [
        ("server", {}, "its certificate is signed by an authority the kubeconfig does not trust"),
        ("expired-server", {"ca": "ca"}, "its certificate has expired"),
        ("other-name", {"ca": "ca"}, "its certificate is for another address"),
        ("server", {"ca": "ca", "tls_server_name": "k.example"}, "its certificate is for another name"),
    ],
)
def test_servers_that_cannot_be_trusted(pki: Pki, certificate: str, more: dict[str, str], said: str) -> None:
    ca = pki.crt(more["ca"]) if "ca" in more else None
    with serving(lambda request: OK, pki.server(certificate)) as loopback:
        error = failure(to(loopback.url, ca=ca, tls_server_name=more.get("tls_server_name", "")), ApiError)
    assert error.message == f"{loopback.url} cannot be trusted: {said}"
    assert error.hint
    assert loopback.requests == []


@pytest.mark.parametrize("more", [{"insecure": True}, {"ca": "ca", "tls_server_name": "kubernetes.example"}])
def test_trust_as_the_kubeconfig_says(pki: Pki, more: dict[str, Any]) -> None:
    ca = pki.crt(str(more.pop("ca"))) if "ca" in more else None
    serve = serving(lambda request: OK, pki.server("other-name"))
    with serve as loopback, closing(to(loopback.url, ca=ca, **more)) as connection:
        assert connection.request("GET", "/version").status == 200


def test_a_leaf_may_be_trusted_itself(pki: Pki) -> None:
    with (
        serving(lambda request: OK, pki.server()) as loopback,
        closing(to(loopback.url, ca=pki.crt("server"))) as connection,
    ):
        assert connection.request("GET", "/version").status == 200


def test_https_to_a_port_that_speaks_http() -> None:
    with serving(lambda request: OK) as loopback:
        server = loopback.url.replace("http://", "https://")
        assert failure(to(server)).message == f"{server} does not speak TLS on that port"


def test_http_to_a_port_that_speaks_https() -> None:
    said = Reply(400, b"Client sent an HTTP request to an HTTPS server.\n", {"Content-Type": "text/plain"})
    with serving(lambda request: said) as loopback:
        error = failure(to(loopback.url))
    assert (error.message, error.hint) == (
        f"{loopback.url} wants https, but the address says http",
        "write the server as https://…",
    )


def test_a_refused_client_certificate_says_when_it_ended(pki: Pki) -> None:
    who = {"certificate_file": str(pki.crt("expired-client")), "key_file": str(pki.key("expired-client"))}
    with serving(lambda request: status(401, "Unauthorized", "Unauthorized"), pki.server()) as loopback:
        error = failure(to(loopback.url, ca=pki.crt("ca"), name="dev", **who), Unauthenticated)
    start = f"{loopback.url} does not accept the credentials of context 'x' (401): the client certificate ended on "
    assert error.message.startswith(start)
    assert error.hint == "get a new client certificate for user 'dev' from whoever runs the cluster"


def test_a_client_certificate_refused_during_tls(pki: Pki) -> None:
    context = pki.server(ask_clients=True)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the refusal comes before the request
    who = {"certificate_file": str(pki.crt("expired-client")), "key_file": str(pki.key("expired-client"))}
    with serving(lambda request: OK, context) as loopback:
        error = failure(to(loopback.url, ca=pki.crt("ca"), **who))
    assert error.message == f"{loopback.url} does not accept our client certificate (sslv3 alert certificate expired)"


def test_a_login_page_is_no_api_server() -> None:
    with talking(lambda request: Reply(302, b"", {"Location": "https://sso.example/login"})) as (connection, loopback):
        error = failure(connection, ApiError)
    assert error.message.startswith(f"{loopback.url} sends us elsewhere (302)")
    assert len(loopback.requests) == 1


def test_a_gateways_page_is_read_for_its_title() -> None:
    page = Reply(
        502, b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body>", {"Content-Type": "text/html"}
    )
    with talking(lambda request: page) as (connection, loopback):
        assert failure(connection, Unavailable).message == f"{loopback.url} failed (502): 502 Bad Gateway"


def test_a_conflict_is_refused() -> None:
    with talking(lambda request: status(409, "AlreadyExists", 'pods "a" already exists')) as (connection, loopback):
        error = failure(connection, ApiConflict, "POST")
    assert (error.exit, error.reason) == (Exit.REFUSED, "AlreadyExists")
    assert error.message == f'{loopback.url}: pods "a" already exists'


# --- proxies ----------------------------------------------------------------------------------------------------------


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


# --- streams ----------------------------------------------------------------------------------------------------------


def test_chunks_come_as_they_are_sent() -> None:
    go_on = Event()

    def slowly() -> Iterator[bytes]:
        yield b"one"
        assert go_on.wait(10)
        yield b"two"

    with (
        talking(lambda request: Reply(chunks=slowly())) as (connection, loopback),
        connection.stream("/watch", query={"watch": "1"}, accept="application/x", idle_timeout=10) as chunks,
    ):
        assert next(chunks) == b"one"
        go_on.set()
        assert list(chunks) == [b"two"]
    assert loopback.requests[0].path == "/watch?watch=1"
    assert loopback.requests[0].header("Accept") == "application/x"


@pytest.mark.parametrize("how", ["stream", "connection"])
@pytest.mark.parametrize("secure", [False, True])
def test_another_thread_may_end_it(pki: Pki, how: str, secure: bool) -> None:
    over = Event()

    def forever() -> Iterator[bytes]:
        yield b"first"
        over.wait(30)

    with serving(lambda request: Reply(chunks=forever()), pki.server() if secure else None) as loopback:
        connection = to(loopback.url, ca=pki.crt("ca"))
        stream = connection.stream("/watch", idle_timeout=30)
        assert next(stream) == b"first"
        rest: list[list[bytes]] = []
        reader = Thread(target=lambda: rest.append(list(stream)))
        reader.start()
        (stream if how == "stream" else connection).close()
        reader.join(10)
        assert not reader.is_alive()
        over.set()
        connection.close()
    assert rest == [[]]


def test_silence_ends_it() -> None:
    over = Event()

    def silent() -> Iterator[bytes]:
        yield b"first"
        over.wait(30)

    with talking(lambda request: Reply(chunks=silent())) as (connection, loopback):
        stream = connection.stream("/watch", idle_timeout=0.2)
        assert next(stream) == b"first"
        with pytest.raises(Unavailable) as caught:
            next(stream)
        over.set()
        assert list(stream) == []
    assert caught.value.message == f"{loopback.url} sent nothing for 0.2 s"


def test_a_broken_stream_says_so() -> None:
    with talking(lambda request: Reply(chunks=[b"first"], cut=True)) as (connection, loopback):
        stream = connection.stream("/watch", idle_timeout=10)
        assert next(stream) == b"first"
        with pytest.raises(
            Unavailable, match=f"{loopback.url}: the connection was lost .closed in the middle of an answer."
        ):
            next(stream)


def test_a_refused_stream_is_an_error_at_once() -> None:
    expired = status(410, "Expired", "too old resource version")
    with talking(lambda request: expired) as (connection, loopback), pytest.raises(ApiError) as caught:
        connection.stream("/watch", idle_timeout=10)
    assert (caught.value.status, type(caught.value).__name__, len(loopback.requests)) == (410, "Gone", 1)


def test_a_stream_has_no_time_limit_of_its_own() -> None:
    over = Event()

    def late() -> Iterator[bytes]:
        yield b"first"
        over.wait(0.5)
        yield b"late"

    with talking(lambda request: Reply(chunks=late()), timeout=0.2) as (connection, _):
        started = time.monotonic()
        assert list(connection.stream("/watch", idle_timeout=10)) == [b"first", b"late"]
        assert time.monotonic() - started > 0.2


# --- what a connection remembers --------------------------------------------------------------------------------------


def test_it_remembers_once_for_all_threads() -> None:
    made: list[int] = []
    with closing(to("http://h")) as connection:
        threads = [Thread(target=connection.remember, args=("key", lambda: made.append(1))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert made == [1]
