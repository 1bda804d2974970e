"""When quota may be free: an interval from limits and from runs before, or unknown. Never a point."""

import pytest

from k8sai.queues.why.eta import Eta
from tests.queues.why_world import ask, base, holding, more, said, training, workload
from tests.why.objects import Json

HOUR_AGO, HALF_AGO = "2026-11-21T11:00:00Z", "2026-11-21T11:30:00Z"


def finished(name: str, began: str, ended: str) -> list[Json]:
    """A job of the same queue that is over."""
    made = training(5, name=name, suspend=False)
    state = workload(made, said("Finished", "Succeeded", at=ended), held="gpus", since=began)
    return [made, state]


def asked(*objects: list[Json]) -> Eta | None:
    train = training(6)
    return ask("job/train", base(), *objects, train, workload(train, more(3))).eta


def test_a_limit_bounds_it() -> None:
    eta = asked(holding("old", 5, since=HALF_AGO, maximumExecutionTimeSeconds=7200))
    assert eta == Eta(0.0, 5400.0, "old limit 120m", "assumes no higher priority arrives")
    assert eta is not None and eta.text == "0s – 90m"


def test_time_before_an_eviction_counts() -> None:
    held = holding(
        "old", 5, since=HALF_AGO, maximumExecutionTimeSeconds=7200, status={"accumulatedPastExecutionTimeSeconds": 3600}
    )
    eta = asked(held)
    assert eta is not None and (eta.low, eta.high) == (0.0, 1800.0)


def test_runs_of_the_same_name_say_how_long_it_takes() -> None:
    """Ran 40 and 80 minutes before, and runs for 30 now."""
    before = [
        *finished("grid-1", "2026-11-21T08:00:00Z", "2026-11-21T08:40:00Z"),
        *finished("grid-2", "2026-11-21T09:00:00Z", "2026-11-21T10:20:00Z"),
        *finished("other-1", "2026-11-21T09:00:00Z", "2026-11-21T09:01:00Z"),
    ]
    eta = asked(before, holding("grid-3", 5, since=HALF_AGO))
    assert eta is not None
    assert (eta.low, eta.high, eta.why) == (600.0, 3000.0, "its last 2 runs 40m–80m")
    assert eta.text == "10m – 50m"


def test_limit_and_runs_together() -> None:
    before = finished("grid-1", "2026-11-21T08:00:00Z", "2026-11-21T10:00:00Z")
    eta = asked(before, holding("grid-3", 5, since=HALF_AGO, maximumExecutionTimeSeconds=3600))
    assert eta is not None
    assert (eta.low, eta.high) == (900.0, 1800.0)
    assert eta.why == "grid-3 limit 60m, its last 1 run 120m"


def test_runs_of_the_queue_stand_in_where_there_are_three() -> None:
    runs = [finished(f"{name}", "2026-11-21T08:00:00Z", "2026-11-21T09:00:00Z") for name in ("a", "b", "c")]
    assert asked(*runs[:2], holding("old", 5, since=HALF_AGO)) is None
    eta = asked(*runs, holding("old", 5, since=HALF_AGO))
    assert eta is not None and (eta.low, eta.high) == (900.0, 2700.0)
    assert eta.why == "the last of queue research: 3 runs 60m"


def test_one_that_has_run_longer_than_any_before_is_unknown() -> None:
    before = finished("grid-1", "2026-11-21T08:00:00Z", "2026-11-21T08:10:00Z")
    assert asked(before, holding("grid-3", 5, since=HOUR_AGO)) is None


def test_nothing_bounds_it() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)))
    assert why.eta is None and why.eta_known


def test_all_that_must_end_count_and_of_several_ways_the_soonest() -> None:
    both = [
        *holding("a", 4, since=HALF_AGO, maximumExecutionTimeSeconds=3600),
        *holding("b", 4, since=HALF_AGO, maximumExecutionTimeSeconds=7200),
    ]
    eta = asked(both)
    assert eta is not None and eta.high == 5400.0
    either = [
        *holding("a", 1, since=HALF_AGO, maximumExecutionTimeSeconds=3600),
        *holding("b", 6, since=HALF_AGO, maximumExecutionTimeSeconds=7200),
        *holding("c", 1, since=HALF_AGO),
    ]
    eta = asked(either)
    assert eta is not None and (eta.high, eta.why) == (5400.0, "b limit 120m")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (1, "assumes no higher priority arrives, and that the workload ahead takes nothing of it"),
        (2, "assumes no higher priority arrives, and that the 2 workloads ahead take nothing of it"),
    ],
)
def test_who_is_ahead_is_an_assumption(before: int, words: str) -> None:
    others = []
    for number in range(before):
        one = training(7, name=f"first-{number}")
        others += [one, workload(one, more(4), priority=10)]
    eta = asked(others, holding("old", 5, maximumExecutionTimeSeconds=7200))
    assert eta is not None and eta.assumes == words


def test_without_an_upper_bound() -> None:
    assert Eta(1500.0, None, "", "").text == "from 25m"
