"""What happened before: who was preferred and by which right, and going round in circles."""

import pytest

from k8sai.queues.why.history import THRASH, Evicted
from k8sai.queues.why.result import Why
from tests.queues.why_world import ask, base, holding, more, said, training, workload
from tests.why.objects import Json, event

PREEMPTED = (
    "Preempted to accommodate a workload (UID: {uid}, JobUID: UNKNOWN) due to prioritization in the ClusterQueue; "
    "preemptor path: /ai/vision; preemptee path: /ai/gpus"
)


def asked(train: Json, state: Json, *events: Json) -> Why:
    urgent = holding("urgent", 5)
    urgent[1]["metadata"]["uid"] = "uid-urgent"
    return ask("job/train", base(), urgent, train, state, list(events))


def evicted(uid: str = "uid-urgent", count: int = 1, created: str = "2026-11-21T11:30:00Z") -> tuple[Json, Json]:
    train = training(6)
    text = PREEMPTED.format(uid=uid)
    conditions = [said("Evicted", "Preempted", text), said("Preempted", "InClusterQueue", text), more(3)]
    stats = {"schedulingStats": {"evictions": [{"reason": "Preempted", "underlyingCause": "", "count": count}]}}
    return train, workload(train, *conditions, status=stats, meta={"creationTimestamp": created})


def test_who_was_preferred_and_why() -> None:
    why = asked(*evicted())
    assert why.history is not None
    (found,) = why.history.evictions
    assert (found.by, found.why) == ("job/urgent in ml", "prioritization in the ClusterQueue")
    assert found.text == "Preempted 1×, last for job/urgent in ml (prioritization in the ClusterQueue)"


def test_one_that_is_gone_is_named_by_its_queue() -> None:
    why = asked(*evicted("uid-nobody"))
    assert why.history is not None and why.history.evictions[0].by == "a workload that is gone of vision"


def test_evictions_of_other_causes() -> None:
    train = training(6)
    stats = {
        "schedulingStats": {
            "evictions": [
                {"reason": "PodsReadyTimeout", "underlyingCause": "WaitForStart", "count": 2},
                {"reason": "Deactivated", "underlyingCause": "RequeuingLimitExceeded", "count": 1},
            ]
        }
    }
    why = asked(train, workload(train, more(3), status=stats))
    assert why.history is not None
    assert [one.text for one in why.history.evictions] == [
        "PodsReadyTimeout (WaitForStart) 2×",
        "Deactivated (RequeuingLimitExceeded) 1×",
    ]


def test_before_kueue_counted_the_condition_is_all_there_is() -> None:
    train = training(6)
    why = asked(train, workload(train, said("Evicted", "NodeFailures", "…"), more(3)))
    assert why.history is not None
    assert [(one.reason, one.count) for one in why.history.evictions] == [("NodeFailures", 1)]


@pytest.mark.parametrize(("count", "thrashes"), [(THRASH - 1, False), (THRASH, True)])
def test_a_workload_that_goes_round_in_circles(count: int, thrashes: bool) -> None:
    why = asked(*evicted(count=count))
    assert why.history is not None and (why.history.cycles, why.history.thrashes) == (count, thrashes)


def test_evictions_of_long_ago_are_no_circle() -> None:
    why = asked(*evicted(count=9, created="2026-11-01T00:00:00Z"))
    assert why.history is not None and (why.history.cycles, why.history.thrashes) == (0, False)


def test_events_of_the_last_hour_count() -> None:
    train, state = evicted(count=9, created="2026-11-01T00:00:00Z")
    recent = event(state, "EvictedDueToPreempted", "…", "Normal")
    old = event(state, "EvictedDueToPreempted", "…", "Normal")
    why = asked(train, state, {**recent, "count": 3}, {**old, "count": 5, "lastTimestamp": "2026-11-21T10:00:00Z"})
    assert why.history is not None and (why.history.cycles, why.history.thrashes) == (3, True)


def test_the_words() -> None:
    assert Evicted("Preempted", 3).text == "Preempted 3×"
