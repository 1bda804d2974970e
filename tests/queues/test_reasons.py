"""Kueue's words, as a real 0.19.2 writes them: each row is one of our codes, with the reasons of any version."""

import pytest

from k8sai.errors import Exit
from k8sai.queues.facts import Condition, Share
from k8sai.queues.reasons import eviction, inactive, of_message, of_workload, unreserved
from k8sai.queues.verdict import EXITS
from k8sai.queues.workload import Workload

GPU = "nvidia.com/gpu"
MAIN = "couldn't assign flavors to pod set main: "
MORE = "insufficient unused quota for nvidia.com/gpu in flavor f1, 1 more needed"
MAX = (
    "insufficient quota for nvidia.com/gpu in flavor f1, previously considered podsets requests (0) + current podset "
    "request (9) > maximum capacity (8)"
)
LIMIT_RANGE = (
    "resources didn't satisfy LimitRange constraints: spec.podSets[0].template.spec.containers[0]: Invalid value: "
    '["nvidia.com/gpu"]: requests must not be above the limitRange max'
)
REQUESTS = (
    "resources validation failed: spec.podSets[0].template.spec.containers[0]: Invalid value: "
    '["nvidia.com/gpu"]: requests must not exceed its limits'
)
MAPPING = (
    'spec.podSets[0].template.spec.resourceClaims[0]: Not found: "DeviceClass gpu.example.com is not mapped in DRA '
    'configuration for podset main"'
)

# situation, reasons that were seen with it (legacy, then granular), message, code
ROWS = [
    ("short", "Pending WaitingForQuota", MAIN + MORE,
     "WaitingForQuota"),
    ("never", "Pending ExceedsMaxQuota", MAIN + MAX, "ExceedsMaxQuota"),
    ("taint", "Pending NoMatchingFlavor", MAIN + "untolerated taint {team vision NoSchedule <nil>} in flavor tainted",
     "NoMatchingFlavor"),
    ("affinity", "Pending NoMatchingFlavor", MAIN + "flavor lab doesn't match node affinity", "NoMatchingFlavor"),
    ("flavor gone", "Pending NoMatchingFlavor", MAIN + "flavor lab not found", "NoMatchingFlavor"),
    ("several", "Pending ExceedsMaxQuota",
     MAIN + f"flavor lab doesn't match node affinity, {MAX}, untolerated taint {{a b NoSchedule <nil>}} in flavor t",
     "ExceedsMaxQuota"),
    ("uncovered", "Pending", MAIN + "resource cpu unavailable in ClusterQueue", "ResourceNotCovered"),
    ("selector", "Pending Misconfigured", "workload namespace doesn't match ClusterQueue selector", "Misconfigured"),
    ("LimitRange", "Pending Misconfigured", LIMIT_RANGE, "LimitRange"),
    ("requests", "Pending Misconfigured", REQUESTS, "BadRequests"),
    ("no LocalQueue", "Inadmissible Misconfigured", "LocalQueue x doesn't exist", "LocalQueueMissing"),
    ("no ClusterQueue", "Inadmissible Misconfigured", "ClusterQueue y doesn't exist", "ClusterQueueMissing"),
    ("LocalQueue stopped", "Inadmissible Suspended", "LocalQueue x is inactive", "Suspended"),
    ("ClusterQueue stopped", "Inadmissible Suspended", "ClusterQueue y is inactive", "Suspended"),
    ("lost to a stop", "Inadmissible Suspended", "ClusterQueue y is stopped", "Suspended"),
    ("topology", "Pending TopologyPlacementFailed", MAIN + 'topology "host" allows to fit only 1 out of 2 pod(s)',
     "TopologyPlacementFailed"),
    ("level", "Pending NoMatchingFlavor", MAIN + 'Flavor "tas" does not contain the requested level',
     "NoMatchingFlavor"),
    ("no topology", "Pending NoMatchingFlavor", MAIN + 'Flavor "f1" does not support TopologyAwareScheduling',
     "NoMatchingFlavor"),
    ("gated", "AdmissionGated", "Admission is gated by: example.com/gate", "AdmissionGated"),
    ("preemptor", "Pending WaitingForPreemptedWorkloads",
     MAIN + "insufficient unused quota for nvidia.com/gpu in flavor f1, 8 more needed. Pending the preemption of 1 "
     "workload(s)", "WaitingForPreemptedWorkloads"),
    ("after a victim", "Pending WaitingForQuota", "Workload no longer fits after processing another workload",
     "WaitingForQuota"),
    ("overlapping", "Pending WaitingForQuota",
     "Workload has overlapping preemption targets with another workload", "WaitingForQuota"),
    ("deactivated", "Pending Deactivated", "The workload is deactivated", "Deactivated"),
    ("checks failed", "Pending", "The workload has failed admission checks", "UnsatisfiedAdmissionChecks"),
    ("twin", "Pending", "Bypassed scheduling evaluation because an equivalent workload recently failed",
     "PendingEvaluation"),
    ("mapping", "Inadmissible", MAPPING, "DeviceMappingMissing"),
    ("requeued", "PendingEvaluation", "Exceeded the PodsReady timeout ns/workload", "PendingEvaluation"),
    ("on hold", "OnHold", "The workload is on hold", "OnHold"),
    ("others not ready", "WaitingForPodsReady", "waiting for all admitted workloads to be in PodsReady condition",
     "WaitingForPodsReady"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [(reason, message, code) for _, reasons, message, code in ROWS for reason in reasons.split()],
    ids=[f"{name}/{reason}" for name, reasons, _, _ in ROWS for reason in reasons.split()],
)
def test_each_row_is_one_code(reason: str, message: str, code: str) -> None:
    found = unreserved(Condition("QuotaReserved", False, reason, message, 60.0))
    assert (found.code, found.reason, found.message, found.at) == (code, reason, message, 60.0)
    assert found.code in EXITS


@pytest.mark.parametrize("reason", ["Pending", "WaitingForQuota"])
def test_numbers_are_read(reason: str) -> None:
    text = (
        MAIN + "insufficient unused quota for cpu in flavor f1, 1500m more needed, insufficient unused quota for "
        "memory in flavor f1, 2Gi more needed"
    )
    parts = unreserved(Condition("QuotaReserved", False, reason, text)).parts
    assert [(part.pod_set, part.share, part.more) for part in parts] == [
        ("main", Share("f1", "cpu"), 1500),
        ("main", Share("f1", "memory"), 2 << 30),
    ]


def test_the_second_pod_set_speaks_when_it_is_worse() -> None:
    second = (
        "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor f1, 2 more "
        "needed; couldn't assign flavors to pod set worker: insufficient quota for nvidia.com/gpu in flavor f1, "
        "previously considered podsets requests (5) + current podset request (5) > maximum capacity (8)"
    )
    code, parts = of_message(second)
    assert code == "ExceedsMaxQuota"
    assert [(part.pod_set, part.more, part.most) for part in parts] == [("main", 2, None), ("worker", None, 8)]


def test_a_flavor_that_could_fit_is_better_than_one_that_never_does() -> None:
    text = MAIN + MAX + ", insufficient unused quota for nvidia.com/gpu in flavor f2, 3 more needed"
    assert of_message(text)[0] == "WaitingForQuota"


def test_a_flavor_is_as_good_as_its_worst_resource() -> None:
    text = MAIN + MAX + ", insufficient unused quota for cpu in flavor f1, 3 more needed"
    assert of_message(text)[0] == "ExceedsMaxQuota"


def test_words_that_are_not_known_explain_nothing() -> None:
    assert of_message("the moon is in the wrong house") == ("Unexplained", ())
    assert unreserved(Condition("QuotaReserved", False, "WaitingForQuota", "in other words")).code == "WaitingForQuota"


def test_preemption_under_way_is_counted() -> None:
    text = f"{MAIN}{MORE}. Pending the preemption of 3 workload(s)"
    assert unreserved(Condition("QuotaReserved", False, "Pending", text)).preempting == 3


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Preempted", "PendingEvaluation"),
        ("PodsReadyTimeout", "RequeueBackoff"),
        ("AdmissionCheck", "RequeueBackoff"),
        ("ClusterQueueStopped", "Suspended"),
        ("LocalQueueStopped", "Suspended"),
        ("NodeFailures", "PendingEvaluation"),
        ("FlavorMigration", "PendingEvaluation"),
        ("Deactivated", "Deactivated"),
        ("DeactivatedDueToAdmissionCheck", "AdmissionCheckRejected"),
        ("DeactivatedDueToRequeuingLimitExceeded", "Deactivated"),
        ("DeactivatedDueToMaximumExecutionTimeExceeded", "Deactivated"),
        ("WhateverComes", "PendingEvaluation"),
    ],
)
def test_each_eviction_is_one_code(reason: str, code: str) -> None:
    assert eviction(reason) == code and code in EXITS


@pytest.mark.parametrize(
    ("reason", "message", "code"),
    [
        ("Stopped", "Can't admit new workloads: is stopped.", "Suspended"),
        ("FlavorNotFound", "… references missing ResourceFlavor(s): nope.", "ClusterQueueInactive"),
        ("AdmissionCheckNotFound", "… references missing AdmissionCheck(s): nope.", "ClusterQueueInactive"),
        ("AdmissionCheckInactive", "… references inactive AdmissionCheck(s): inact.", "ClusterQueueInactive"),
        ("TopologyNotFound", '… there is no Topology "t" for TAS flavor "f".', "ClusterQueueInactive"),
        ("Terminating", "Can't admit new workloads; clusterQueue is terminating", "ClusterQueueInactive"),
        ("Ready", "Can admit new workloads", "CohortCycle"),
        ("ClusterQueueIsInactive", "Can't submit new workloads to clusterQueue", "ClusterQueueInactive"),
        ("ClusterQueueDoesNotExist", "Can't submit new workloads to clusterQueue", "ClusterQueueMissing"),
    ],
)  # fmt: skip
def test_each_reason_of_an_inactive_queue_is_one_code(reason: str, message: str, code: str) -> None:
    assert inactive(Condition("Active", False, reason, message)) == code and EXITS[code] == Exit.BLOCKED


# --- which condition speaks -------------------------------------------------------------------------------------------


def of(*conditions: Condition) -> str:
    found = of_workload(Workload("ml", "w", "u", 0.0, "q", (), conditions=conditions))
    return found.code if found else ""


RESERVED = Condition("QuotaReserved", True, "QuotaReserved", "Quota reserved in ClusterQueue a", 10.0)
ADMITTED = Condition("Admitted", True, "Admitted", "The workload is admitted", 20.0)
PENDING = Condition("QuotaReserved", False, "Pending", ROWS[0][2], 40.0)


def test_finished_speaks_although_it_still_reads_reserved_and_admitted() -> None:
    assert of(RESERVED, ADMITTED, Condition("Finished", True, "Succeeded", "done", 30.0)) == "Finished"


def test_admitted_and_reserved() -> None:
    assert of(RESERVED, ADMITTED) == "Admitted"
    assert of(RESERVED) == "UnsatisfiedAdmissionChecks"
    assert of(RESERVED, Condition("Admitted", False, "UnsatisfiedAdmissionChecks", "…")) == "UnsatisfiedAdmissionChecks"


def test_evicted_stays_true_while_it_waits_again_and_is_old_then() -> None:
    preempted = Condition("Evicted", True, "Preempted", "Preempted to accommodate …", 30.0)
    assert of(RESERVED, ADMITTED, preempted) == "PendingEvaluation"
    assert of(preempted, PENDING) == "WaitingForQuota"


def test_deactivation_leaves_older_words_behind() -> None:
    assert of(PENDING, Condition("Evicted", True, "Deactivated", "The workload is deactivated", 20.0)) == "Deactivated"
    target = Condition("DeactivationTarget", True, "AdmissionCheck", 'Rejected state: "chk"', 20.0)
    assert of(RESERVED, target) == "AdmissionCheckRejected"
    target = Condition("DeactivationTarget", True, "MaximumExecutionTimeExceeded", "…", 20.0)
    assert of(RESERVED, ADMITTED, target) == "Admitted"


def test_nothing_is_said_of_those_behind_a_head() -> None:
    assert of() == ""
    assert of(Condition("PodsReady", False, "WaitForStart", "Not all pods are ready or succeeded")) == ""
