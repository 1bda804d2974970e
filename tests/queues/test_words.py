"""Amounts as people read them: exact where that is short, and never a row of digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.quantity import whole
from k8sai.queues import words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (9999, "9999"),
        (1 << 40, "1Ti"),
        (100_000_000, "100M"),
        (-100_000_000, "-100M"),
        (1_500_000, "1500k"),
        (100_000_001, "95.4Mi"),
        (123_456_789_000, "115.0Gi"),
    ],
)
def test_bytes_are_short(value: int, said: str) -> None:
    assert words.amount("memory", value) == said


@given(st.integers(10_000, 1 << 62))
def test_bytes_are_what_they_say_to_a_twentieth(value: int) -> None:
    assert abs(whole(words.amount("memory", value)) - value) <= value / 20


@given(st.integers(0, 1 << 50), st.integers(0, 1 << 50))
def test_amounts_that_differ_are_said_apart(one: int, other: int) -> None:
    said = words.apart("memory", one, other)
    assert (said[0] == said[1]) == (one == other)
