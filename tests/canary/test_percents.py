"""Weights and percents: what is written comes back as it was meant."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.percents import percent_of, weights_for

WEIGHTS = st.integers(0, 1_000_000)


@pytest.mark.parametrize("percent", range(101))
def test_every_whole_percent_is_exact(percent: int) -> None:
    stable, canary = weights_for(percent)
    assert stable + canary == 100 and percent_of(stable, canary) == percent


@given(WEIGHTS, WEIGHTS, st.integers(1, 1000))
def test_a_percent_is_a_share_of_the_sum_whatever_the_sum_is(stable: int, canary: int, factor: int) -> None:
    share = percent_of(stable, canary)
    assert share == percent_of(stable * factor, canary * factor)
    assert share == (float(Fraction(100 * canary, stable + canary)) if stable + canary else 0)


@pytest.mark.parametrize("percent", [-1, 101])
def test_what_is_no_percent_has_no_weights(percent: int) -> None:
    with pytest.raises(ValueError, match="is no percent"):
        weights_for(percent)
