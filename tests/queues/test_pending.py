"""The waiting list: its order, one word for why, what is in the way, and that a long list is judged by shapes."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.ages import epoch
from k8sai.cluster.reading import Unseen
from k8sai.queues.judging.judge import Judge
from k8sai.queues.pending import Court, Waiting, pending, queues_of, refs_of
from k8sai.queues.positions import Position, Positions, Standing, read
from k8sai.queues.setting import CLUSTER_QUEUES, WORKLOADS, Setting
from k8sai.queues.shown.pending import document, table
from tests.queues.simulate_objects import (
    GPU,
    NOW,
    Json,
    cluster_queue,
    cohort,
    flavor,
    gpu_tree,
    local_queue,
    setting,
    workload,
)


def listed(here: Setting, **scope: str) -> tuple[Waiting, ...]:
    return pending(here, read(None, here), refs_of(here, **scope))


def one(*objects: Json, name: str = "w") -> Waiting:
    (found,) = (each for each in listed(setting([*gpu_tree(), *objects])) if each.workload.title == f"job/{name}")
    return found


def refused(message: str = "no room", reason: str = "Pending") -> Json:
    condition = {"type": "QuotaReserved", "status": "False", "reason": reason, "message": message}
    return {"conditions": [{**condition, "lastTransitionTime": NOW}]}


def test_by_queue_and_place_and_those_in_no_line_last() -> None:
    here = setting(
        [
            *gpu_tree(),
            workload("ns-students", "z", 1),
            workload("ns-finetune", "late", 4, created="2026-11-03T11:00:00Z"),
            workload("ns-finetune", "off", 4, active=False, created="2026-11-03T01:00:00Z"),
            workload("ns-finetune", "first", 4, priority=9),
        ]
    )
    assert [each.workload.title for each in listed(here)] == ["job/first", "job/late", "job/off", "job/z"]
    assert [each.position.text if each.position else "" for each in listed(here)] == ["≈1", "≈2", "", "≈1"]


@pytest.mark.parametrize(
    ("gpus", "changes", "expected"),
    [
        (2, {}, ("borrow", "PendingEvaluation", "")),
        (3, {}, ("waits", "WaitingForQuota", "h100: 1 GPU short by borrowingLimit")),
        (25, {}, ("never", "ExceedsMaxQuota", "h100: 24 GPU at most by borrowingLimit")),
        (
            8,
            {"preemption": {"withinClusterQueue": "LowerPriority"}},
            ("preempt", "NeedsPreemption", "evicts job/eval-grid"),
        ),
        (3, {"stopPolicy": "Hold"}, ("waits", "Suspended", "cq/finetune is stopped")),
    ],
)
def test_what_would_happen_to_it_and_why_it_does_not(gpus: int, changes: Json, expected: tuple[str, str, str]) -> None:
    here = setting([*gpu_tree(**changes), workload("ns-finetune", "w", gpus, priority=70)])
    (found,) = listed(here)
    assert (found.fits, found.code, found.blocker) == expected


def test_within_its_own_quota_it_fits_now() -> None:
    assert one(workload("ns-serving", "w", 8)).fits == "now"


def test_deactivated_gated_and_backing_off_come_before_everything_else() -> None:
    gated = workload("ns-finetune", "w", 2)
    gated["metadata"]["annotations"] = {"kueue.x-k8s.io/admission-gated-by": "example.com/gate"}
    late = workload("ns-finetune", "w", 2)
    late["status"] = {"requeueState": {"count": 1, "requeueAt": "2026-11-03T12:02:00Z"}}
    assert (one(gated).code, one(gated).blocker) == ("AdmissionGated", "example.com/gate")
    assert (one(late).code, one(late).blocker) == ("RequeueBackoff", "tried again in 2m")
    assert one(workload("ns-finetune", "w", 2, active=False)).code == "Deactivated"


def test_a_resource_without_quota_is_of_no_flavor() -> None:
    bare = cluster_queue("q", 8)
    bare["spec"]["resourceGroups"] = []
    (found,) = listed(setting([bare, local_queue("a", "q"), workload("a", "w", 1)]))
    assert (found.code, found.blocker) == ("ResourceNotCovered", f"resource {GPU} unavailable in ClusterQueue")


def test_queues_that_are_stopped_missing_or_in_a_cycle() -> None:
    stopped = local_queue("ns-finetune", "finetune", "shut", stopPolicy="Hold")
    assert one(stopped, workload("ns-finetune", "w", 2, queue="shut")).blocker == "lq/shut is stopped"
    assert one(workload("ns-finetune", "w", 2, queue="nope")).code == "LocalQueueMissing"
    nowhere = local_queue("ns-finetune", "gone", "lost")
    assert one(nowhere, workload("ns-finetune", "w", 2, queue="lost")).code == "ClusterQueueMissing"
    assert one(cohort("ai", "prod"), workload("ns-finetune", "w", 2)).code == "CohortCycle"


def test_in_a_strict_queue_who_is_behind_waits_for_the_head() -> None:
    here = setting(
        [
            *gpu_tree(queueingStrategy="StrictFIFO"),
            workload("ns-finetune", "head", 25, priority=5),
            workload("ns-finetune", "next", 1),
        ]
    )
    head, after = listed(here)
    assert (head.code, after.code, after.blocker) == ("ExceedsMaxQuota", "BehindHead", "job/head goes first")
    assert after.fits == "borrow"


def test_what_only_kueue_can_know_is_believed() -> None:
    limited = workload("ns-finetune", "w", 2)
    limited["status"] = refused("resources didn't satisfy LimitRange constraints: spec.podSets[0]…")
    assert one(limited).code == "LimitRange"
    fragmented = workload("ns-finetune", "w", 2)
    fragmented["status"] = refused('topology "host" allows to fit only 1 out of 2 pod(s)', "TopologyPlacementFailed")
    assert one(fragmented).code == "TopologyPlacementFailed"


def test_where_the_queue_may_not_be_read_kueues_own_numbers_are_told_and_nothing_is_judged() -> None:
    short = workload("ml", "w", 8)
    more = "insufficient unused quota for nvidia.com/gpu in flavor h100, 6 more needed"
    short["status"] = refused(f"couldn't assign flavors to pod set main: {more}")
    here = replace(setting([local_queue("ml", "secret"), short]), hidden=(Unseen(CLUSTER_QUEUES, "no"),))
    (found,) = listed(here)
    assert (found.queue, found.fits, found.code) == ("secret", "", "WaitingForQuota")
    assert found.blocker == "h100: 6 GPU short, says Kueue"


def test_workloads_that_may_not_be_read_are_listed_as_kueue_tells_them() -> None:
    here = replace(setting([*gpu_tree()]), workloads={}, hidden=(Unseen(WORKLOADS, "no"),))
    told = Standing("ns-finetune", "job-x", "main", 50, "2026-11-03T11:00:00Z", "job/x", Position(4, 2))
    elsewhere = replace(told, namespace="ns-students")
    positions = Positions({one.ref: one for one in (told, elsewhere)})
    (found,) = pending(here, positions, refs_of(here, namespace="ns-finetune"))
    assert (found.workload.title, found.workload.priority, found.queue, found.known) == ("job/x", 50, "finetune", False)
    (entry,) = document([found], {}, context="", at=epoch(NOW))["pending"]
    assert (entry["asks"], entry["gpus"], entry["waitedSeconds"], entry["position"]) == (None, None, 3600, 4)


def test_the_scope_is_a_namespace_a_queue_or_everything() -> None:
    here = setting([*gpu_tree(), workload("ns-lost", "w", 1, queue="nope")])
    assert refs_of(here, queue="finetune") == {"ns-finetune/main"}
    assert "ns-lost/nope" in refs_of(here)
    assert refs_of(here, namespace="ns-lost") == {"ns-lost/nope"}
    assert queues_of(here, refs_of(here)) == ("explore", "finetune", "serving", "students")


# --- a long list ------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom the judge was asked about."""
    asked: list[str] = []
    real = Judge.of

    def of(self: Any, workload: Any, queue: Any, **more: Any) -> Any:
        asked.append(workload.name)
        return real(self, workload, queue, **more)

    monkeypatch.setattr(Judge, "of", of)
    return asked


def test_ten_thousand_of_three_shapes_are_three_verdicts(judged: list[str]) -> None:
    shapes = [workload("ns-finetune", "w", gpus) for gpus in (2, 3, 25)]
    few = setting([*gpu_tree(), *shapes])
    (first,) = (one for one in few.workloads.values() if one.waits)
    template = {gpus: parsed(gpus) for gpus in (2, 3, 25)}
    many = {f"ns-finetune/job-{n}": replace(template[(2, 3, 25)[n % 3]], name=f"job-{n}") for n in range(10_000)}
    here = replace(few, workloads={**{k: v for k, v in few.workloads.items() if v is not first}, **many})
    found = listed(here)
    assert len(found) == 10_000 and len(judged) == 3
    assert {each.fits for each in found} == {"borrow", "waits", "never"}


def parsed(gpus: int) -> Any:
    here = setting([workload("ns-finetune", "w", gpus)])
    return here.workloads["ns-finetune/job-w"]


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 1},
        {"gpus": 9},
        {"namespace": "ns-students"},
        {"spec": {"nodeSelector": {"a": "b"}}},
        {"spec": {"tolerations": [{"operator": "Exists"}]}},
    ],
)
def test_whatever_a_verdict_depends_on_is_part_of_the_shape(change: Json, judged: list[str]) -> None:
    first = workload("ns-finetune", "a", 3)
    second = workload(
        change.get("namespace", "ns-finetune"), "b", change.get("gpus", 3), priority=change.get("priority", 0)
    )
    second["spec"]["podSets"][0]["template"]["spec"].update(change.get("spec", {}))
    listed(setting([*gpu_tree(), first, second]))
    assert len(judged) == 2


def test_where_age_decides_whom_it_may_evict_age_is_part_of_the_shape() -> None:
    """LowerOrNewerEqualPriority: who waited before the holder was made may evict it, who came later may not."""
    newer = {"withinClusterQueue": "LowerOrNewerEqualPriority"}
    here = setting(
        [
            flavor("h100"),
            cluster_queue("q", 8, preemption=newer),
            local_queue("ml", "q"),
            workload("ml", "holder", 8, held="q", created="2026-11-03T09:00:00Z"),
            workload("ml", "old", 8, created="2026-11-03T08:00:00Z"),
            workload("ml", "young", 8, created="2026-11-03T10:00:00Z"),
        ]
    )
    assert {each.workload.title: each.fits for each in listed(here)} == {"job/old": "preempt", "job/young": "waits"}


# --- how it is shown --------------------------------------------------------------------------------------------------


def test_a_table_says_the_namespace_and_the_queue_only_where_they_differ() -> None:
    here = setting([*gpu_tree(), workload("ns-finetune", "w", 3)])
    alone = table(listed(here), here.at, {})
    assert "NAMESPACE" not in [column.title for column in alone.columns]
    more = setting([*gpu_tree(), workload("ns-finetune", "w", 3), workload("ns-students", "v", 3)])
    titles = [column.title for column in table(listed(more), more.at, {}).columns]
    assert titles[:2] == ["NAMESPACE", "WORKLOAD"] and "CLUSTERQUEUE" in titles


def test_a_court_gives_the_same_verdict_as_the_judge_alone() -> None:
    here = setting([*gpu_tree(), workload("ns-finetune", "w", 3)])
    found = here.workloads["ns-finetune/job-w"]
    queue = here.cluster_queues["finetune"]
    assert Court(here).judgement(found, queue) == Judge(here).of(found, queue, reasons=False)
