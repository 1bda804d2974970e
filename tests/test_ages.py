"""Ages and times."""

import pytest

from k8sai.ages import epoch, human, stamp

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (310, "5m10s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (11000, "3h3m"), (28800, "8h"), (2 * DAY - 1, "47h"), (2 * DAY, "2d"),
        (180000, "2d2h"), (8 * DAY, "8d"), (730 * DAY - 1, "729d"), (730 * DAY, "2y"), (763 * DAY, "2y33d"),
        (2919 * DAY, "7y364d"), (2920 * DAY, "8y"),
    ],
)  # fmt: skip
def test_ages_are_kubectls(seconds: float, said: str) -> None:
    assert human(seconds) == said


@pytest.mark.parametrize("text", ["2027-01-15T08:00:00Z", "2027-01-15T08:00:00.000000Z", "2027-01-15T09:00:00+01:00"])
def test_a_time_is_read(text: str) -> None:
    assert epoch(text) == 1_800_000_000


@pytest.mark.parametrize("seconds", [1_800_000_000, 1_800_000_000.999])
def test_a_time_is_written_in_whole_seconds(seconds: float) -> None:
    assert stamp(seconds) == "2027-01-15T08:00:00Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2027-01-15T08:00:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|offset"):
        epoch(text)
