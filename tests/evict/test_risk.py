"""GPU-hours of a gang while it is drained."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.evict.facts import Ack, Contract, Grade, Phase, PodRef, Proof, Ref, Switch
from k8sai.evict.shown.risk import at_risk, cost, total_cost, total_risk
from k8sai.evict.state import GangState, Stage, State

NOW = 1_800_000_000.0
HOUR = 3600.0
SAVED = Contract(("exec",), last=Ack(step=5, time=NOW - HOUR, snapshot=NOW - 2 * HOUR, complete=True))


def gang(phase: Phase, contract: Contract = SAVED, **more: Any) -> GangState:
    ref = Ref("jobs.batch", "ml", "llm", "u", "job")
    return GangState("u", ref, "Job", (PodRef("ml", "llm-0", "p", "n0", 8),), 8, contract, Switch("suspend"), phase,
                     **more)  # fmt: skip


def drain(*gangs: GangState, begun: float = NOW - 600, **more: Any) -> State:
    return State("7f3c2a", "hash", begun=stamp(begun), gangs=gangs, **more)


def risk(one: GangState, now: float = NOW) -> tuple[float, float, float, bool]:
    found = at_risk(one, drain(one), now)
    return round(found.low, 3), round(found.best, 3), round(found.high, 3), found.open


def test_before_the_stop_it_is_the_work_since_the_newest_checkpoint_and_it_counts() -> None:
    assert risk(gang(Phase.PLANNED)) == (16, 16, 16, False)
    assert risk(gang(Phase.REQUESTED), NOW + HOUR) == (24, 24, 24, False)


def test_a_proof_that_is_good_enough_counts_and_one_that_is_not_does_not() -> None:
    proof = Proof(Grade.ATTESTED, 7, NOW - 30, NOW - 90)
    assert risk(gang(Phase.SAVED, proof=proof)) == (0.2, 0.2, 0.2, False)
    assert risk(gang(Phase.ACKED, proof=replace(proof, grade=Grade.MARKER))) == (16, 16, 16, False)
    undated = Proof(Grade.ATTESTED, 7)
    assert risk(gang(Phase.SAVED, proof=undated)) == (16, 16, 16, False), "it says nothing of when"


def test_where_only_the_interval_is_known_it_is_a_range() -> None:
    assert risk(gang(Phase.PLANNED, Contract(interval=HOUR))) == (0, 4, 8, False)


def test_where_nothing_is_known_it_is_at_least_the_time_of_the_drain() -> None:
    low, best, high, open_end = risk(gang(Phase.PLANNED, Contract()))
    assert (best, high, open_end) == (1.333, 1.333, True)
    assert low == best


@pytest.mark.parametrize("phase", [Phase.STOPPING, Phase.STOPPED, Phase.RUNNING, Phase.TIMED_OUT, Phase.SKIPPED])
def test_nothing_is_at_risk_of_a_drain_once_it_stops_or_is_left(phase: Phase) -> None:
    assert risk(gang(phase)) == (0, 0, 0, False)


def test_nothing_is_at_risk_in_a_drain_that_is_over() -> None:
    one = gang(Phase.PLANNED)
    assert at_risk(one, drain(one, stage=Stage.ABORTED, ended=stamp(NOW)), NOW).best == 0


def test_the_cost_is_the_work_thrown_away_and_the_time_that_cards_stood() -> None:
    proof = Proof(Grade.ATTESTED, 7, NOW - HOUR, NOW - HOUR)
    stopped = gang(Phase.STOPPED, proof=proof, stops=1, stopped_at=stamp(NOW - HOUR / 2))
    assert cost(stopped, drain(stopped), NOW).best == pytest.approx(4 + 4)
    assert cost(stopped, drain(stopped), NOW + HOUR).best == pytest.approx(4 + 12), "it counts"
    runs = replace(stopped, phase=Phase.RUNNING, since=stamp(NOW - HOUR / 4))
    assert cost(runs, drain(runs), NOW + HOUR).best == pytest.approx(4 + 2), "it runs again"
    left = replace(stopped, phase=Phase.REQUEUED)
    ended = drain(left, stage=Stage.DONE, ended=stamp(NOW - HOUR / 4))
    assert cost(left, ended, NOW + HOUR).best == pytest.approx(4 + 2), "nobody looks any more"


def test_what_was_not_stopped_costs_nothing() -> None:
    one = gang(Phase.TIMED_OUT, stopped_at="")
    assert cost(one, drain(one), NOW).best == 0


def test_a_drain_is_the_sum_of_its_gangs() -> None:
    asked = gang(Phase.REQUESTED)
    proof = Proof(Grade.ATTESTED, 7, NOW - HOUR, NOW - HOUR)
    stopped = gang(Phase.STOPPED, proof=proof, stops=1, stopped_at=stamp(NOW))
    state = drain(asked, asked, stopped)
    assert total_risk(state, NOW).best == pytest.approx(32)
    assert total_cost(state, NOW).best == pytest.approx(8)
