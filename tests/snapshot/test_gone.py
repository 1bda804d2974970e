"""A server that goes away between the facts and the rest is not waited for once a kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from k8sai.cluster.api_errors import ApiError, RequestTimedOut, Unavailable
from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.options import Options
from k8sai.errors import ClusterError
from k8sai.sim.cluster import Sim
from k8sai.snapshot import reading
from k8sai.snapshot.kinds import KEPT
from tests.commands.relay import Relay
from tests.commands.server import write_kubeconfig


@pytest.fixture(scope="module")
def sim() -> Iterator[Sim]:
    with Sim("demo") as sim:
        yield sim


def connected(folder: Path, url: str, request_timeout: str = "") -> Connection:
    return connect(
        Options(kubeconfig=str(write_kubeconfig(folder / "config", url)), request_timeout=request_timeout), ask=False
    )


def test_a_server_that_is_gone_is_asked_no_more(sim: Sim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with Relay(sim.server) as relay:
        connection = connected(tmp_path, relay.url)
        request = connection.request

        def counted(method: str, path: str, **how: Any) -> Any:
            asked.append(path)
            return request(method, path, **how)

        def told(kind: str) -> None:
            if kind == "nodes and pods":
                monkeypatch.setattr(connection, "request", counted)
                relay.cut()

        taken = reading.read(connection, told)
    assert asked == ["/version", "/version"]  # and once more, to be sure
    assert len(taken.facts["nodes"]) == 48 and not taken.complete
    missing = [source for source in taken.sources if source.state == "failed"]
    assert [source.kind for source in missing] == list(KEPT)
    assert {source.message for source in missing} == {f"{relay.url} refuses the connection"}


class Answering:
    """A connection that answers the smallest question, or does not."""

    def __init__(self, refusal: ClusterError | None = None) -> None:
        self.refusal = refusal
        self.closed = False

    def request(self, method: str, path: str, *, timeout: float, retry: bool) -> None:
        if self.refusal is not None:
            raise self.refusal

    def close(self) -> None:
        self.closed = True


SLOW = RequestTimedOut("it did not answer within 30 s")


@pytest.mark.parametrize(
    ("said", "answers"),
    [(SLOW, None), (SLOW, Unavailable("it is busy", status=503)), (ApiError("it is broken", status=500), SLOW)],
)
def test_one_kind_that_is_not_answered_hides_no_other(said: ClusterError, answers: ClusterError | None) -> None:
    connection = Answering(answers)
    asking = reading._Asking(cast(Connection, connection))
    assert asking.why(said) is said
    assert (asking.gone, connection.closed) == (None, False)


def test_what_fails_after_the_server_is_gone_has_its_reason() -> None:
    connection = Answering(SLOW)
    asking = reading._Asking(cast(Connection, connection))
    assert asking.why(SLOW) is SLOW and connection.closed
    assert asking.why(Unavailable("this connection is closed")) is SLOW


@pytest.mark.parametrize(("flag", "seconds"), [("", 30.0), ("7s", 7.0)])
def test_an_answer_has_a_limit_that_the_flag_sets(sim: Sim, tmp_path: Path, flag: str, seconds: float) -> None:
    connection = connected(tmp_path, sim.server, flag)
    try:
        assert reading.read(connection).complete
        assert connection.request_timeout == seconds
    finally:
        connection.close()
