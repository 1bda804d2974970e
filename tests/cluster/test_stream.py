"""Answers that go on: chunks as they come, and every way they end."""

import time
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from k8sai.cluster.api_errors import ApiError, Unavailable
from tests.cluster.certificates import Pki
from tests.cluster.loopback import Reply, serving, status
from tests.cluster.talking import talking, to


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
