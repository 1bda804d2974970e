"""The gate decides by evidence, needs samples for PASS and the floor for FAIL, and keeps nothing but what it writes."""

import json
from functools import reduce
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.gate import FLOOR, HARM, NOTHING, SAFE, Gate, MetricVerdict, Outcome, Verdict, Window
from k8sai.canary.state import Settings, Slo
from k8sai.errors import Drift

ERRORS = Slo("errors", 0.01)
SLOW = Slo("ttft", 0.05, above=2.0)
BOTH = Settings(slos=(ERRORS, SLOW))


@st.composite
def window(draw: st.DrawFn) -> Window:
    canary, stable = draw(st.integers(0, 2000)), draw(st.integers(0, 20_000))
    return Window(draw(st.integers(0, canary)), canary, draw(st.integers(0, stable)), stable)


WINDOWS = st.lists(window(), max_size=8)


def after(*windows: Window, settings: Settings | None = None, slo: Slo = ERRORS) -> Gate:
    gate = Gate.new(settings or Settings(slos=(slo,)))
    return reduce(lambda one, window: one.after({slo.title: window}), windows, gate)


def only(gate: Gate) -> MetricVerdict:
    (one,) = gate.verdict().metrics
    return one


def outcome(*windows: Window, settings: Settings | None = None, slo: Slo = ERRORS) -> Outcome:
    return after(*windows, settings=settings, slo=slo).verdict().outcome


# What is not known


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


# How evidence adds up


@given(WINDOWS, st.randoms(use_true_random=False))
def test_the_order_of_windows_does_not_matter(windows: list[Window], random: object) -> None:
    mixed = sorted(windows, key=lambda _: random.random())  # type: ignore[attr-defined]
    one, other = only(after(*windows)), only(after(*mixed))
    assert (one.outcome, one.canary_all, one.canary_bad) == (other.outcome, other.canary_all, other.canary_bad)
    assert one.harm == pytest.approx(other.harm, rel=1e-6)
    assert one.safe_relative == pytest.approx(other.safe_relative, rel=1e-6)
    assert one.safe_absolute == other.safe_absolute


@given(WINDOWS)
def test_it_goes_on_from_what_was_written(windows: list[Window]) -> None:
    gate = Gate.new(BOTH)
    for n, one in enumerate(windows):
        gate = gate.after({ERRORS.title: one, SLOW.title: one} if n % 2 else {SLOW.title: one})
        assert Gate.of(json.loads(json.dumps(gate.document())), BOTH) == gate


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


# PASS


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


# FAIL


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


# Several requirements


def verdict(errors: Window, slow: Window, required: bool = True) -> Verdict:
    slo = Slo("ttft", 0.05, above=2.0, required=required)
    settings = Settings(slos=(ERRORS, slo))
    return Gate.new(settings).after({ERRORS.title: errors, slo.title: slow}).verdict()


GOOD, BAD, OPEN = Window(0, 1000, 0, 9000), Window(200, 1000, 90, 9000), Window(55, 1000, 300, 9000)


def test_every_required_metric_has_to_pass() -> None:
    assert verdict(GOOD, GOOD).outcome is Outcome.PASS
    found = verdict(GOOD, OPEN)
    assert [one.outcome for one in found.metrics] == [Outcome.PASS, Outcome.CONTINUE]
    assert found.outcome is Outcome.CONTINUE
    assert found.need == found.metrics[1].need > 0 == found.metrics[0].need


def test_one_that_is_not_required_need_not_pass_but_its_failure_counts() -> None:
    assert verdict(GOOD, OPEN, required=False).outcome is Outcome.PASS
    assert verdict(GOOD, BAD, required=False).outcome is Outcome.FAIL


def test_any_failure_fails() -> None:
    assert verdict(GOOD, BAD).outcome is Outcome.FAIL
    assert verdict(BAD, GOOD).outcome is Outcome.FAIL


def test_where_none_is_required_all_are() -> None:
    slo = Slo("errors", 0.01, required=False)
    assert Gate.new(Settings(slos=(slo,))).verdict().outcome is Outcome.CONTINUE


# Steps


def test_a_new_step_begins_samples_and_safety_anew_and_keeps_harm() -> None:
    before = after(Window(12, 1000, 60, 9000))
    now = before.at_step()
    assert only(now).harm == only(before).harm > 1
    assert (only(now).safe_relative, only(now).safe_absolute) == (1, 1)
    assert (only(now).canary_all, only(now).stable_all) == (0, 0)


def test_what_passed_a_step_does_not_pass_the_next() -> None:
    gate = after(GOOD)
    assert gate.verdict().outcome is Outcome.PASS
    assert gate.at_step().verdict().outcome is Outcome.CONTINUE


def test_harm_that_no_single_step_proves_fails_over_steps() -> None:
    gate, step = Gate.new(Settings(slos=(ERRORS,))), Window(12, 500, 24, 2000)
    seen = []
    for _ in range(4):
        gate = gate.at_step().after({ERRORS.title: step})
        seen.append(gate.verdict().outcome)
    assert seen[0] is Outcome.CONTINUE
    assert seen[-1] is Outcome.FAIL


# How many more


@given(st.integers(0, 3), st.integers(100, 600), st.integers(0, 60), st.integers(600, 6000))
def test_as_many_requests_like_those_so_far_as_are_needed_pass(
    bad: int, good: int, stable_bad: int, stable_good: int
) -> None:
    """Where their number is not that of good ones."""
    one = Window(bad, bad + good, stable_bad, stable_bad + stable_good)
    gate = after(one)
    found = gate.verdict()
    again = gate.after({ERRORS.title: one})
    metric, more = only(gate), only(again)
    grows = more.safe_relative > metric.safe_relative > 1 or more.safe_absolute > metric.safe_absolute > 1
    if found.outcome is Outcome.CONTINUE and grows:
        for _ in range(ceil(found.need / one.canary_all)):
            gate = gate.after({ERRORS.title: one})
        assert gate.verdict().outcome in (Outcome.PASS, Outcome.FAIL)


@given(st.integers(0, 600))
def test_as_many_good_requests_as_are_needed_pass_and_fewer_do_not(good: int) -> None:
    gate = after(Window(0, good, 0, 0))
    need = gate.verdict().need
    if need:
        assert gate.after({ERRORS.title: Window(0, need, 0, 0)}).verdict().outcome is Outcome.PASS
        assert gate.after({ERRORS.title: Window(0, need - 1, 0, 0)}).verdict().outcome is Outcome.CONTINUE


def test_a_canary_that_does_not_get_there_would_need_good_requests() -> None:
    found = after(Window(6, 200, 20, 2000)).verdict()
    assert found.outcome is Outcome.CONTINUE
    assert 1000 < found.need < 10_000


def test_nothing_is_needed_once_it_is_decided() -> None:
    assert after(GOOD).verdict().need == 0
    assert after(BAD).verdict().need == 0


# What is kept


def test_nothing_kept_is_a_new_gate() -> None:
    assert Gate.of({}, BOTH) == Gate.new(BOTH)


def test_a_requirement_that_was_added_begins_anew_and_one_taken_away_is_dropped() -> None:
    kept = after(GOOD).document()
    gate = Gate.of(kept, Settings(slos=(SLOW,)))
    assert list(gate.metrics) == [SLOW.title]
    assert only(gate).canary_all == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 2, "metrics": {}},
        {"metrics": {}},
        {"version": 1},
        {"version": 1, "metrics": []},
        {"version": 1, "metrics": {"errors<1%": {"harm": [0.0], "safe": [0.0], "step": [0] * 4, "run": [0] * 4}}},
        {"version": 1, "metrics": {"errors<1%": {"harm": [0.0] * 40, "safe": [0.0] * 40, "step": [2, 1, 0, 0]}}},
        {"version": 1, "metrics": {"errors<1%": {"harm": ["x"] * 40, "safe": [], "step": [], "run": []}}},
    ],
)
def test_what_cannot_be_read_is_not_taken_for_evidence(broken: dict[str, object]) -> None:
    with pytest.raises(Drift, match="not written by this version"):
        Gate.of(broken, BOTH)


def test_enormous_evidence_is_still_a_number() -> None:
    found = only(after(Window(500_000, 1_000_000, 10, 9_000_000)))
    assert found.harm == pytest.approx(1e304, rel=0.1)
    assert json.loads(json.dumps(found.harm)) == found.harm
