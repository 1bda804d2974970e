"""Why a workload waits: each check with the situation that it is for, by objects as a cluster has them."""

from typing import Any

import pytest

from k8sai.errors import Exit, NotFound
from k8sai.queues.finding import Finding
from k8sai.queues.positions import Position
from k8sai.queues.why_result import Why
from tests.queues.why_world import (
    admission,
    ask,
    base,
    cluster_queue,
    cohort,
    flavor,
    group,
    holding,
    kueue,
    local_queue,
    said,
    training,
    unreserved,
    workload,
)
from tests.why.objects import GPU, SPACE, Json, obj, owned, pod

MAIN = "couldn't assign flavors to pod set main: "


def more(number: int) -> Json:
    """Kueue's word, so many missing."""
    return unreserved(f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor h100, {number} more needed")


def told(why: Why) -> tuple[str, Exit, str]:
    return why.code, why.exit, why.verdict


def finding(why: Why, code: str) -> Finding:
    return next(one for one in (*why.blockers, *why.remarks) if one.code == code)


# --- 1: is it Kueue's -------------------------------------------------------------------------------------------------


def test_a_job_that_names_no_queue() -> None:
    why = ask("job/train", base(), training(queue="", suspend=False))
    assert told(why) == ("NotQueued", Exit.FINDINGS, "inactive")
    assert why.sentence == (
        "job/train is not Kueue's: it names no queue (label kueue.x-k8s.io/queue-name), so Kueue neither holds it nor "
        "counts it."
    )
    assert why.next == "k8sai why job/train -n ml"


def test_a_job_that_somebody_else_has_suspended() -> None:
    fields = {"f:spec": {"f:suspend": {}}}
    by = {"manager": "kubectl-edit", "time": "2026-11-21T11:55:00Z", "fieldsV1": fields}
    why = ask("job/train", base(), training(queue="", meta={"managedFields": [by]}))
    assert why.message == "it names no queue and was suspended by kubectl-edit 5m ago: Kueue does not hold it"


def test_a_job_without_a_workload() -> None:
    why = ask("job/train", base(), training())
    assert told(why) == ("NoWorkload", Exit.FINDINGS, "inactive")
    assert why.message == "it names queue ml/research, and Kueue has made no Workload for it"


def test_the_label_of_the_job_differs_from_its_workload() -> None:
    train = training(queue="vision")
    evicted = said("Evicted", "Preempted", "Preempted to accommodate …")
    why = ask("job/train", base(), local_queue(name="vision"), train, workload(train, evicted, more(4)))
    assert told(why) == ("QueueDiffers", Exit.FINDINGS, "waits")
    assert why.message == "its label names queue vision, and its Workload job-train-1 stays in research"
    assert why.blockers[0].evidence == ("a Workload that was evicted never follows a new label",)
    assert why.next == "k8sai queue move job/train -n ml --to vision"


def test_a_label_changed_on_what_runs_is_a_remark() -> None:
    train = training(queue="vision", suspend=False)
    why = ask("job/train", base(), local_queue(name="vision"), train, workload(train, held="gpus"))
    assert told(why) == ("Running", Exit.OK, "running")
    assert [one.code for one in why.remarks] == ["QueueDiffers"]


# --- 2: its own state -------------------------------------------------------------------------------------------------


def test_deactivated_by_somebody() -> None:
    train = training()
    by = {"manager": "kueuectl", "time": "2026-11-21T11:00:00Z", "fieldsV1": {"f:spec": {"f:active": {}}}}
    why = ask("job/train", base(), train, workload(train, active=False, meta={"managedFields": [by]}))
    assert told(why) == ("Deactivated", Exit.FINDINGS, "inactive")
    assert why.sentence == "job/train waits: it was deactivated by kueuectl 60m ago."
    assert "job-train-1" in why.next and '"active":true' in why.next


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("RequeuingLimitExceeded", "it was deactivated: its pods were not ready in time too often"),
        ("MaximumExecutionTimeExceeded", "it was deactivated: it ran as long as it may (60m)"),
    ],
)
def test_deactivated_by_kueue(reason: str, words: str) -> None:
    train = training()
    evicted = said("Evicted", f"DeactivatedDueTo{reason}", "The workload is deactivated …")
    why = ask("job/train", base(), train, workload(train, evicted, active=False, maximumExecutionTimeSeconds=3600))
    assert (told(why), why.message) == (("Deactivated", Exit.FINDINGS, "inactive"), words)


def test_a_rejected_check_deactivates() -> None:
    train = training()
    status = {"admissionChecks": [{"name": "chk", "state": "Rejected", "message": "quota denied by cloud"}]}
    evicted = said("Evicted", "DeactivatedDueToAdmissionCheck", "The workload is deactivated due to AdmissionCheck …")
    why = ask("job/train", base(), train, workload(train, evicted, status=status, active=False))
    assert told(why) == ("AdmissionCheckRejected", Exit.BLOCKED, "inactive")
    assert why.message == "AdmissionCheck chk has rejected it: quota denied by cloud"


def test_it_backs_off() -> None:
    train = training()
    status = {"requeueState": {"count": 2, "requeueAt": "2026-11-21T12:00:55Z"}}
    evicted = said("Evicted", "PodsReadyTimeout", "Exceeded the PodsReady timeout ml/job-train-1")
    state = workload(train, evicted, unreserved("Exceeded the PodsReady timeout"), status=status)
    why = ask("job/train", base(), train, state)
    assert told(why) == ("RequeueBackoff", Exit.WAITING, "waits")
    assert why.message == "it backs off until 12:00 UTC, in 55s after 2 tries"
    assert why.next == "k8sai why job/train -n ml"


def test_a_backoff_that_is_over_is_none() -> None:
    train = training()
    status = {"requeueState": {"count": 2, "requeueAt": "2026-11-21T11:59:00Z"}}
    assert ask("job/train", base(), train, workload(train, status=status)).code == "FitsNow"


def test_gated() -> None:
    train = training()
    gate = {"annotations": {"kueue.x-k8s.io/admission-gated-by": "example.com/gate"}}
    word = unreserved("Admission is gated by: example.com/gate", "AdmissionGated")
    why = ask("job/train", base(), train, workload(train, word, meta=gate))
    assert told(why) == ("AdmissionGated", Exit.WAITING, "waits")
    assert why.message == "its admission is gated by example.com/gate: whoever set that must take it away"
    assert why.quoted is not None and why.quoted.agreement == "agrees"


def test_on_hold() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train, unreserved("kept back", "OnHold")))
    assert told(why) == ("OnHold", Exit.BLOCKED, "inactive")


def test_evicted_and_still_holding() -> None:
    train = training()
    evicted = said("Evicted", "Preempted", "Preempted to accommodate a workload (UID: x, JobUID: UNKNOWN) due to …")
    why = ask("job/train", base(), train, workload(train, evicted, held="gpus"))
    assert (why.code, why.message) == (
        "PendingEvaluation",
        "it was evicted 10m ago and holds its quota until its pods are gone",
    )


# --- 3: the queues ----------------------------------------------------------------------------------------------------


def test_no_such_local_queue() -> None:
    train = training(queue="reserch")
    word = unreserved("LocalQueue reserch doesn't exist", "Inadmissible")
    why = ask("job/train", base(), train, workload(train, word, queue="reserch"))
    assert told(why) == ("LocalQueueMissing", Exit.FINDINGS, "inactive")
    assert why.message == "namespace ml has no LocalQueue reserch"
    assert why.blockers[0].evidence == ("it has research",)
    assert [fix.text for fix in why.blockers[0].fixes] == ["give it to queue research"]
    assert why.quoted is not None and why.quoted.agreement == "agrees"


def stopped(**meta: Any) -> Json:
    fields = {"f:spec": {"f:stopPolicy": {}}}
    by = {"manager": "kueuectl", "time": "2026-11-21T09:00:00Z", "fieldsV1": fields}
    return {"managedFields": [by], "annotations": {"k8sai.dev/stop-reason": "driver update"}, **meta}


def test_a_stopped_local_queue() -> None:
    train = training()
    queue = local_queue(stopPolicy="Hold")
    queue["metadata"] |= stopped()
    why = ask(
        "job/train", base(queue), train, workload(train, unreserved("LocalQueue research is inactive", "Suspended"))
    )
    assert told(why) == ("Suspended", Exit.BLOCKED, "inactive")
    assert why.message == "LocalQueue ml/research is stopped (Hold) by kueuectl 3h ago: driver update"
    assert why.next == "k8sai queue resume lq/research -n ml"


def test_a_stopped_cluster_queue_whatever_kueue_still_says() -> None:
    """After a Hold some keep the words of before."""
    train = training(16)
    queue = cluster_queue(stopPolicy="HoldAndDrain", meta=stopped())
    why = ask("job/train", base(queue), train, workload(train, more(4)))
    assert (why.code, why.next) == ("Suspended", "k8sai queue resume cq/gpus")
    assert why.message == "ClusterQueue gpus is stopped (HoldAndDrain) by kueuectl 3h ago: driver update"
    assert [one.code for one in why.blockers] == ["Suspended", "ExceedsMaxQuota"]
    assert why.quoted is not None
    assert why.quoted.words == "Kueue said WaitingForQuota at 11:50; now it is Suspended"


def test_a_stop_does_not_touch_what_runs() -> None:
    train = training(suspend=False)
    why = ask("job/train", base(cluster_queue(stopPolicy="Hold")), train, workload(train, held="gpus"))
    assert (why.code, [one.code for one in why.remarks]) == ("Running", ["Suspended"])


def test_a_local_queue_that_leads_nowhere() -> None:
    train = training()
    why = ask("job/train", base(local_queue("gpu")), train, workload(train))
    assert told(why) == ("ClusterQueueMissing", Exit.BLOCKED, "inactive")
    assert why.message == "LocalQueue ml/research leads to ClusterQueue gpu, which is not there"


def test_an_inactive_cluster_queue() -> None:
    train = training()
    active = said(
        "Active", "FlavorNotFound", "Can't admit new workloads: references missing ResourceFlavor(s): x.", "False"
    )
    why = ask("job/train", base(cluster_queue(status={"conditions": [active]})), train, workload(train))
    assert told(why) == ("ClusterQueueInactive", Exit.BLOCKED, "inactive")
    assert "references missing ResourceFlavor(s): x" in why.message


def test_a_cycle_of_cohorts_reads_ready() -> None:
    train = training()
    active = said("Active", "Ready", "Can admit new workloads", "False")
    queue = cluster_queue(cohort="a", status={"conditions": [active]})
    word = unreserved("ClusterQueue gpus is inactive", "Inadmissible")
    why = ask("job/train", base(queue), cohort("a", "b"), cohort("b", "a"), train, workload(train, word))
    assert told(why) == ("CohortCycle", Exit.BLOCKED, "inactive")
    assert why.message == "the cohorts above ClusterQueue gpus are in a cycle: a → b → a"
    assert why.quoted is not None and why.quoted.agreement == "agrees"


# --- 4: the namespace and its limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "message", "fix"),
    [
        (None, "ClusterQueue gpus admits no namespace: its namespaceSelector is not set",
         "set namespaceSelector to {} or to labels of the namespace"),
        ({"matchLabels": {"team": "vision"}}, "ClusterQueue gpus does not admit its namespace",
         "label the namespace so that team=vision"),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]},
         "ClusterQueue gpus does not admit its namespace", "label the namespace so that team In a,b"),
    ],
)  # fmt: skip
def test_the_namespace_is_not_admitted(selector: Json | None, message: str, fix: str) -> None:
    train = training()
    word = unreserved("workload namespace doesn't match ClusterQueue selector")
    why = ask("job/train", base(cluster_queue(namespaceSelector=selector)), train, workload(train, word))
    assert (told(why), why.message) == (("Misconfigured", Exit.BLOCKED, "never"), message)
    assert [one.text for one in why.blockers[0].fixes] == [fix]


def limit_range(kind: str, **limits: Json) -> Json:
    return obj("LimitRange", "sizes", spec={"limits": [{"type": kind, **limits}]})


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (limit_range("Container", max={GPU: "4"}),
         "container main of pod set main asks 8 nvidia.com/gpu, LimitRange sizes allows 4"),
        (limit_range("Pod", max={"cpu": "500m"}), "a pod of pod set main asks 1 cpu, LimitRange sizes allows 500m"),
        (limit_range("Container", min={"memory": "1Gi"}),
         "container main of pod set main asks 0 memory, LimitRange sizes wants 1Gi"),
    ],
)  # fmt: skip
def test_a_limit_range(limit: Json, message: str) -> None:
    train = training()
    why = ask("job/train", base(), limit, train, workload(train))
    assert (told(why), why.message) == (("LimitRange", Exit.FINDINGS, "never"), message)
    assert why.next == "kubectl describe limitrange/sizes -n ml"


def test_requests_within_a_limit_range() -> None:
    train = training()
    assert ask("job/train", base(), limit_range("Container", max={GPU: "8"}), train, workload(train)).code == "FitsNow"


def test_requests_above_limits() -> None:
    train = training(1)
    resources = train["spec"]["template"]["spec"]["containers"][0]["resources"]
    resources["requests"][GPU] = "2"
    why = ask("job/train", base(), train, workload(train))
    assert told(why) == ("BadRequests", Exit.FINDINGS, "never")
    assert why.message == "container main of main requests more nvidia.com/gpu than its limit"


# --- 5 and 6: devices and resources without quota ---------------------------------------------------------------------


def test_a_device_class_that_is_not_mapped() -> None:
    train = training(0, of={"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one"}]})
    text = (
        'spec.podSets[0].template.spec.resourceClaims[0]: Not found: "DeviceClass gpu.example.com is not mapped in DRA '
        'configuration for podset main"'
    )
    why = ask("job/train", base(), train, workload(train, unreserved(text, "Inadmissible")))
    assert told(why) == ("DeviceMappingMissing", Exit.BLOCKED, "never")
    assert "maps DeviceClass gpu.example.com to no resource" in why.message


def test_a_resource_that_no_group_covers_also_without_a_word() -> None:
    train = training()
    only_gpus = cluster_queue(groups=[group(("h100", {"nominalQuota": 8}))])
    why = ask("job/train", base(only_gpus), train, workload(train))
    assert told(why) == ("ResourceNotCovered", Exit.BLOCKED, "never")
    assert why.message == "it asks 1 cpu, of which ClusterQueue gpus has no quota at all"
    assert why.blockers[0].fixes[0].text == "cover cpu in ClusterQueue gpus"


# --- 7 to 9: flavors and quota ----------------------------------------------------------------------------------------


def tainted() -> Json:
    return flavor(nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}])


def test_no_flavor_is_for_its_pods() -> None:
    train = training()
    word = unreserved(f"{MAIN}untolerated taint {{team vision NoSchedule <nil>}} in flavor h100")
    why = ask("job/train", base(tainted()), train, workload(train, word))
    assert told(why) == ("NoMatchingFlavor", Exit.BLOCKED, "never")
    assert (
        why.message == "no flavor of ClusterQueue gpus is for its pods: h100: untolerated taint team=vision:NoSchedule"
    )
    assert [fix.text for fix in why.blockers[0].fixes] == ["tolerate team=vision:NoSchedule: flavor h100 fits now"]


def test_never_fits() -> None:
    train = training(9)
    word = unreserved(
        f"{MAIN}insufficient quota for nvidia.com/gpu in flavor h100, previously considered podsets requests (0) + "
        "current podset request (9) > maximum capacity (8)"
    )
    why = ask("job/train", base(), train, workload(train, word))
    assert told(why) == ("ExceedsMaxQuota", Exit.BLOCKED, "never")
    assert why.message == "it asks 9 GPU in h100 and can never have more than 8; ClusterQueue gpus has 8 in all"
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (9, 8, 1)
    assert [(fix.by, fix.text, fix.change) for fix in first.fixes] == [
        ("admin", "nominal 8→9 of ClusterQueue gpus admits it now", "cq.gpus.nominal=9"),
        ("user", "--gpus 8 fits now", ""),
    ]
    assert why.next == "k8sai queue simulate --gpus 9 --queue research -n ml --if cq.gpus.nominal=9"


def test_never_fits_by_a_borrowing_limit() -> None:
    train = training(12)
    queues = [cluster_queue(cohort="ai", borrow=2), cluster_queue("other", 32, "ai")]
    why = ask("job/train", base(queues[0]), queues[1], train, workload(train))
    assert why.message == (
        "it asks 12 GPU in h100 and can never have more than 10; the limit that binds: borrowingLimit 2 of "
        "ClusterQueue gpus"
    )
    assert why.blockers[0].fixes[0].change == "cq.gpus.borrowingLimit=4"


def test_waits_for_quota() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)))
    assert told(why) == ("WaitingForQuota", Exit.WAITING, "waits")
    assert why.sentence == "job/train waits: short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 left."
    first = why.blockers[0]
    assert (first.need, first.have, first.deficit) == (6, 3, 3)
    assert [(fix.by, fix.text) for fix in first.fixes] == [
        ("admin", "nominal 8→11 of ClusterQueue gpus admits it now"),
        ("user", "--gpus 3 fits now"),
        ("either", "wait for job/old to end"),
    ]
    assert why.quoted is not None and (why.quoted.agreement, why.quoted.words) == ("agrees", "")
    assert [(one.queue, one.reserved, [h.workload.title for h in one.holders]) for one in why.held] == [
        ("gpus", 5, ["job/old"])
    ]


def test_an_old_word_changes_nothing_and_is_shown() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(9)))
    assert (why.code, why.blockers[0].deficit) == ("WaitingForQuota", 3)
    assert why.quoted is not None
    assert (why.quoted.agreement, why.quoted.words) == ("differs", "Kueue said 9 more at 11:50; now 3")


def test_the_word_of_a_queue_it_has_left_changes_nothing() -> None:
    train = training(6)
    other = unreserved(f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor a100, 2 more needed")
    why = ask("job/train", base(), holding("old", 5), train, workload(train, other))
    assert why.message == "short 3 of 6 GPU in h100; ClusterQueue gpus has 3 of 8 left"


def test_more_is_used_than_there_is() -> None:
    """After a cut Kueue counts from nothing; what must be freed is more."""
    train = training(4)
    why = ask("job/train", base(cluster_queue(nominal=6)), holding("old", 8), train, workload(train, more(4)))
    assert why.message == (
        "short all of 4 GPU, and 2 more must be freed before in h100; ClusterQueue gpus has 6 and 2 more than that are "
        "reserved"
    )
    assert (why.blockers[0].have, why.blockers[0].deficit) == (-2, 6)
    assert why.quoted is not None
    assert (why.quoted.agreement, why.quoted.words) == ("agrees", "Kueue counts from 0: 6 must really be freed")


def test_whom_to_wait_for() -> None:
    train = training(6)
    held = [*holding("a", 2), *holding("b", 3), *holding("c", 3)]
    why = ask("job/train", base(), held, train, workload(train, more(6)))
    assert why.blockers[0].fixes[-1].text == "wait for job/b and job/c to end"
    held = [*holding("a", 2), *holding("b", 6)]
    assert ask("job/train", base(), held, train, workload(train)).blockers[0].fixes[-1].text == "wait for job/b to end"


def test_fewer_pods_fit() -> None:
    train = training(2, pods=4)
    why = ask("job/train", base(), holding("old", 3), train, workload(train, more(3)))
    assert "--pods 2 fits now" in [fix.text for fix in why.blockers[0].fixes]


def test_it_may_preempt() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    why = ask("job/train", base(queue), holding("old", 5, priority=10), train, workload(train, priority=100))
    assert told(why) == ("NeedsPreemption", Exit.WAITING, "preempts")
    assert why.message == "short 3 of 6 GPU in h100; it may evict job/old of gpus for it"


def test_preemption_is_under_way() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    word = unreserved(
        f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor h100, 3 more needed. Pending the preemption of "
        "1 workload(s)"
    )
    held = holding("old", 5, priority=10)
    why = ask("job/train", base(queue), held, train, workload(train, word, priority=100))
    assert told(why) == ("WaitingForPreemptedWorkloads", Exit.WAITING, "preempts")


def test_a_higher_class_would_evict() -> None:
    train = training(6)
    queue = cluster_queue(preemption={"withinClusterQueue": "LowerPriority"})
    urgent = {**kueue("WorkloadPriorityClass", "urgent"), "value": 1000}
    why = ask("job/train", base(queue), urgent, holding("old", 5), train, workload(train, more(3)))
    assert "priority class urgent (1000) would let it evict job/old" in [fix.text for fix in why.blockers[0].fixes]
    assert why.judged is not None and [one.workload.title for one in why.judged.spared] == ["job/old"]


# --- 10: who goes first -----------------------------------------------------------------------------------------------


def test_behind_a_head_that_can_never_fit() -> None:
    first, train = training(99, name="first"), training(2)
    head = workload(first, unreserved("…"), meta={"creationTimestamp": "2026-11-21T11:00:00Z"})
    queue = cluster_queue(queueingStrategy="StrictFIFO")
    why = ask("job/train", base(queue), first, head, train, workload(train), position=Position(2, 2, True, 2, 2))
    assert told(why) == ("BehindHead", Exit.WAITING, "waits")
    assert why.message == "ClusterQueue gpus is StrictFIFO and job/first must go first, though it can never fit"
    assert why.next == "k8sai queue why workload/job-first-1 -n ml"
    assert why.quoted is not None and why.quoted.words == "Kueue has said nothing of it yet"


def test_the_head_itself_is_not_behind() -> None:
    train = training(2)
    assert (
        ask("job/train", base(cluster_queue(queueingStrategy="StrictFIFO")), train, workload(train)).code == "FitsNow"
    )


def test_a_failed_twin_has_no_conditions_and_is_judged_all_the_same() -> None:
    twin, train = training(6, name="twin"), training(6)
    why = ask("job/train", base(), holding("old", 5), twin, workload(twin, more(3)), train, workload(train))
    assert (why.code, why.blockers[0].deficit) == ("WaitingForQuota", 3)
    assert why.quoted is not None and why.quoted.agreement == "silent"


def test_pods_of_others_must_be_ready_first() -> None:
    train = training(2)
    word = unreserved("waiting for all admitted workloads to be in PodsReady condition", "Waiting")
    starting = training(2, name="starting", suspend=False)
    admitted = workload(starting, held="gpus")
    admitted["status"]["conditions"] = admitted["status"]["conditions"][:2]
    why = ask("job/train", base(), starting, admitted, train, workload(train, word))
    assert told(why) == ("WaitingForPodsReady", Exit.WAITING, "waits")
    assert why.message.endswith("are ready: job/starting")


def test_admission_fair_sharing_is_a_remark() -> None:
    used = {"fairSharing": {"admissionFairSharingStatus": {"consumedResources": {GPU: "50"}}}}
    queue = cluster_queue(admissionScope={"admissionMode": "UsageBasedAdmissionFairSharing"})
    mine = {**local_queue(), "status": used}
    other, train = training(2, name="other", queue="vision"), training(9)
    objects = [other, workload(other, queue="vision"), train, workload(train)]
    why = ask("job/train", base(queue, mine), local_queue(name="vision"), objects)
    assert [one.message for one in why.remarks] == [
        "admission fair sharing lets ml/vision go first: of late they used less than ml/research"
    ]


# --- 12: checks -------------------------------------------------------------------------------------------------------


def checked(train: Json, *conditions: Json, **state: Any) -> Json:
    status = {"admission": admission(train, "gpus"), "admissionChecks": [{"name": "chk", "state": "Pending", **state}]}
    return workload(train, said("QuotaReserved", "QuotaReserved"), *conditions, status=status)


def check_object(controller: str = "example.com/check", **spec: Any) -> Json:
    return kueue("AdmissionCheck", "chk", {"controllerName": controller, **spec})


def test_a_check_has_not_answered() -> None:
    train = training()
    state = checked(train, lastTransitionTime="2026-11-21T11:50:00Z")
    why = ask("job/train", base(), check_object(), train, state)
    assert told(why) == ("UnsatisfiedAdmissionChecks", Exit.WAITING, "waits")
    assert why.message == (
        "its quota is reserved in ClusterQueue gpus, and AdmissionCheck chk has not answered for 10m, which "
        "example.com/check answers"
    )


def test_a_check_wants_a_retry() -> None:
    train = training()
    state = checked(train, state="Retry", message="no capacity", retryCount=1)
    state["status"]["requeueState"] = {"requeueAt": "2026-11-21T12:01:00Z"}
    why = ask("job/train", base(), check_object(), train, state)
    assert why.code == "RequeueBackoff"
    assert finding(why, "UnsatisfiedAdmissionChecks").message == (
        "its quota is reserved in ClusterQueue gpus, and AdmissionCheck chk wants it tried again at 12:01 UTC, in 60s "
        "(retry 2): no capacity"
    )


def test_a_check_has_rejected() -> None:
    train = training()
    why = ask("job/train", base(), check_object(), train, checked(train, state="Rejected", message="denied"))
    assert told(why) == ("AdmissionCheckRejected", Exit.BLOCKED, "inactive")


def test_a_provisioning_request_says_how_far_it_is() -> None:
    train = training()
    api = "autoscaling.x-k8s.io/v1"
    failed = {"conditions": [said("Accepted"), said("Failed", "OutOfResource", "no H100 in zone a")]}
    requests = [
        obj("ProvisioningRequest", "job-train-1-chk-1", api, status=failed),
        obj("ProvisioningRequest", "job-train-1-chk-10", api, status={"conditions": [said("Accepted")]}),
        obj("ProvisioningRequest", "job-train-1-chk-other-11", api, status=failed),
    ]
    check = check_object("kueue.x-k8s.io/provisioning-request")
    why = ask("job/train", base(), check, requests, train, checked(train))
    assert why.blockers[0].evidence == ("ProvisioningRequest job-train-1-chk-10: Accepted",)


def test_clusters_of_multikueue() -> None:
    train = training()
    state = checked(train)
    state["status"]["nominatedClusterNames"] = ["west"]
    check = check_object("kueue.x-k8s.io/multikueue", parameters={"kind": "MultiKueueConfig", "name": "all"})
    lost = said("Active", "ClientConnectionFailed", "dial tcp: no route to host", "False")
    objects = [
        kueue("MultiKueueConfig", "all", {"clusters": ["east", "west", "north"]}),
        kueue("MultiKueueCluster", "east", status={"conditions": [lost]}),
        kueue("MultiKueueCluster", "west", status={"conditions": [said("Active", "Active")]}),
    ]
    why = ask("job/train", base(), check, objects, train, state)
    assert why.blockers[0].evidence == (
        "east: not reached (ClientConnectionFailed: dial tcp: no route to host)",
        "west: answers, nominated",
        "north: state unknown",
    )


# --- 13: pods ---------------------------------------------------------------------------------------------------------


def test_admitted_and_its_pods_do_not_run() -> None:
    train = training(4, pods=2, suspend=False)
    state = workload(train, held="gpus")
    state["status"]["conditions"].pop()
    gated = owned(pod("train-0", 4, schedulingGates=[{"name": "kueue.x-k8s.io/topology"}]), train)
    why = ask("job/train", base(), train, state, gated)
    assert told(why) == ("NotReady", Exit.WAITING, "admitted")
    assert (
        why.message == "it was admitted 60m ago, and 0 of 2 pods run: 1 gated by kueue.x-k8s.io/topology, 1 not there"
    )
    assert why.next == "k8sai why job/train -n ml"


def test_runs() -> None:
    train = training(suspend=False)
    why = ask("job/train", base(), train, workload(train, held="gpus"))
    assert told(why) == ("Running", Exit.OK, "running")
    assert why.sentence == "job/train runs: admitted to ClusterQueue gpus 60m ago."


def test_finished() -> None:
    train = training(suspend=False)
    done = said("Finished", "Succeeded", "Reached expected number of succeeded pods")
    why = ask("job/train", base(), train, workload(train, done, held="gpus"))
    assert told(why) == ("Finished", Exit.OK, "finished")
    assert why.sentence == "job/train has finished: Succeeded, Reached expected number of succeeded pods."


# --- what fits --------------------------------------------------------------------------------------------------------


def test_fits_and_nobody_has_looked() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train))
    assert told(why) == ("FitsNow", Exit.OK, "waits")
    assert why.message == "it fits now in h100, h100-cpu; Kueue has not taken it yet"


def test_fits_by_borrowing() -> None:
    train = training(12)
    queues = [cluster_queue(cohort="ai"), cluster_queue("other", 32, "ai")]
    assert told(ask("job/train", base(queues[0]), queues[1], train, workload(train))) == (
        "FitsBorrowing",
        Exit.OK,
        "borrows",
    )


def test_fits_and_kueue_said_otherwise() -> None:
    train = training()
    why = ask("job/train", base(), train, workload(train, more(4)))
    assert told(why) == ("PendingEvaluation", Exit.WAITING, "waits")
    assert why.message == (
        "by its quota it fits now in h100, h100-cpu; Kueue said otherwise at 11:50 UTC and looks again when something "
        "changes"
    )


# --- who is asked about -----------------------------------------------------------------------------------------------


def test_a_pod_speaks_for_its_job() -> None:
    train = training(6)
    waiting = owned(pod("train-0", 6), train)
    why = ask("train-0", base(), holding("old", 5), train, workload(train, more(3)), waiting)
    assert (why.title, why.code, why.blockers[0].deficit) == ("pod/train-0", "WaitingForQuota", 3)


def test_a_job_of_a_jobset() -> None:
    above = obj("JobSet", "set", "jobset.x-k8s.io/v1alpha2", spec={"suspend": True})
    above["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "research"}
    train = owned(training(6, queue=""), above)
    state = workload(train, more(3))
    state["metadata"]["labels"]["kueue.x-k8s.io/job-uid"] = above["metadata"]["uid"]
    state["metadata"]["ownerReferences"][0] |= {"kind": "JobSet", "name": "set", "uid": above["metadata"]["uid"]}
    objects = [base(), holding("old", 5), above, train, state]
    assert ask("job/train", *objects).code == ask("jobset/set", *objects).code == "WaitingForQuota"


def test_a_pod_group() -> None:
    labels = {"kueue.x-k8s.io/queue-name": "research", "kueue.x-k8s.io/pod-group-name": "crew"}
    gated = pod("crew-0", 6, labels=labels, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}])
    template = {"spec": gated["spec"]}
    sets = [{"name": "main", "count": 1, "template": template}]
    crew = kueue("Workload", "crew", {"queueName": "research", "podSets": sets}, namespace=SPACE)
    why = ask("crew-0", base(), holding("old", 5), gated, crew)
    assert why.workload is not None and (why.workload.name, why.code) == ("crew", "WaitingForQuota")


def test_a_workload_by_its_own_name() -> None:
    train = training(6)
    objects = [base(), holding("old", 5), train, workload(train, more(3))]
    why = ask("workload/job-train-1", *objects)
    assert (why.title, why.code) == ("job/train", "WaitingForQuota")


def test_the_newest_workload_counts() -> None:
    train = training(6)
    old = workload(train, said("Finished", "OutOfSync"), meta={"creationTimestamp": "2026-11-21T10:00:00Z"})
    old["metadata"]["name"] = "job-train-0"
    why = ask("job/train", base(), holding("old", 5), train, old, workload(train, more(3)))
    assert why.workload is not None and why.workload.name == "job-train-1"


def test_no_such_object() -> None:
    with pytest.raises(NotFound):
        ask("job/nobody", base())


# --- what may not be read ---------------------------------------------------------------------------------------------

CLUSTER_KINDS = ("clusterqueues.kueue.x-k8s.io", "cohorts.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io")


def test_without_cluster_queues_kueues_word_is_all_there_is() -> None:
    train = training(6)
    why = ask("job/train", base(), holding("old", 5), train, workload(train, more(3)), denied=CLUSTER_KINDS)
    assert told(why) == ("WaitingForQuota", Exit.PARTIAL, "waits")
    assert why.message == (
        "Kueue said at 11:50 UTC: couldn't assign flavors to pod set main: insufficient unused quota for "
        "nvidia.com/gpu in flavor h100, 3 more needed"
    )
    assert [gap.what for gap in why.hidden][:1] == ["clusterqueues.kueue.x-k8s.io"]
    assert why.blockers[0].deficit == 3


def test_without_cluster_queues_and_without_a_word() -> None:
    train = training(6)
    why = ask("job/train", base(), train, workload(train), denied=CLUSTER_KINDS)
    assert told(why) == ("Unexplained", Exit.PARTIAL, "waits")
    assert why.message == "nothing that may be read explains it"


def test_without_workloads() -> None:
    train = training(6)
    why = ask("job/train", base(), train, workload(train), denied=("workloads.kueue.x-k8s.io",))
    assert told(why) == ("NoWorkload", Exit.PARTIAL, "inactive")
    assert why.message == "it was given to queue ml/research, whose Workloads may not be read"


def test_without_flavors_it_is_a_guess_unless_kueue_agrees() -> None:
    train = training(6)
    objects = [base(), holding("old", 5), train]
    denied = ("resourceflavors.kueue.x-k8s.io",)
    assert ask("job/train", *objects, workload(train, more(3)), denied=denied).exit == Exit.WAITING
    assert ask("job/train", *objects, workload(train), denied=denied).exit == Exit.PARTIAL
