"""Whose pod it is, through which queue it came, and why it waits."""

from typing import Any

import pytest

from tests.fleet.facts_by_hand import fleet_of, node, pod


def by(kind: str, name: str) -> tuple[dict[str, Any], ...]:
    return ({"kind": kind, "name": name, "controller": True}, {"kind": "Other", "name": "x", "controller": False})


@pytest.mark.parametrize(
    ("owners", "labels", "expected"),
    [
        ((), {}, ""),
        (by("Job", "train"), {}, "Job/train"),
        (by("StatefulSet", "llm"), {}, "StatefulSet/llm"),
        (by("ReplicaSet", "web-6d4b9"), {"pod-template-hash": "6d4b9"}, "Deployment/web"),
        (by("ReplicaSet", "bare"), {}, "ReplicaSet/bare"),
        (by("Job", "big-workers-0"), {"jobset.sigs.k8s.io/jobset-name": "big"}, "JobSet/big"),
        (by("PyTorchJob", "t"), {"training.kubeflow.org/job-name": "t"}, "PyTorchJob/t"),
        (by("StatefulSet", "l-0"), {"leaderworkerset.sigs.k8s.io/name": "l"}, "LeaderWorkerSet/l"),
        (by("RayCluster", "r"), {"ray.io/cluster": "r"}, "RayCluster/r"),
    ],
)
def test_owner(owners: tuple[dict[str, Any], ...], labels: dict[str, str], expected: str) -> None:
    fleet = fleet_of(node(), pod("p", 1, "n1", owners=owners, labels=labels))
    assert fleet.pods()[0].owner == expected
    assert fleet.node("n1").holders[0].owner == expected


@pytest.mark.parametrize(
    ("labels", "annotations", "expected"),
    [
        ({"kueue.x-k8s.io/queue-name": "a", "runai/queue": "b"}, {}, "a"),
        ({"kai.scheduler/queue": "c"}, {}, "c"),
        ({"runai/queue": "d"}, {}, "d"),
        ({}, {"scheduling.volcano.sh/queue-name": "e"}, "e"),
        ({}, {}, ""),
    ],
)
def test_queue(labels: dict[str, str], annotations: dict[str, str], expected: str) -> None:
    fleet = fleet_of(pod("p", 2, "n1", labels=labels, annotations=annotations), pod("q", 3, labels=labels))
    queues = [(total.name, total.figures.used, total.figures.pending, total.pods) for total in fleet.queues()]
    assert queues == ([(expected, 2, 3 if labels else 0, 1)] if expected else [])


def waiting(**status: Any) -> tuple[str, str]:
    spec = status.pop("spec", {})
    (row,) = fleet_of(pod("p", 1, spec=spec, status=status)).pending()
    return row.reason, row.message


def scheduled(reason: str, message: str) -> dict[str, Any]:
    return {"conditions": [{"type": "PodScheduled", "status": "False", "reason": reason, "message": message}]}


def test_reasons() -> None:
    full = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
    assert waiting(**scheduled("Unschedulable", full)) == ("Unschedulable", full)
    assert waiting(**scheduled("SchedulerError", "CEL runtime error")) == ("SchedulerError", "CEL runtime error")
    gated = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
    assert waiting(spec=gated, **scheduled("SchedulingGated", "blocked")) == (
        "SchedulingGated",
        "scheduling gates: kueue.x-k8s.io/admission",
    )
    assert waiting()[0] == "NoVerdict"
    reason, message = waiting(spec={"schedulerName": "kai-scheduler"})
    assert (reason, "kai-scheduler" in message) == ("NoVerdict", True)


def test_pending_pods_come_by_priority_then_by_age() -> None:
    fleet = fleet_of(
        pod("late", 1, spec={"priority": 5}), pod("low", 1), pod("first", 1, spec={"priority": 9}), pod("also", 1)
    )
    assert [row.name for row in fleet.pending()] == ["first", "late", "also", "low"]
    assert fleet.pending()[0].since == "2026-11-02T00:00:00Z"
