"""What a card's past proves: idle only with every look of a whole window, unknown with anything missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.fleet.evidence import STALE, Doubt, Evidence, History, IdleRule, from_parts, judge, since_before

RULE = IdleRule(window=900.0, below=0.05)
NOW = 100_000.0
LONG = 0.0  # held for ever


def parts(*peaks: float | None, step: float = 180.0) -> Evidence | None:
    return from_parts(peaks, RULE, at=NOW, step=step)


def why(seen: Evidence | None, held: float = LONG, **more: bool) -> Doubt | bool:
    """The verdict in a word: True, False, or why there is none."""
    found = judge(seen, RULE, now=NOW, held=held, **more)
    return found.why if found.idle is None else found.idle


# --- parts of a window, from Prometheus -------------------------------------------------------------------------------


def test_quiet_for_the_whole_window_is_idle() -> None:
    found = judge(parts(0.0, 0.01, 0.04, 0.0, 0.02), RULE, now=NOW)
    assert (found.idle, found.since, found.peak, found.longer) == (True, NOW - 900, 0.04, True)


@pytest.mark.parametrize("busy", range(5))
def test_one_busy_moment_anywhere_in_the_window_is_not_idle(busy: int) -> None:
    peaks: list[float | None] = [0.0] * 5
    peaks[busy] = 0.05
    assert why(parts(*peaks)) is False


@pytest.mark.parametrize("gap", range(5))
def test_a_part_without_a_sample_proves_nothing(gap: int) -> None:
    peaks: list[float | None] = [0.0] * 5
    peaks[gap] = None
    assert why(parts(*peaks)) == ("stale" if gap == 4 else "short")


def test_a_gap_hides_no_busy_moment() -> None:
    assert why(parts(0.0, None, 0.9, 0.0, 0.0)) is False
    assert why(parts(0.9, None, 0.0, 0.0, 0.0)) == "short", "what was before the gap is no proof either way"


def test_the_last_part_may_be_empty_by_chance_only_where_parts_are_short() -> None:
    assert why(from_parts([0.0] * 14 + [None], RULE, at=NOW, step=60.0)) is True
    assert why(from_parts([0.0] * 13 + [None] * 2, RULE, at=NOW, step=60.0)) == "short"
    assert why(from_parts([0.0] * 12 + [None] * 3, RULE, at=NOW, step=60.0)) == "stale"


def test_nothing_at_all() -> None:
    assert parts(None, None) is None
    assert why(None) == "unmetered"
    assert why(None, told=True) == "silent"


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=20))
def test_idle_is_exactly_every_part_below_the_threshold(peaks: list[float | None]) -> None:
    rule = IdleRule(window=len(peaks) * 180.0, below=0.05)
    seen = from_parts(peaks, rule, at=NOW, step=180.0)
    idle = judge(seen, rule, now=NOW).idle
    assert (idle is True) == all(value is not None and value < 0.05 for value in peaks)
    if idle is False:
        assert any(value is not None and value >= 0.05 for value in peaks)


def test_what_was_before_goes_on_only_without_a_gap_and_without_work() -> None:
    quiet = Evidence(NOW - 900, NOW, NOW - 900, 0.01)
    day = Evidence(NOW - 86_400, NOW - 800, NOW - 7200, 0.03)
    assert since_before(quiet, day) == Evidence(NOW - 86_400, NOW, NOW - 7200, 0.03)
    worked = Evidence(NOW - 900, NOW, NOW - 100, 0.0)
    assert since_before(worked, day) == worked
    for gone in (None, Evidence(NOW - 86_400, NOW - 901, NOW - 7200, 0.0), Evidence(NOW - 86_400, NOW, None, 0.9)):
        assert since_before(quiet, gone) == quiet


# --- the holder -------------------------------------------------------------------------------------------------------


def test_a_pod_younger_than_the_window_is_not_judged_by_what_was_before_it() -> None:
    quiet = parts(0.0, 0.0, 0.0, 0.0, 0.0)
    assert why(quiet, held=NOW - 899 + 100) == "young"
    assert why(parts(0.9, 0.9, 0.0, 0.0, 0.0), held=NOW - 200) == "young", "another pod was busy"
    assert why(parts(0.9, 0.9, 0.0, 0.0, 0.0), held=NOW - 700) is False
    assert why(parts(0.0, 0.0, 0.0, 0.0, 0.9), held=NOW - 200) is False
    assert why(parts(0.0, 0.0, 0.0, 0.9, None), held=NOW - 10) == "stale"


def test_idle_begins_with_the_holding_at_the_earliest() -> None:
    found = judge(Evidence(NOW - 9000, NOW, NOW - 9000, 0.0), RULE, now=NOW, held=NOW - 1000)
    assert (found.idle, found.since, found.longer) == (True, NOW - 1000, False)


def test_a_pod_that_came_after_the_last_look() -> None:
    assert why(Evidence(NOW - 900, NOW - 20, None, 0.9), held=NOW - 10) == "young"


def test_a_partial_answer_proves_work_and_nothing_else() -> None:
    assert why(parts(0.0, 0.0, 0.0, 0.0, 0.0), partial=True) == "partial"
    assert why(parts(0.0, 0.0, 0.9, 0.0, 0.0), partial=True) is False


def test_old_evidence_proves_nothing_either_way() -> None:
    for quiet in (NOW - 9000, None):
        assert why(Evidence(NOW - 9000, NOW - STALE - 1, quiet, 0.0)) == "stale"


# --- looks of one's own -----------------------------------------------------------------------------------------------


def watched(*looks: tuple[float, float | None], step: float = 15.0, gap: float = 45.0) -> Evidence | None:
    """What is known at the last of these times."""
    history: History[str] = History(RULE, step, gap)
    for at, value in looks:
        history.note("GPU-0", value, at)
    return history.evidence(looks[-1][0]).get("GPU-0")


def every(seconds: int, since: float = NOW - 900) -> list[tuple[float, float]]:
    """Quiet looks until now."""
    return [(float(at), 0.0) for at in range(int(since), int(NOW) + 1, seconds)]


def test_looks_for_a_whole_window() -> None:
    assert why(watched(*every(15))) is True
    assert why(watched(*every(15, since=NOW - 800))) == "short"
    assert why(watched(*every(15)[:-1], (NOW, 0.05))) is False
    assert why(watched((NOW - 900, 0.9), *every(15, since=NOW - 885))) is False
    assert why(watched((NOW - 930, 0.9), *every(15, since=NOW - 915))) is True


def test_a_story_with_a_gap_begins_again() -> None:
    looks = every(15)
    assert why(watched(*looks[:20], *looks[22:])) is True, "a look that failed or two"
    assert why(watched(*looks[:20], *looks[24:])) == "short"
    blank = [(at, None if 20 <= n < 24 else value) for n, (at, value) in enumerate(looks)]
    assert why(watched(*blank)) == "short", "a sensor that is blank is no look"


def test_the_same_sample_again_is_no_look() -> None:
    """An exporter in front of which something caches."""
    assert why(watched(*[(NOW - 900, 0.0)] * 60)) == "stale"


def test_an_older_sample_does_not_turn_the_clock_back() -> None:
    looks = every(15)
    assert watched(*looks, (NOW - 60, 0.0), (NOW, 0.0)) == watched(*looks)
    history: History[str] = History(RULE, 15.0)
    for at in (NOW - 30, NOW, NOW - 30):
        history.note("GPU-0", 0.0, at)
    assert history.evidence(NOW)["GPU-0"].until == NOW


def test_the_peak_is_that_of_the_idle_time() -> None:
    seen = watched((NOW - 1000, 0.8), (NOW - 990, 0.02), (NOW - 980, 0.04), (NOW - 970, 0.01))
    assert seen is not None and (seen.peak, seen.quiet, seen.watched) == (0.04, NOW - 990, NOW - 1000)


def test_cards_that_are_gone_are_forgotten() -> None:
    history: History[str] = History(RULE, 15.0)
    history.note("GPU-0", 0.0, NOW)
    assert history.evidence(NOW + 3599) and not history.evidence(NOW + 3601)
    assert not history.evidence(NOW)
