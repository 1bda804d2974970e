"""Queues of KAI and Volcano: what is read of their objects, as tables and as documents."""

from decimal import Decimal
from typing import Any

import pytest

from k8sai.commands._layout import Style, text
from k8sai.queues.others import kai, kai_shown, volcano
from k8sai.queues.others.kai_groups import pending, reasons
from k8sai.queues.others.tree import Branch, forest
from k8sai.view import Page, Table

Json = dict[str, Any]


def said(table: Table) -> str:
    return text(Page((table,)), Style())


def kai_queue(name: str, parent: str = "", gpu: Json | None = None, status: Json | None = None, **more: Any) -> Json:
    resources = {"resources": {"gpu": gpu, **more.pop("others", {})}} if gpu else {}
    spec = {**({"parentQueue": parent} if parent else {}), **resources, **more}
    return {
        "apiVersion": "scheduling.run.ai/v2",
        "kind": "Queue",
        "metadata": {"name": name},
        "spec": spec,
        "status": status or {},
    }


def pod_group(name: str, queue: str, *reasons: Json, **condition: Any) -> Json:
    told = {
        "type": "UnschedulableOnNodePool",
        "status": "True",
        "nodePool": "default",
        "reasons": [*reasons],
        **condition,
    }
    return {
        "apiVersion": "scheduling.run.ai/v2alpha2",
        "kind": "PodGroup",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"queue": queue, "minMember": 2},
        "status": {"schedulingConditions": [told]},
    }


OVER_LIMIT: Json = {
    "reason": "OverLimit",
    "message": "team-a limit reached:\n  16 GPUs",
    "details": {
        "queueDetails": {
            "name": "team-a",
            "queueRequestedResources": {"nvidia.com/gpu": "24"},
            "queueDeservedResources": {"nvidia.com/gpu": "8", "cpu": "-1"},
            "queueAllocatedResources": {"nvidia.com/gpu": "12", "cpu": "40"},
            "queueAllocatedNonPreemptibleResources": {"nvidia.com/gpu": "4"},
            "queueResourceLimits": {"nvidia.com/gpu": "16", "cpu": "-1"},
            "podGroupRequestedResources": {"nvidia.com/gpu": "8", "cpu": "16"},
        }
    },
}
OVER_QUOTA = {**OVER_LIMIT, "reason": "NonPreemptibleOverQuota", "message": "over quota"}
KAI = [
    kai_queue("department", gpu={"quota": -1, "limit": -1, "overQuotaWeight": 1}),
    kai_queue(
        "team-a",
        "department",
        {"quota": 8, "limit": 16, "overQuotaWeight": 2},
        {
            "allocated": {"nvidia.com/gpu": "12500m", "cpu": "40", "memory": "64000000000"},
            "allocatedNonPreemptible": {"nvidia.com/gpu": "4"},
            "requested": {"nvidia.com/gpu": "24", "cpu": "80"},
        },
        others={"cpu": {"quota": 64000, "limit": -1, "overQuotaWeight": 1}},
        priority=120,
    ),
    kai_queue("team-b", "department"),
    kai_queue("lost", "nobody", displayName="Lost and found"),
]
KAI_TABLE = """\
KAI QUEUE       RESOURCE      QUOTA      LIMIT  WEIGHT  ALLOCATED  FIXED  REQUESTED  PENDING  PRIORITY
department      gpu       unlimited  unlimited       1          0      0          0                100
├─ team-a       gpu               8         16       2       12.5      4         24        2       120
                cpu              64  unlimited       1         40      0         80
                memory            0          0       0     64000M      0          0
└─ team-b       gpu               0          0       0          0      0          0                100
Lost and found  gpu               0          0       0          0      0          0                100
"""
WAITING = """\
PODGROUP  KAI QUEUE  REASON                   WHY
ml/big    team-a     OverLimit                nvidia.com/gpu: asks 8, 12 allocated, limit 16
ml/fixed  team-a     NonPreemptibleOverQuota  nvidia.com/gpu: asks 8, 4 allocated, quota 8
"""


def test_kai_as_a_tree_in_its_own_units() -> None:
    waiting = pending([pod_group("big", "team-a", OVER_LIMIT), pod_group("fixed", "team-a", OVER_QUOTA)])
    found = kai.queues(KAI, waiting)
    assert said(kai_shown.table(found)) == KAI_TABLE
    assert said(kai_shown.waiting_table(waiting)) == WAITING


def test_a_reason_keeps_its_numbers_and_older_groups_their_sentence() -> None:
    (reason,) = reasons(pod_group("big", "team-a", OVER_LIMIT))
    assert (reason.code, reason.message, reason.queue) == ("OverLimit", "team-a limit reached: 16 GPUs", "team-a")
    assert reason.allocated == {"nvidia.com/gpu": "12", "cpu": "40"}
    (older,) = reasons(pod_group("old", "q", reason="Unschedulable", message="no nodes"))
    assert (older.code, older.message, older.numbers()) == ("Unschedulable", "no nodes", "")


@pytest.mark.parametrize("status", [{"status": "False"}, {"type": "Scheduled"}])
def test_a_group_that_is_scheduled_has_no_reason(status: Json) -> None:
    assert reasons(pod_group("runs", "q", OVER_LIMIT, **status)) == ()
    assert pending([pod_group("runs", "q", OVER_LIMIT, **status), {"metadata": {"name": "new"}}]) == ()


def test_kai_as_a_document() -> None:
    (found,) = kai_shown.document(kai.queues([KAI[1]]))
    gpu = {
        "resource": "gpu",
        "quota": 8,
        "limit": 16,
        "overQuotaWeight": 2,
        "allocated": 12.5,
        "allocatedNonPreemptible": 4,
        "requested": 24,
    }
    assert found["resources"][0] == gpu
    assert (found["resources"][1]["quota"], found["resources"][1]["limit"]) == (64, None)
    (waits,) = kai_shown.waiting_document(pending([pod_group("big", "team-a", OVER_LIMIT)]))
    assert waits["reasons"][0]["limits"] == {"nvidia.com/gpu": "16", "cpu": "-1"}


def test_malformed_amounts_of_a_status_count_as_nothing() -> None:
    (found,) = kai.queues([kai_queue("q", status={"allocated": {"nvidia.com/gpu": "many"}})])
    assert found.shares[0].allocated == Decimal(0)


VOLCANO = [
    {"metadata": {"name": "root"}, "spec": {"weight": 1}, "status": {"state": "Open"}},
    {
        "metadata": {"name": "research"},
        "spec": {
            "weight": 4,
            "parent": "root",
            "reclaimable": False,
            "capability": {"nvidia.com/gpu": 16, "cpu": "64"},
            "deserved": {"nvidia.com/gpu": "8"},
            "guarantee": {"resource": {"nvidia.com/gpu": 4}},
        },
        "status": {"state": "Closing", "allocated": {"nvidia.com/gpu": "12"}, "pending": 3, "running": 2},
    },
]
VOLCANO_TABLE = """\
VOLCANO QUEUE  STATE    RESOURCE  WEIGHT  GUARANTEE  DESERVED  CAPABILITY  ALLOCATED  INQUEUE  PENDING  RUNNING  RECLAIM
root           Open                    1                                                    0        0        0  yes
└─ research    Closing  GPU            4          4         8          16         12        0        3        2  no
                        cpu                                            64
"""


def test_volcano_as_a_tree() -> None:
    assert said(volcano.table(volcano.queues(VOLCANO))) == VOLCANO_TABLE


def test_volcano_as_a_document() -> None:
    _, found = volcano.document(volcano.queues(VOLCANO))
    assert (found["state"], found["parent"], found["reclaimable"]) == ("Closing", "root", False)
    assert found["guarantee"] == {"nvidia.com/gpu": "4"}
    assert found["podGroups"] == {"inqueue": 0, "pending": 3, "running": 2, "unknown": 0, "completed": 0}


def test_queues_in_a_cycle_are_all_shown_once() -> None:
    ring = [Branch("a", "c"), Branch("b", "a"), Branch("c", "b"), Branch("top", ""), Branch("leaf", "top")]
    assert sorted(one.name for one in forest(ring)) == ["a", "b", "c", "leaf", "top"]
    assert [one.before + one.name for one in forest(ring)][:2] == ["top", "└─ leaf"]
