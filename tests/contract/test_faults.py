"""What Writer, Connection and a guarded patch make of each fault between them and a server: research A12, A2.1.

The server is the embedded one, then a real kube-apiserver; a proxy stands in between and does harm.
"""

import json

import pytest

from k8sai.cluster.api_errors import ApiConflict, RequestTimedOut, Unavailable
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.patching import Stale, create, patch
from k8sai.cluster.writing import Target, Writer
from k8sai.errors import ClusterError
from tests.contract.fault_line import Line, failing
from tests.contract.fault_line import line as line
from tests.contract.objects import config_map
from tests.faults.faults import (
    ALL,
    AWAY,
    BROKEN,
    BUDGET,
    BUSY,
    CONFLICT,
    CUT,
    CUT_DONE,
    CUT_HALF,
    GATEWAY,
    LATE,
    LATE_DONE,
    LYING,
    SLOW,
    STALE,
    TWO_BUDGETS,
    Fault,
)
from tests.faults.schedule import Rule

LOST = (CUT_DONE, CUT_HALF, LATE_DONE)  # the server did it, and nobody was told
TOLD_AT_ONCE = (BUDGET, BROKEN, TWO_BUDGETS, GATEWAY, AWAY, LATE, LYING, CUT)  # nothing happened, nothing is repeated


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a Writer has waited before its tries; no time passes."""
    told: list[float] = []
    monkeypatch.setattr("k8sai.cluster.writing.time.sleep", told.append)
    return told


# --- writes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", TOLD_AT_ONCE, ids=str)
def test_a_write_that_was_not_done_is_told_and_never_repeated(line: Line, fault: Fault) -> None:
    line.proxy.faults(Rule(fault, "PATCH"))

    error = failing(line.guarded)

    assert isinstance(error, Unavailable)
    assert (len(line.patches), line.stands) == (1, "1")
    assert error.status == {LYING.name: 500}.get(fault.name, fault.status)
    assert line.guarded()["data"]["a"] == "2"  # whoever tries again gets on


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_a_write_whose_answer_was_lost_stands_and_its_guard_keeps_it_from_being_done_twice(
    line: Line, fault: Fault
) -> None:
    line.proxy.faults(Rule(fault, "PATCH"))

    assert isinstance(failing(line.guarded), Unavailable)

    assert (len(line.patches), line.stands, line.patches[0].status) == (1, "2", 200)
    assert isinstance(failing(line.guarded), Stale)
    assert line.stands == "2"


def test_a_conflict_is_told_as_one(line: Line) -> None:
    line.proxy.faults(Rule(CONFLICT, "PATCH"))

    assert isinstance(failing(line.guarded), ApiConflict)

    assert (len(line.patches), line.stands) == (1, "1")


@pytest.mark.parametrize(("fault", "seconds"), [(BUSY, 1.0), (STALE, 10.0), (AWAY.after(2), 2.0)], ids=str)
def test_a_refusal_with_a_retry_after_was_not_done_and_is_waited_out(
    line: Line, waits: list[float], fault: Fault, seconds: float
) -> None:
    line.proxy.faults(Rule(fault, "PATCH", times=2))

    assert line.guarded()["data"]["a"] == "2"

    assert (waits, len(line.patches)) == ([seconds, seconds], 3)


@pytest.mark.parametrize("fault", [BUSY, STALE], ids=str)
def test_waiting_for_a_retry_after_has_an_end(line: Line, waits: list[float], fault: Fault) -> None:
    line.proxy.faults(Rule(fault, "PATCH", times=100))

    error = failing(line.guarded)

    assert isinstance(error, Unavailable) and error.status == 429
    assert (len(line.patches), sum(waits) <= 60, line.stands) == (5, True, "1")


def test_the_three_429s_can_be_told_apart(line: Line, waits: list[float]) -> None:
    """A budget names itself and no time; one that is not counted yet has a time; a busy server is plain text."""
    told = {}
    for fault in (BUDGET, STALE, BUSY):
        line.proxy.faults(Rule(fault, "PATCH", times=100))
        error = failing(line.guarded)
        assert isinstance(error, Unavailable)
        told[fault.name] = (error.reason, error.retry_after, "disruption budget" in error.message)
        line.proxy.schedule.clear()
    assert told == {
        BUDGET.name: ("TooManyRequests", None, True),
        STALE.name: ("TooManyRequests", 10.0, True),
        BUSY.name: ("", 1.0, False),
    }


def test_creating_again_after_a_lost_answer_is_told_as_there_already(line: Line) -> None:
    line.proxy.faults(Rule(CUT_DONE, "POST", "/configmaps"))
    kind = line.map.resource
    target = Target(kind, line.namespace, "made")

    assert isinstance(failing(lambda: create(line.writer, target, config_map("made"))), Unavailable)
    error = failing(lambda: create(line.writer, target, config_map("made")))

    assert isinstance(error, ApiConflict) and error.reason == "AlreadyExists"


def test_a_success_that_carries_a_failure_is_a_failure(line: Line) -> None:
    line.proxy.faults(Rule(LYING, "PATCH"))

    error = failing(line.guarded)

    assert "the backend said no" in error.message and line.stands == "1"


def test_a_slow_answer_is_waited_for(line: Line) -> None:
    line.proxy.faults(Rule(SLOW, "PATCH"))

    assert line.guarded()["data"]["a"] == "2"


def test_with_a_request_timeout_a_slow_write_has_its_own_end(line: Line) -> None:
    from dataclasses import replace

    hurried = connect(Options(kubeconfig=str(line.proxy.kubeconfig), request_timeout="300ms"))
    writer = Writer(hurried)
    target = line.map
    writer.live(target)  # what is served is known
    line.proxy.faults(Rule(replace(SLOW, wait=30), "PATCH"))

    error = failing(lambda: patch(writer, target, [{"op": "replace", "path": "/data/a", "value": "2"}]))

    assert isinstance(error, RequestTimedOut)
    hurried.close()


# --- reads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [BUSY.after(0), BROKEN, GATEWAY, AWAY, LATE, LATE_DONE, CUT, CUT_DONE, CUT_HALF, SLOW], ids=str
)
def test_a_read_gets_over_it(line: Line, fault: Fault) -> None:
    target = line.map
    line.proxy.faults(Rule(fault, "GET", "/configmaps/"))

    live = line.writer.live(target)

    assert live and live["data"]["a"] == "1"
    assert len(line.gets(target.path)) == (1 if fault is SLOW else 2)


def test_a_read_gives_up_in_the_end(line: Line) -> None:
    target = line.map
    line.proxy.faults(Rule(BROKEN, "GET", "/configmaps/", times=100))

    assert isinstance(failing(lambda: line.writer.live(target)), Unavailable)

    assert len(line.gets(target.path)) == 5


def test_a_watch_that_is_cut_says_so_and_can_be_begun_again(line: Line) -> None:
    path = f"/api/v1/namespaces/{line.namespace}/configmaps"
    line.proxy.faults(Rule(CUT_HALF, "GET", path))

    def first() -> bytes:
        with line.connection.stream(path, query={"watch": "true"}) as stream:
            return b"".join(stream)

    assert isinstance(failing(first), ClusterError)
    with line.connection.stream(path, query={"watch": "true"}) as stream:
        assert json.loads(next(iter(stream)).splitlines()[0])["type"] == "ADDED"


def test_all_faults_are_tried_here() -> None:
    """A fault that is added needs its place above."""
    tried = (*TOLD_AT_ONCE, *LOST, CONFLICT, BUSY, STALE, SLOW)
    assert {one.name for one in ALL} == {one.name for one in tried}
