"""How many requests a verdict is away."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.gate import Outcome
from k8sai.canary.gate_gathered import Window
from tests.canary.windows import BAD, ERRORS, GOOD, after, only


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
