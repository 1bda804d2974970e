"""The gate of one requirement: what passes, what fails, and what needs more requests."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.gate import FLOOR, HARM, SAFE, Gate, Outcome, Verdict
from k8sai.canary.gate_gathered import NOTHING, Window
from k8sai.canary.state import Settings, Slo
from tests.canary.windows import BOTH, ERRORS, SLOW, WINDOWS, after, only, outcome, window


def test_without_a_window_it_goes_on() -> None:
    verdict = Gate.new(BOTH).verdict()
    assert verdict.outcome is Outcome.CONTINUE
    assert [(one.harm, one.safe_relative, one.safe_absolute) for one in verdict.metrics] == [(1, 1, 1), (1, 1, 1)]


def test_without_requirements_it_never_passes() -> None:
    assert Gate.new(Settings(slos=())).verdict() == Verdict(Outcome.CONTINUE, (), 0)


@given(WINDOWS)
def test_windows_without_requests_change_nothing(windows: list[Window]) -> None:
    gate = after(*windows)
    assert gate.after({ERRORS.title: NOTHING}) == gate


@given(st.lists(st.integers(0, 300), max_size=6))
def test_an_idle_canary_neither_passes_nor_fails(stable: list[int]) -> None:
    assert outcome(*(Window(0, 0, n // 3, n) for n in stable)) is Outcome.CONTINUE


@pytest.mark.parametrize("counts", [(2, 1, 0, 0), (0, 0, 2, 1), (-1, 1, 0, 0), (0, 0, -1, 1)])
def test_more_bad_requests_than_requests_are_no_window(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no window"):
        Window(*counts)


def test_a_window_of_something_not_asked_for_is_an_error() -> None:
    with pytest.raises(KeyError):
        Gate.new(BOTH).after({"e2e>1s<1%": NOTHING})


@given(WINDOWS, st.randoms(use_true_random=False))
def test_the_order_of_windows_does_not_matter(windows: list[Window], random: object) -> None:
    mixed = sorted(windows, key=lambda _: random.random())  # type: ignore[attr-defined]
    one, other = only(after(*windows)), only(after(*mixed))
    assert (one.outcome, one.canary_all, one.canary_bad) == (other.outcome, other.canary_all, other.canary_bad)
    assert one.harm == pytest.approx(other.harm, rel=1e-6)
    assert one.safe_relative == pytest.approx(other.safe_relative, rel=1e-6)
    assert one.safe_absolute == other.safe_absolute


@given(WINDOWS, WINDOWS)
def test_after_gives_a_new_gate(before: list[Window], more: list[Window]) -> None:
    gate = after(*before)
    written = json.dumps(gate.document())
    for one in more:
        gate.after({ERRORS.title: one})
    gate.at_step()
    assert json.dumps(gate.document()) == written


def test_windows_of_different_splits_multiply() -> None:
    """Twice the same evidence at 1 % and at 50 %: the logarithm of every bet is the sum."""
    small, large = Window(3, 100, 90, 9900), Window(60, 5000, 50, 5000)
    together = after(small, large).metrics[ERRORS.title]
    alone = [after(one).metrics[ERRORS.title] for one in (small, large)]
    assert together.harm == tuple(a + b for a, b in zip(alone[0].harm, alone[1].harm, strict=True))


@given(window())
def test_within_the_budget_and_beyond_the_limit_exclude_each_other(one: Window) -> None:
    found = only(after(one))
    assert found.hard is not None
    assert not (found.safe_absolute >= SAFE and found.hard >= HARM)


@given(st.integers(0, 99), st.integers(0, 100_000))
def test_passing_is_impossible_below_the_least_samples(canary: int, stable: int) -> None:
    loose = Slo("errors", 0.4)
    found = after(Window(0, canary, stable // 2, stable), slo=loose)
    assert found.verdict().outcome is Outcome.CONTINUE
    assert found.verdict().need >= 100 - canary


def test_enough_evidence_and_the_least_samples_pass() -> None:
    loose = Slo("errors", 0.4)
    assert only(after(Window(0, 99, 0, 900), slo=loose)).safe_absolute > SAFE
    assert outcome(Window(0, 100, 0, 900), slo=loose) is Outcome.PASS


@pytest.mark.parametrize(("budget", "requests"), [(0.01, 358), (0.02, 179), (0.05, 71)])
def test_so_many_good_requests_pass_a_budget(budget: float, requests: int) -> None:
    slo, settings = Slo("errors", budget), Settings(slos=(Slo("errors", budget),), min_samples=0)
    assert outcome(Window(0, requests - 1, 0, 0), settings=settings, slo=slo) is Outcome.CONTINUE
    assert outcome(Window(0, requests, 0, 0), settings=settings, slo=slo) is Outcome.PASS


def test_a_canary_as_bad_as_the_stable_side_passes_beyond_its_budget() -> None:
    """Both break 5 %: that is no reason to keep the old one."""
    found = only(after(Window(100, 2000, 900, 18_000)))
    assert found.safe_absolute < 1 < SAFE < found.safe_relative
    assert found.outcome is Outcome.PASS


@given(st.integers(0, 500), st.integers(100, 5000))
def test_without_a_stable_side_only_the_budget_passes(bad: int, every: int) -> None:
    """At 100 % there is nothing to compare with."""
    found = only(after(Window(min(bad, every), every, 0, 0)))
    assert (found.harm, found.safe_relative) == (1, 1)


def test_the_worse_canary_fails() -> None:
    assert outcome(Window(50, 1000, 90, 9000)) is Outcome.FAIL


@given(st.integers(0, 40), st.integers(1, 10**6), st.integers(0, 40), st.integers(1, 10**6))
def test_failing_needs_the_practical_floor(bad: int, good: int, stable_bad: int, stable_good: int) -> None:
    one = Window(bad, bad + good, stable_bad, stable_bad + stable_good)
    found = only(after(one))
    if bad < FLOOR * one.canary_all:
        assert found.outcome is not Outcome.FAIL


def test_certain_harm_below_the_floor_is_no_reason() -> None:
    found = only(after(Window(400, 100_000, 90, 900_000)))  # 0.4 % against 0.01 %
    assert found.harm > 1e100
    assert found.outcome is Outcome.PASS


def test_a_budget_below_the_floor_can_be_broken() -> None:
    assert outcome(Window(400, 100_000, 90, 900_000), slo=Slo("errors", 0.001)) is Outcome.FAIL


def test_a_disaster_ends_within_tens_of_requests_even_without_a_stable_side() -> None:
    gate = after(*(Window(n % 2, 1, 0, 0) for n in range(30)))
    assert gate.verdict().outcome is Outcome.FAIL
    assert only(gate).harm == 1


@given(window(), st.floats(0.001, 0.999))
def test_the_hard_limit_only_fails_what_is_beyond_it(one: Window, limit: float) -> None:
    found = only(after(one, settings=Settings(slos=(ERRORS,), max_error=limit)))
    assert found.hard is not None
    if found.hard >= HARM:
        assert one.canary_bad > limit * one.canary_all


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_no_hard_limit_is_none(limit: float) -> None:
    assert only(after(Window(30, 30, 0, 0), settings=Settings(slos=(ERRORS,), max_error=limit))).hard is None


def test_the_hard_limit_is_of_errors() -> None:
    assert only(after(Window(60, 60, 0, 0), slo=SLOW)).hard is None
