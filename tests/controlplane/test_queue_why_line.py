"""`queue why` on a real Kueue: who stands ahead, and for whom one was evicted."""

import pytest

from k8sai.cluster.reading import holds
from k8sai.errors import Exit
from tests.controlplane.queue_cases import job
from tests.controlplane.queue_place import QueuePlace, condition

pytestmark = pytest.mark.controlplane


def test_behind_a_head_that_never_fits_nothing_is_said(place: QueuePlace) -> None:
    place.queue(queueingStrategy="StrictFIFO")
    place.create(job("first", 99, priority="why-high"))
    place.agreed("first", "ExceedsMaxQuota", Exit.BLOCKED)
    place.create(job("train", 1))
    made_one = place.workload("train", lambda one: True)
    why = place.why("job/train")
    assert condition(made_one, "QuotaReserved") == {}
    assert (why.code, why.exit) == ("BehindHead", Exit.WAITING)
    assert why.message.endswith("job/first must go first, though it can never fit")
    assert why.position is not None and why.position.cluster_queue == 2


def test_a_twin_of_one_that_failed_has_no_words_and_is_judged(place: QueuePlace) -> None:
    place.queue()
    place.run(job("old", 5))
    place.create(job("first", 6))
    place.agreed("first", "WaitingForQuota", Exit.WAITING)
    place.create(job("train", 6))
    place.workload("train", lambda one: True)
    why = place.why("job/train")
    assert (why.code, why.blockers[0].deficit) == ("WaitingForQuota", 3)
    assert why.quoted is not None and why.quoted.agreement in ("silent", "agrees")


def test_a_victim_is_told_for_whom(place: QueuePlace) -> None:
    place.queue(preemption={"withinClusterQueue": "LowerPriority"})
    place.run(job("train", 6, priority="why-low"))
    place.create(job("urgent", 8, priority="why-high"))
    place.workload("urgent", lambda one: holds(one, "QuotaReserved") is not None)
    place.workload("train", lambda one: condition(one, "QuotaReserved").get("status") == "False")
    why = place.why("job/train")
    assert (why.code, why.exit) == ("WaitingForQuota", Exit.WAITING)
    assert why.history is not None
    assert [(one.reason, one.by, one.why) for one in why.history.evictions] == [
        ("Preempted", f"job/urgent in {place.namespace}", "prioritization in the ClusterQueue")
    ]
    assert why.judged is not None and [one.workload.title for one in why.judged.spared] == ["job/urgent"]
