"""Requests over real sockets: what is sent, what is tried again, what a connection remembers."""

import gzip
from contextlib import closing
from threading import Event, Thread

import pytest

from k8sai import __version__
from k8sai.cluster.api_errors import Unavailable
from k8sai.errors import Exit, K8saiError
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Reply, Request, document, in_turn, serving, status
from tests.cluster.talking import OK, failure, talking, to

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


@pytest.mark.parametrize("group", ["authorization", "authentication"])
def test_a_review_only_asks_and_is_asked_again(group: str) -> None:
    with talking(in_turn(Reply(chunks=[b"half"], cut=True), Reply(cut=True), OK)) as (connection, _):
        review = connection.request("POST", f"/apis/{group}.k8s.io/v1/selfsubjectaccessreviews", body=b"{}")
    assert review.status == 200


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
