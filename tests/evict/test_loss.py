"""GPU-hours: the formula in exact numbers, and what each sort of evidence leaves open."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.contracts.proof import SKEW
from k8sai.evict.facts import Ack, Contract, Grade, Proof
from k8sai.evict.plan import Range
from k8sai.evict.planning.loss import RESTART, Since, after_save, hours, loss, proven, since, spent

NOW = 1_800_000_000
LAST = Ack(step=100, time=NOW - 1500, snapshot=NOW - 1590, complete=True, ranks=8, world=8, seconds=90)
BEGAN = NOW - 36_000

seconds = st.integers(0, 10**7)
cards = st.integers(0, 4096)


def at(moment: float) -> Since:
    return Since(moment, moment, moment)


@given(cards, seconds, seconds, seconds, seconds, seconds)
def test_the_formula(gpus: int, began: int, snapshot: int, stop: int, saving: int, restart: int) -> None:
    """G x (max(0, t - max(c, a)) + S + R) / 3600, against exact arithmetic."""
    contract = Contract(last=replace(LAST, snapshot=max(1, snapshot)))
    moment = since(began, contract, max(stop, max(1, snapshot)))
    found = loss(gpus, stop, moment, restart=restart, saving=saving)
    work = max(0, stop - max(max(1, snapshot), began))
    exact = Fraction(gpus * (work + saving + restart), 3600)
    for value in (found.low, found.best, found.high):
        assert value == pytest.approx(float(exact), rel=1e-12, abs=1e-9)
    assert not found.open


@given(cards, seconds, seconds, seconds)
def test_waiting_never_makes_it_cheaper(gpus: int, began: int, stop: int, more: int) -> None:
    earlier, later = loss(gpus, stop, at(began)), loss(gpus, stop + more, at(began))
    assert later.best >= earlier.best >= hours(gpus, RESTART)


@given(cards, cards, seconds, seconds)
def test_losses_add_up(one: int, other: int, began: int, stop: int) -> None:
    both = loss(one, stop, at(began)) + loss(other, stop, at(began))
    whole = loss(one + other, stop, at(began))
    assert (both.low, both.best, both.high) == pytest.approx((whole.low, whole.best, whole.high))


def test_shares_of_cards_count_as_shares() -> None:
    assert loss(0.5, 3600, at(0), restart=0).best == 0.5
    assert hours(8, -5) == 0.0
    assert spent(8, 0, 450, 900) == Range(0, 1, 2)
    assert loss(8, 3600, at(0), restart=0, idle=2.5).best == 10.5


def test_a_restart_is_300_seconds_where_nobody_says() -> None:
    assert loss(12, 0, at(0)) == Range(1.0, 1.0, 1.0)
    assert loss(12, 0, at(0), restart=0) == Range(0.0, 0.0, 0.0)


# --- from when on -----------------------------------------------------------------------------------------------------


def test_the_start_of_the_save_counts_not_its_end() -> None:
    found = since(BEGAN, Contract(last=LAST), NOW)
    assert (found.earliest, found.likely, found.latest, found.open) == (*(NOW - 1590,) * 3, False)


def test_a_save_that_does_not_say_when_it_began_may_have_begun_late() -> None:
    found = since(BEGAN, Contract(last=replace(LAST, snapshot=0)), NOW)
    assert (found.earliest, found.likely, found.latest) == (NOW - 1590, NOW - 1590, NOW - 1500)


def test_work_before_the_attempt_is_not_lost_again() -> None:
    found = since(NOW - 60, Contract(last=LAST), NOW)
    assert (found.earliest, found.latest) == (NOW - 60, NOW - 60)


@pytest.mark.parametrize(
    "last",
    [
        None,
        replace(LAST, complete=False),
        replace(LAST, time=0, snapshot=0),
        replace(LAST, snapshot=NOW + SKEW + 1),
    ],
)
def test_without_evidence_all_since_the_start_is_lost_and_maybe_more(last: Ack | None) -> None:
    found = since(BEGAN, Contract(last=last), NOW)
    assert (found.earliest, found.latest, found.open) == (BEGAN, BEGAN, True)
    assert loss(4, NOW, found, restart=0) == Range(40, 40, 40, open=True)


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    found = since(BEGAN, Contract(last=replace(LAST, snapshot=NOW + 10)), NOW)
    assert not found.open and loss(8, NOW, found, restart=0).best == 0.0


def test_checkpoints_that_go_with_the_pods_are_none() -> None:
    found = since(BEGAN, Contract(last=LAST), NOW, durable=False)
    assert found.open and found.earliest == BEGAN
    assert not since(BEGAN, Contract(last=LAST), NOW, durable=None).open


def test_who_only_says_how_often_is_somewhere_in_between() -> None:
    found = since(BEGAN, Contract(interval=1800), NOW)
    assert (found.earliest, found.likely, found.latest, found.open) == (NOW - 1800, NOW - 900, NOW, False)
    cost = loss(64, NOW, found, restart=300)
    assert (cost.low, cost.best, cost.high) == pytest.approx((64 * 5 / 60, 64 * 20 / 60, 64 * 35 / 60))
    young = since(NOW - 600, Contract(interval=1800), NOW)
    assert (young.earliest, young.likely, young.latest) == (NOW - 600, NOW - 600, NOW)
    torn = since(BEGAN, Contract(interval=1800, last=replace(LAST, complete=False)), NOW)
    assert (torn.earliest, torn.latest) == (NOW - 1890, NOW - 90)


@given(seconds, seconds, st.booleans(), st.none() | st.integers(1, 10**5), st.sampled_from([None, True, False]))
def test_the_range_is_in_order(
    began: int, snapshot: int, complete: bool, interval: int | None, durable: bool | None
) -> None:
    last = Ack(time=snapshot, complete=complete, seconds=60)
    found = since(began, Contract(last=last, interval=interval), 10**7, durable)
    assert began <= found.earliest <= found.likely <= found.latest <= max(began, 10**7)
    cost = loss(8, 10**7, found)
    assert 0 <= cost.low <= cost.best <= cost.high


# --- after a proof ----------------------------------------------------------------------------------------------------


def test_after_a_proof_the_work_since_its_snapshot_is_lost() -> None:
    proof = Proof(Grade.ATTESTED, 8120, NOW - 10, NOW - 100)
    assert loss(36, NOW, proven(proof, BEGAN), restart=0).best == 1.0
    undated = proven(Proof(Grade.ATTESTED, 8120), BEGAN)
    assert undated.open and undated.earliest == BEGAN


def test_a_stop_after_a_save_costs_the_save_and_the_restart() -> None:
    at_once = after_save(64, 0, pauses=True)
    assert at_once.low == at_once.best == at_once.high == pytest.approx(5.333, abs=1e-3)
    assert after_save(64, 90, pauses=True).best == pytest.approx(6.933, abs=1e-3)
    late = after_save(64, 90, pauses=False, poll=10)
    assert (late.low, late.best, late.high) == pytest.approx((64 * 390 / 3600, 64 * 395 / 3600, 64 * 400 / 3600))
    assert after_save(64, None, pauses=True).open
