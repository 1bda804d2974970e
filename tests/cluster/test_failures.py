"""Requests that fail over real sockets: each failure is one sentence."""

import socket
import ssl
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiConflict, ApiError, RequestTimedOut, Unauthenticated, Unavailable
from k8sai.errors import Exit
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Reply, Request, serving, status
from tests.cluster.talking import OK, failure, free_port, talking, to


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
