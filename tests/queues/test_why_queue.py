"""Queues that are missing, stopped, inactive or in a cycle."""

from typing import Any

from k8sai.errors import Exit
from tests.queues.why_world import (
    ask,
    base,
    cluster_queue,
    cohort,
    kueue,
    local_queue,
    more,
    said,
    told,
    training,
    unreserved,
    workload,
)
from tests.why.objects import Json


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
    fields: Json = {"f:spec": {"f:stopPolicy": {}}}
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


def test_who_stopped_it_and_a_long_reason_in_short() -> None:
    train, meta = training(16), stopped()
    meta["annotations"] = {"k8sai.dev/stop-reason": "x" * 5000, "k8sai.dev/stopped-by": "eve@example.org"}
    why = ask("job/train", base(cluster_queue(stopPolicy="Hold", meta=meta)), train, workload(train, more(4)))
    assert why.message == f"ClusterQueue gpus is stopped (Hold) by eve@example.org 3h ago: {'x' * 200}…"


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


def test_a_check_of_multikueue_takes_its_queue_with_it() -> None:
    train = training()
    words = "Missing clusters: [west], Inactive clusters: [east]"
    of_check = said("Active", "NoUsableClusters", words, "False")
    text = "Can't admit new workloads: references inactive AdmissionCheck(s): chk"
    of_queue = said("Active", "AdmissionCheckInactive", text, "False")
    spec = {"controllerName": "kueue.x-k8s.io/multikueue", "parameters": {"kind": "MultiKueueConfig", "name": "all"}}
    lost = said("Active", "BadKubeConfig", 'load client config failed: Secret "nosecret" not found', "False")
    objects = [
        kueue("AdmissionCheck", "chk", spec, status={"conditions": [of_check]}),
        kueue("MultiKueueConfig", "all", {"clusters": ["east", "west"]}),
        kueue("MultiKueueCluster", "east", status={"conditions": [lost]}),
    ]
    strategy = {"admissionChecks": [{"name": "chk"}]}
    queue = cluster_queue(status={"conditions": [of_queue]}, admissionChecksStrategy=strategy)
    why = ask("job/train", base(queue), objects, train, workload(train))
    assert told(why) == ("ClusterQueueInactive", Exit.BLOCKED, "inactive")
    assert why.blockers[0].evidence == (
        f"AdmissionCheck chk: {words}",
        'east: not reached (BadKubeConfig: load client config failed: Secret "nosecret" not found)',
        "west: not there",
    )


def test_a_cycle_of_cohorts_reads_ready() -> None:
    train = training()
    active = said("Active", "Ready", "Can admit new workloads", "False")
    queue = cluster_queue(cohort="a", status={"conditions": [active]})
    word = unreserved("ClusterQueue gpus is inactive", "Inadmissible")
    why = ask("job/train", base(queue), cohort("a", "b"), cohort("b", "a"), train, workload(train, word))
    assert told(why) == ("CohortCycle", Exit.BLOCKED, "inactive")
    assert why.message == "the cohorts above ClusterQueue gpus are in a cycle: a → b → a"
    assert why.quoted is not None and why.quoted.agreement == "agrees"
