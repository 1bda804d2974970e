"""Weights of a routing group: whole numbers that say every percent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.llmisvc.group import FINE, MOST, fine, percent_of, stable_weight, weight_for


@given(st.integers(1, 10_101), st.integers(0, 99))
def test_a_weight_is_the_nearest_to_the_percent(stable: int, percent: int) -> None:
    weight = weight_for(percent, stable)
    assert abs(weight - stable * percent / (100 - percent)) <= 0.5
    assert 0 <= weight <= MOST


@given(st.integers(0, MOST), st.integers(1, 99))
def test_the_weight_of_the_old_side_makes_every_percent_exact(now: int, percent: int) -> None:
    stable = stable_weight(now)
    assert abs(percent_of(stable, weight_for(percent, stable)) - percent) < 0.05
    assert weight_for(percent, stable) <= MOST
    assert stable in (now, FINE)


@given(st.integers(1, 10_000), st.integers(0, 98))
def test_a_greater_percent_is_never_a_smaller_weight(stable: int, percent: int) -> None:
    assert weight_for(percent, stable) <= weight_for(percent + 1, stable)


def test_a_weight_of_a_hundred_is_not_fine_enough() -> None:
    assert percent_of(100, weight_for(5, 100)) == pytest.approx(4.76, abs=0.01)
    assert not fine(100) and not fine(0) and fine(FINE) and not fine(10_102)
