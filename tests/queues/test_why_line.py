"""Who goes first, checks after the reservation, and pods after the admission."""

from typing import Any

from k8sai.errors import Exit
from k8sai.queues.positions import Position
from tests.queues.why_world import (
    admission,
    ask,
    base,
    cluster_queue,
    finding,
    holding,
    kueue,
    local_queue,
    more,
    said,
    told,
    training,
    unreserved,
    workload,
)
from tests.why.objects import GPU, Json, obj, owned, pod

# --- who goes first ---------------------------------------------------------------------------------------------------


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
    objects: list[Json] = [other, workload(other, queue="vision"), train, workload(train)]
    why = ask("job/train", base(queue, mine), local_queue(name="vision"), objects)
    assert [one.message for one in why.remarks] == [
        "admission fair sharing lets ml/vision go first: of late they used less than ml/research"
    ]


# --- checks -----------------------------------------------------------------------------------------------------------


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
        kueue("MultiKueueCluster", "north"),
    ]
    why = ask("job/train", base(), check, objects, train, state)
    assert why.blockers[0].evidence == (
        "east: not reached (ClientConnectionFailed: dial tcp: no route to host)",
        "west: answers, nominated",
        "north: state unknown",
    )


# --- pods -------------------------------------------------------------------------------------------------------------


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


def test_until_when_its_pods_must_be_ready() -> None:
    text = "apiVersion: config.kueue.x-k8s.io/v1beta2\nkind: Configuration\nwaitForPodsReady: {timeout: 90m}\n"
    config = obj("ConfigMap", "kueue-manager-config", data={"controller_manager_config.yaml": text})
    config["metadata"]["namespace"] = "kueue-system"
    train = training(4, suspend=False)
    stats = {"schedulingStats": {"evictions": [{"reason": "PodsReadyTimeout", "count": 2}]}}
    state = workload(train, held="gpus", status=stats)
    state["status"]["conditions"].pop()
    why = ask("job/train", base(), config, train, state, served=("configmaps",))
    assert why.code == "NotReady"
    assert why.blockers[0].evidence == (
        "Kueue evicts it if its pods are not ready by 12:30 UTC",
        "it was evicted 2 times because its pods were not ready in time",
    )
