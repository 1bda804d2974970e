"""The boost of a gang, from when it started and when it saved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.facts import Ack, Contract
from k8sai.evict.planning.boost import Boost, boost

NOW = 1_000_000.0
HOUR = 3600.0


def of(began: float, saved: float | None = None, **more: float) -> Boost:
    """Seconds ago that it started and saved, and a checkpoint each hour."""
    last = None if saved is None else Ack(step=1, time=NOW - saved, snapshot=NOW - saved, complete=True)
    return boost(Contract(last=last, interval=more.pop("every", HOUR)), NOW - began, NOW, int(more.get("most", 10)))


@pytest.mark.parametrize(
    ("began", "saved", "value"),
    [
        (0, None, 10),  # it has just started
        (7199, None, 10),
        (7200, None, 0),  # it does not save: two intervals are enough
        (600, 4000, 10),  # its checkpoint is of the attempt before
        (9000, 0, 0),  # it has just saved
        (9000, 359, 0),
        (9000, 360, 1),
        (9000, 1800, 5),
        (9000, 3599, 9),
        (9000, 3600, 10),
        (9000, 8000, 10),
    ],
)
def test_by_start_and_checkpoint(began: float, saved: float | None, value: int) -> None:
    assert of(began, saved).value == value


def test_the_words() -> None:
    assert of(9000, 1800).why == "its checkpoint is 30m old, one is due every 60m"
    assert of(60).why == "no checkpoint yet, it started 60s ago"
    assert of(9000).why == "no checkpoint is known of since it started 150m ago"


def test_a_half_checkpoint_and_one_of_the_future_are_none() -> None:
    half = Contract(last=Ack(step=1, time=NOW - 10, snapshot=NOW - 10), interval=HOUR)
    assert boost(half, NOW - 9000, NOW).value == 0
    ahead = Contract(last=Ack(step=1, time=NOW + HOUR, snapshot=NOW + HOUR, complete=True), interval=HOUR)
    assert boost(ahead, NOW - 60, NOW).value == 10


def test_without_a_word_when_it_saved_it_is_when_the_save_began() -> None:
    last = Ack(step=1, time=NOW - 300, seconds=60, complete=True)
    assert boost(Contract(last=last, interval=HOUR), NOW - 9000, NOW).value == 1


@given(st.integers(1, 10_000), st.floats(1, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_older_is_never_less_and_never_more_than_the_most(
    most: int, every: float, began: float, saved: float, later: float
) -> None:
    first, second = sorted((saved, saved + later))
    before, after = (of(began + second + 1, age, every=every, most=most).value for age in (first, second))
    assert 0 <= before <= after <= most
