"""The split is held against the weights by an exact binomial test."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.split import Split, honoured, two_sided


@given(st.integers(0, 60), st.integers(0, 60), st.fractions(0, 1, max_denominator=50))
def test_the_tails_are_those_of_the_sum_in_fractions(k: int, more: int, share: Fraction) -> None:
    n = k + more
    chances = [comb(n, one) * share**one * (1 - share) ** (n - one) for one in range(n + 1)]
    expected = min(1.0, 2 * float(min(sum(chances[: k + 1]), sum(chances[k:]))))
    assert two_sided(k, n, float(share)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_split_of_the_docs_is_ok() -> None:
    found = honoured(25, 1312, 4176)
    assert (round(found.observed or 0, 1), found.honoured) == (23.9, True)
    assert 0.05 < found.p < 0.07


def test_a_gateway_that_sends_nothing_to_the_canary_is_found() -> None:
    found = honoured(25, 0, 200)
    assert (found.observed, found.honoured) == (0.0, False)
    assert found.p == pytest.approx(2 * 0.75**200)


def test_a_gateway_that_halves_where_a_tenth_is_meant_is_found() -> None:
    assert not honoured(10, 50, 50).honoured


@pytest.mark.parametrize("percent", [0, 1, 50, 99, 100])
def test_no_requests_contradict_nothing(percent: float) -> None:
    assert honoured(percent, 0, 0) == Split(1.0, None, True)


def test_a_few_requests_prove_nothing() -> None:
    assert honoured(5, 0, 40).honoured


def test_millions_of_requests_prove_a_difference_that_does_not_matter() -> None:
    found = honoured(25, 252_000, 748_000)
    assert found.p < 1e-5
    assert found.honoured


def test_near_is_of_the_smaller_share() -> None:
    assert honoured(1, 10_400, 989_600).honoured
    assert not honoured(1, 12_000, 988_000).honoured
    assert not honoured(99, 988_000, 12_000).honoured


@pytest.mark.parametrize(("canary", "stable", "fine"), [(1000, 0, True), (9995, 5, True), (900, 100, False)])
def test_all_requests_are_meant_for_the_canary(canary: int, stable: int, fine: bool) -> None:
    assert honoured(100, canary, stable).honoured is fine


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 100))
def test_both_sides_are_judged_alike(canary: int, stable: int, percent: int) -> None:
    one, other = honoured(percent, canary, stable), honoured(100 - percent, stable, canary)
    assert one.p == pytest.approx(other.p, rel=1e-6, abs=1e-12)
    assert 0 <= one.p <= 1
