"""The e-values are e-values: held against exact sums over everything that can happen, in fractions."""

from fractions import Fraction
from itertools import pairwise, product
from math import comb, exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.gate_evidence import BETS, against_share, against_stable, evidence, spaced, times_until, within
from k8sai.canary.gate_gathered import AS_GOOD, MARGIN, WORSE

SHARE = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100)
FEW = st.integers(0, 6)


def chance(k: int, n: int, share: Fraction) -> Fraction:
    return comb(n, k) * share**k * (1 - share) ** (n - k)


def mean(bets: tuple[float, ...], null: float, n_c: int, n_s: int, p_c: Fraction, p_s: Fraction) -> float:
    """Of the e-value of one window, over all windows there can be."""
    return sum(
        float(chance(k_c, n_c, p_c) * chance(k_s, n_s, p_s)) * evidence(against_stable(bets, null, k_c, n_c, k_s, n_s))
        for k_c, k_s in product(range(n_c + 1), range(n_s + 1))
    )


@given(FEW, FEW, SHARE, st.fractions(0, 1, max_denominator=20))
def test_harm_is_at_most_one_in_the_mean_while_the_canary_is_no_worse(
    n_c: int, n_s: int, p_s: Fraction, ratio: Fraction
) -> None:
    assert mean(WORSE, 1.0, n_c, n_s, p_s * ratio, p_s) <= 1 + 1e-9


@given(FEW, FEW, SHARE, st.fractions(Fraction(3, 2), 20, max_denominator=20))
def test_safety_is_at_most_one_in_the_mean_while_the_canary_is_worse(
    n_c: int, n_s: int, p_s: Fraction, ratio: Fraction
) -> None:
    p_c = min(Fraction(1), p_s * ratio)
    if p_c >= Fraction(3, 2) * p_s:
        assert mean(AS_GOOD, MARGIN, n_c, n_s, p_c, p_s) <= 1 + 1e-9


@given(st.integers(0, 12), SHARE, SHARE)
def test_the_budget_is_no_evidence_in_the_mean_while_it_is_broken(n: int, budget: Fraction, share: Fraction) -> None:
    bets = within(float(budget))
    expected = sum(
        float(chance(k, n, share)) * evidence(against_share(bets, float(budget), k, n)) for k in range(n + 1)
    )
    if share >= budget:
        assert expected <= 1 + 1e-9
    elif n:
        assert expected > 1


@given(FEW, FEW, st.data())
def test_one_window_is_the_quotient_of_two_chances(n_c: int, n_s: int, data: st.DataObject) -> None:
    """By hand: each bad request came from the canary with pi(theta)."""
    k_c, k_s = data.draw(st.integers(0, n_c)), data.draw(st.integers(0, n_s))
    if not (n_c and n_s):
        return
    theta, null = Fraction(3), Fraction(3, 2)

    def likelihood(ratio: Fraction) -> Fraction:
        pi = ratio * n_c / (ratio * n_c + n_s)
        return pi**k_c * (1 - pi) ** k_s

    (found,) = against_stable((3.0,), 1.5, k_c, n_c, k_s, n_s)
    assert exp(found) == pytest.approx(float(likelihood(theta) / likelihood(null)), rel=1e-9)


@given(st.lists(st.floats(-300, 300), min_size=1, max_size=40))
def test_the_evidence_is_the_plain_mean(logs: list[float]) -> None:
    assert evidence(logs) == pytest.approx(sum(exp(one) for one in logs) / len(logs), rel=1e-9)


def test_no_side_or_no_bad_request_is_no_evidence_against_the_other() -> None:
    assert against_stable(WORSE, 1.0, 5, 10, 0, 0) == (0.0,) * BETS
    assert against_stable(WORSE, 1.0, 0, 0, 5, 10) == (0.0,) * BETS
    assert against_stable(WORSE, 1.0, 0, 50, 0, 500) == (0.0,) * BETS


@given(st.integers(1, 50), st.integers(50, 500), st.integers(0, 500))
def test_one_more_bad_request_of_the_canary_is_more_harm_and_less_safety(k_c: int, n_c: int, k_s: int) -> None:
    def harm(bad: int) -> float:
        return evidence(against_stable(WORSE, 1.0, bad, n_c, k_s, 5000))

    def safety(bad: int) -> float:
        return evidence(against_stable(AS_GOOD, MARGIN, bad, n_c, k_s, 5000))

    if k_c < n_c:
        assert harm(k_c + 1) > harm(k_c)
        assert safety(k_c + 1) < safety(k_c)


def test_bets_have_a_constant_ratio() -> None:
    bets = spaced(1.0, 8.0)
    assert len(bets) == BETS
    assert bets[0] == 1.0
    assert bets[-1] == pytest.approx(8.0)
    assert {round(b / a, 9) for a, b in pairwise(bets)} == {round(8 ** (1 / 39), 9)}


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=10), st.floats(2, 1000))
def test_so_many_times_the_requests_are_just_enough(logs: list[float], wanted: float) -> None:
    times = times_until(logs, wanted)
    if times is None:
        assert max(logs) < 1e-9
    else:
        assert evidence([times * one for one in logs]) >= wanted
        assert evidence([0.999 * times * one for one in logs]) < wanted


def test_what_does_not_grow_is_never_enough() -> None:
    assert times_until([0.0, -1.0], 20) is None
    assert times_until([log(20)], 20) == pytest.approx(1)
