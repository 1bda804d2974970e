"""Who is next at a ClusterQueue."""

from dataclasses import replace
from typing import Any

from k8sai.queues.facts import ClusterQueue, Condition, LocalQueue
from k8sai.queues.order import ahead, blocking_head, line
from k8sai.queues.setting import Setting
from k8sai.queues.workload import PodSet, Workload

NOW = 1000.0


def waiting(name: str, queue: str = "main", **changes: Any) -> Workload:
    base = Workload("team", name, f"uid-{name}", 100.0, queue, (PodSet("main", 1, {"cpu": 1000}),))
    return replace(base, **changes)


def evicted(reason: str, at: float) -> tuple[Condition, ...]:
    return (Condition("Evicted", True, reason, at=at),)


def setting(*workloads: Workload, **queue: Any) -> Setting:
    return Setting(
        cluster_queues={"a": ClusterQueue("a", **queue)},
        local_queues={f"team/{name}": LocalQueue("team", name, "a") for name in ("main", "other")},
        workloads={one.ref: one for one in workloads},
        at=NOW,
    )


def names(found: tuple[Workload, ...]) -> list[str]:
    return [one.name for one in found]


def test_priority_then_age_then_uid() -> None:
    here = setting(
        waiting("young", created=200.0),
        waiting("twin-b"),
        waiting("twin-a"),
        waiting("important", priority=5, created=900.0),
    )
    assert names(line(here, "a")) == ["important", "twin-a", "twin-b", "young"]


def test_a_preempted_workload_keeps_its_place_and_a_timed_out_one_loses_it() -> None:
    here = setting(
        waiting("timeout", conditions=evicted("PodsReadyTimeout", 500.0)),
        waiting("check", conditions=evicted("AdmissionCheck", 400.0)),
        waiting("preempted", conditions=evicted("Preempted", 600.0), created=120.0),
        waiting("plain", created=130.0),
        waiting("back", conditions=(Condition("Evicted", False, "QuotaReserved", at=700.0),), created=125.0),
    )
    assert names(line(here, "a")) == ["preempted", "back", "plain", "check", "timeout"]


def test_those_who_cannot_be_taken_are_not_in_line() -> None:
    held = Condition("QuotaReserved", False, "OnHold")
    here = setting(
        waiting("stays"),
        waiting("off", active=False),
        waiting("gated", admission_gates=("example.com/gate",)),
        waiting("later", requeue_at=NOW + 5),
        waiting("due", requeue_at=NOW - 5, created=150.0),
        waiting("held", conditions=(held,)),
        waiting("done", conditions=(Condition("Finished", True),)),
        waiting("elsewhere", queue="nowhere"),
    )
    assert names(line(here, "a")) == ["stays", "due"]


def test_who_evicted_others_goes_first() -> None:
    message = "insufficient unused quota. Pending the preemption of 1 workload(s)"
    sticky = (Condition("QuotaReserved", False, "Pending", message),)
    here = setting(waiting("old", priority=9), waiting("preemptor", conditions=sticky, created=700.0))
    assert names(line(here, "a")) == ["preemptor", "old"]
    strict = replace(here, cluster_queues={"a": ClusterQueue("a", strategy="StrictFIFO")})
    assert names(line(strict, "a")) == ["old", "preemptor"]


def test_fair_sharing_of_admission_asks_the_local_queue_first() -> None:
    here = setting(
        waiting("hungry", "other", created=900.0),
        waiting("fed", priority=9),
        afs="UsageBasedAdmissionFairSharing",
    )
    fed = {"cpu": 8000, "nvidia.com/gpu": 2}
    queues = {ref: replace(one, consumed=fed) if one.name == "main" else one for ref, one in here.local_queues.items()}
    assert names(line(replace(here, local_queues=queues), "a")) == ["hungry", "fed"]
    heavy = {ref: replace(one, weight=0.0) if one.name == "other" else one for ref, one in queues.items()}
    assert names(line(replace(here, local_queues=heavy), "a")) == ["fed", "hungry"]


def test_only_a_strict_queue_has_a_head_that_blocks() -> None:
    first, second, off = waiting("first"), waiting("second", created=200.0), waiting("off", active=False)
    strict, best = setting(first, second, off, strategy="StrictFIFO"), setting(first, second, off)
    assert blocking_head(strict, second) == first
    assert blocking_head(strict, first) is None
    assert blocking_head(best, second) is None
    assert names(ahead(best, second)) == ["first"]
    assert names(ahead(best, off)) == ["first", "second"]
