"""What a simulation says of those who wait: who comes first, and who must end."""

from dataclasses import replace

from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import read
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.simulating.shown import lines
from k8sai.queues.simulating.simulate import simulate, simulate_waiting
from k8sai.queues.simulating.wish import Wish
from k8sai.queues.verdict import EXITS
from tests.queues.simulate_objects import (
    cluster_queue,
    flavor,
    gpu_tree,
    group,
    local_queue,
    namespace,
    setting,
    workload,
)
from tests.queues.simulated import WITHIN, outcome, said, urgent, wish


def waiting(*changes: str, strategy: str = "BestEffortFIFO") -> tuple[Setting, list[str]]:
    """Three wait in a queue of 8: 8, then 4, then 2 GPUs; `old` holds all of it."""
    objects = [
        flavor("h100"),
        cluster_queue("q", 8, queueingStrategy=strategy),
        local_queue("a", "q"),
        namespace("a"),
        workload("a", "old", 8, held="q"),
        workload("a", "first", 8, created="2026-11-03T10:10:00Z"),
        workload("a", "second", 4, created="2026-11-03T10:20:00Z"),
        workload("a", "third", 2, created="2026-11-03T10:30:00Z"),
    ]
    before = setting(objects)
    after = apply(before, read(before, changes))
    found = simulate_waiting(after, [after.workloads["a/job-third"]], moved=bool(changes))
    return after, [found.kind, *(step.workload.name for step in found.outcomes[0].ahead)]


def test_those_ahead_take_the_room_first() -> None:
    assert waiting()[1] == ["Waits"]
    assert waiting("finish=old")[1] == ["Waits", "job-first"]
    assert waiting("cq.q.nominal=14")[1] == ["FitsNow", "job-second"]
    assert waiting("cq.q.nominal=12")[1] == ["Waits", "job-second"]


def test_behind_a_head_that_does_not_fit_nobody_passes_in_a_strict_queue() -> None:
    assert waiting("cq.q.nominal=14", "cq.q.strategy=StrictFIFO")[1] == ["Waits"]
    here, _ = waiting("cq.q.nominal=14", strategy="StrictFIFO")
    found = simulate_waiting(here, [here.workloads["a/job-third"]]).outcomes[0]
    assert (found.code, found.verdict, EXITS[found.code]) == ("BehindHead", "waits", 10)
    assert said(found) == "Waits: job/third stands behind a/job/first, which StrictFIFO queue q takes first"


def test_who_is_taken_after_its_turn_may_have_the_room_before_it() -> None:
    here = setting(
        [
            flavor("h100"),
            namespace("a"),
            cluster_queue("q", 8),
            local_queue("a", "q"),
            workload("a", "old", 6, held="q"),
            workload("a", "large", 8, created="2026-11-03T11:00:00Z"),
            workload("a", "small", 2, created="2026-11-03T11:30:00Z"),
        ]
    )
    found = simulate_waiting(here, [here.workloads["a/job-large"]], moved=True)
    frees = [cell.text for cell in lines(found, here, ()) if cell.text.startswith("frees")]
    assert frees == [
        "frees     a/job/old 6 GPU (runs 120m): then it fits, unless a/job/small (2 GPU), taken after it, "
        "or who arrives meanwhile has the room"
    ]


def test_what_is_short_is_said_of_a_flavor_in_which_it_could_ever_fit() -> None:
    """The other one lacks less, and would never have enough."""
    queue = cluster_queue("q", 0, resourceGroups=group(("a100", {"nominalQuota": 6}), ("t4", {"nominalQuota": 8})))
    objects = [
        *(flavor(name) for name in ("a100", "t4")),
        namespace("a"),
        queue,
        local_queue("a", "q"),
        workload("a", "old", 8, held="q", flavor="t4"),
    ]
    found = outcome(8, where="a", objects=objects)
    assert said(found) == (
        "Waits: 1 pod of 8 GPUs is short of 8 of 8 GPU in t4; the limit that binds: all 8 GPU of ClusterQueue q"
    )
    assert [one.workload.name for one in found.freed] == ["job-old"]


def test_one_that_is_new_stands_last_among_its_equals() -> None:
    here, _ = waiting("cq.q.nominal=12")
    found = simulate(here, [wish(here, 4, where="a")])
    assert [one.workload.name for one in found.played.steps] == ["job-second"]
    assert (found.kind, found.outcomes[0].alone.fits) == ("Waits", True)  # type: ignore[union-attr]
    first = simulate(replace(here, classes=setting([urgent()]).classes), [wish_of_class(here, "urgent")])
    assert [one.workload.priority for one in first.played.steps] == [80]


def wish_of_class(here: Setting, name: str) -> Wish:
    return wish(replace(here, classes=setting([urgent()]).classes), 4, where="a", priority=name)


def test_victims_wait_again() -> None:
    objects = [*gpu_tree(**WITHIN), urgent()]
    here = setting(objects)
    found = simulate(here, [wish(here, 8, priority="urgent")])
    after = found.played.setting
    assert after.workloads["ns-finetune/job-eval-grid"].waits
    assert after.workloads[found.outcomes[0].workload.ref].reserves
