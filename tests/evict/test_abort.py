"""Taking a drain back: by its operator when somebody leaves a word, by another one, by the marks alone; twice."""

from dataclasses import replace
from threading import Event

import pytest

from k8sai.cluster.writing import Writer
from k8sai.errors import Locked, NotFound
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.running.aborting import left_a_word
from k8sai.evict.running.by_marks import take_back
from k8sai.evict.running.entering import begun
from k8sai.evict.running.loop import Interrupted
from k8sai.evict.state import Stage
from tests.evict.drains import Drain
from tests.evict.test_run import one_job

PLACE = "default"


def kept(made: Drain) -> Kept:
    return Kept(Writer(made.connection()), PLACE, made.state.id)  # type: ignore[arg-type]


def test_whoever_is_at_it_takes_it_back_when_a_word_is_left() -> None:
    made = one_job("silent")

    def asks(site: Drain) -> None:
        if site.state.gangs[0].phase == "Requested":
            left_a_word(kept(site), site.world.now(), "ben")

    made.meanwhile = asks
    state = made.run()
    assert state.stage is Stage.ABORTED
    assert ("EvictAborting", "ben") in [(one.word, one.by) for one in state.journal]
    made.rules.over(set())
    assert made.world.marked("k8sai.dev/request") == []


def test_a_gang_that_was_stopped_is_started_again() -> None:
    made = one_job()

    def asks(site: Drain) -> None:
        if site.state.gangs[0].phase in ("Stopping", "Stopped"):
            left_a_word(kept(site), site.world.now(), "ben")

    made.meanwhile = asks
    assert made.run().stage is Stage.ABORTED
    made.world.run(30)
    made.rules.over(set())
    made.rules.runs_again({"llm": 1})


def test_one_that_is_over_gives_its_nodes_back() -> None:
    made = one_job()
    assert made.run().stage is Stage.DONE
    assert made.world.cordoned() == {"a0"}
    assert made.abort().stage is Stage.ABORTED
    assert made.world.cordoned() == set()
    writes = made.connection()
    made.abort(writes)
    assert made.world.cordoned() == set()


def test_without_a_journal_the_marks_tell() -> None:
    made = one_job()
    stopped = made.connection()

    def dies(site: Drain) -> None:
        if site.state.gangs[0].phase == "Stopping":
            stopped.dead = True

    made.meanwhile = dies
    with pytest.raises(BaseException):  # noqa: B017  # killed, wherever it was
        made.run(stopped)
    drain = made.state.id
    held = kept(made).read()
    assert held is not None
    kept(made).forget(held)
    assert made.world.marked("k8sai.dev/parked-by") != []
    door = replace(made.door(made.connection()), pause=lambda seconds: made.world.run(seconds))
    done = take_back(door, drain)
    assert "node/a0 uncordoned" in done
    assert made.world.marked("k8sai.dev/parked-by") == []
    assert made.world.cordoned() == set()
    assert take_back(door, drain) == ()


def test_a_drain_that_nobody_knows_is_not_found() -> None:
    made = one_job()
    from k8sai.evict.running.entering import entered

    with (
        pytest.raises(NotFound, match="there is no drain zzz999"),
        entered(made.door(made.connection()), PLACE, "zzz999"),
    ):
        raise AssertionError


def test_ctrl_c_ends_after_the_call_in_flight_and_resume_goes_on() -> None:
    made, stop = one_job(), Event()

    def ctrl_c(site: Drain) -> None:
        if site.state.gangs[0].phase == "Stopping":
            stop.set()

    made.meanwhile = ctrl_c
    plan = made.plan()
    with (
        pytest.raises(Interrupted) as left,
        begun(made.door(made.connection(), stop), plan, PLACE) as (hands, held),
    ):
        made._driven(hands, held)
    assert left.value.state is not None
    assert [one.phase for one in left.value.state.gangs] == ["Stopping"]
    assert made.state.stage is Stage.RUNNING
    made.meanwhile = lambda _: None
    assert made.resume().stage is Stage.DONE  # at once: the Leases were given back
    made.rules.over({"a0"})


def test_a_second_operator_of_the_same_node_is_shut_out() -> None:
    made = one_job("silent")
    seen: list[str] = []

    def comes(site: Drain) -> None:
        if seen:
            return
        with pytest.raises(Locked) as found, begun(site.door(site.connection()), site.plan(), PLACE):
            raise AssertionError
        seen.append(found.value.message)

    made.meanwhile = comes
    made.run()
    assert "holds node a0" in seen[0]
