"""Gangs by a group that pods name, by hand, or by the Workload of Kueue they run by."""

from typing import Any

import pytest

from k8sai.evict.facts import Gang
from tests.evict.gang_shelf import GangShelf, job, jobset, made, names, of_jobset, one, pod, workload

Json = dict[str, Any]
KUEUE = "kueue.x-k8s.io"
WORKLOADS = "workloads.kueue.x-k8s.io"


# --- groups -----------------------------------------------------------------------------------------------------------


def native(name: str, group: str) -> Json:
    found = pod(name)
    found["spec"]["schedulingGroup"] = {"podGroupName": group}
    return found


def test_a_native_pod_group_has_no_switch() -> None:
    spec = {"schedulingPolicy": {"gang": {"minCount": 3}}}
    group = made("scheduling.k8s.io/v1alpha1", "PodGroup", "ring", spec)
    found = one(GangShelf(group, native("r-0", "ring"), native("r-1", "ring"), native("x", "other")), "r-1")
    assert (found.id, found.kind, found.switch.kind, found.managed) == ("podgroup-ring", "PodGroup", "evict", False)
    assert (names(found), found.expected) == (["r-0", "r-1"], 3)


def test_pods_of_a_pod_group_that_have_an_owner_are_stopped_by_it() -> None:
    owner = job("llm")
    pods = [pod(f"llm-{rank}-x", owner) for rank in (0, 1)]
    for each in pods:
        each["spec"]["schedulingGroup"] = {"podGroupName": "ring"}
    assert one(GangShelf(owner, *pods), "llm-0-x").switch.kind == "suspend"


@pytest.mark.parametrize(
    ("meta", "group"),
    [
        ({"labels": {"scheduling.x-k8s.io/pod-group": "ring"}}, "scheduling.x-k8s.io/v1alpha1"),
        ({"annotations": {"scheduling.k8s.io/group-name": "ring"}}, "scheduling.volcano.sh/v1beta1"),
        ({"annotations": {"pod-group-name": "ring"}}, "scheduling.run.ai/v2alpha2"),
    ],
)
def test_the_groups_of_other_schedulers(meta: Json, group: str) -> None:
    obj = made(group, "PodGroup", "ring", {"minMember": 2})
    found = one(GangShelf(obj, pod("a", **meta), pod("b", **meta), pod("c")), "a")
    assert (names(found), found.expected, found.switch.kind, found.id) == (["a", "b"], 2, "evict", "podgroup-ring")


def test_the_group_of_kubernetes_1_35() -> None:
    pods = [pod("a"), pod("b"), pod("c")]
    for each, replica in zip(pods, ("0", "0", "1"), strict=True):
        each["spec"]["workloadRef"] = {"name": "w", "podGroup": "g", "podGroupReplicaKey": replica}
    assert names(one(GangShelf(*pods), "a")) == ["a", "b"]


def test_marks_of_schedulers_make_no_gang_of_a_deployment() -> None:
    owner = made("apps/v1", "ReplicaSet", "web")
    marks: Json = {"annotations": {"scheduling.k8s.io/group-name": "podgroup-x"}}
    assert GangShelf(pod("web-0", owner, **marks), pod("web-1", owner, **marks)).resolved().gangs == ()


def test_a_group_over_two_owners_is_one_gang_that_is_evicted_if_that_restarts_pods_alone() -> None:
    marks: Json = {"labels": {"scheduling.x-k8s.io/pod-group": "ring"}}

    def found(backoff: int) -> Gang:
        owners = [job(f"n{index}", 1, backoffLimit=backoff) for index in (0, 1)]
        return one(GangShelf(*owners, *(pod(f"p{n}", by, **marks) for n, by in enumerate(owners))), "p0")

    assert (found(6).switch.kind, names(found(6)), found(6).refusal) == ("evict", ["p0", "p1"], "")
    assert found(0).switch.kind == "none"
    assert "job/n0 has no backoffLimit left" in found(0).refusal


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_what_was_named_by_hand_comes_first() -> None:
    """Pods under an owner that k8sai does not know may be said to be a gang."""
    owner = made("example.com/v1", "Magic", "m")
    says: Json = {"annotations": {"k8sai.dev/gang": "ring"}}
    shelf = GangShelf(pod("m-0", owner, **says), pod("m-1", owner, **says), pod("m-2", owner))
    found = one(shelf, "m-0")
    assert (found.title, found.switch.kind, names(found), found.refusal) == ("ml/ring", "evict", ["m-0", "m-1"], "")
    assert found.id == one(shelf, "m-1").id
    assert len(found.id) == 36


def test_a_name_for_all_pods_of_an_owner_changes_nothing() -> None:
    found = one(
        GangShelf(*of_jobset(jobset("llm", meta={"annotations": {"k8sai.dev/gang": "ring"}}))), "llm-w-0-0-abcde"
    )
    assert (found.kind, found.switch.kind, len(found.pods)) == ("JobSet", "suspend", 4)


def test_a_name_for_some_pods_of_an_owner_never_stops_the_others() -> None:
    says = {"k8sai.dev/gang": "half"}

    def found(backoff: int) -> Gang:
        objects = of_jobset(jobset("llm"), backoff)
        for each in objects:
            if each["metadata"]["name"].startswith("llm-w-0-"):
                each["metadata"]["annotations"] = says
        return one(GangShelf(*objects), "llm-w-0-0-abcde")

    assert (found(6).switch.kind, len(found(6).pods)) == ("evict", 2)
    assert found(0).switch.kind == "none" and found(0).refusal


def test_each_replica_group_of_torchft_goes_alone() -> None:
    """Where a pod that is evicted is made anew without the others; else the JobSet is one gang."""

    def shelf(backoff: int) -> GangShelf:
        objects = of_jobset(jobset("hsdp"), backoff)
        for each in objects:
            if each["kind"] == "Pod":
                each["spec"]["containers"][0]["env"] = [{"name": "TORCHFT_LIGHTHOUSE", "value": "http://lh:29510"}]
        return GangShelf(*objects)

    found = one(shelf(6), "hsdp-w-1-0-abcde")
    assert (found.part, found.switch.kind, found.expected) == ("w-1", "evict", 2)
    assert names(found) == ["hsdp-w-1-0-abcde", "hsdp-w-1-1-abcde"]
    whole = one(shelf(0), "hsdp-w-1-0-abcde")
    assert (whole.part, whole.switch.kind, len(whole.pods)) == ("", "suspend", 4)


# --- Kueue ------------------------------------------------------------------------------------------------------------


def test_what_kueue_manages_is_stopped_by_its_workload_alone() -> None:
    owner = jobset("llm")
    found = one(GangShelf(*of_jobset(owner), workload("jobset-llm-1a2b3", owner, "QuotaReserved")), "llm-w-0-0-abcde")
    assert found.switch.on is not None and found.workload is not None
    assert (found.switch.kind, found.switch.path) == ("kueue", ("spec", "active"))
    assert (found.switch.on.kind, found.switch.on.uid) == (WORKLOADS, found.workload["metadata"]["uid"])
    assert found.ref.title == "jobset/llm"


def test_a_finished_workload_manages_nothing() -> None:
    owner = jobset("llm")
    assert one(GangShelf(*of_jobset(owner), workload("old", owner, "Finished")), "llm-w-0-0-abcde").workload is None


def test_the_workload_that_holds_quota_counts_and_two_are_refused() -> None:
    owner = job("elastic")
    shelf = [owner, pod("elastic-0-x", owner), workload("old", owner, "QuotaReserved")]
    found = one(GangShelf(*shelf, workload("new", owner)))
    assert found.workload is not None and found.workload["metadata"]["name"] == "old"
    refused = one(GangShelf(*shelf, workload("new", owner, "QuotaReserved")))
    assert (refused.switch.kind, refused.refusal) == (
        "none",
        "it has 2 Workloads of Kueue at once, as an elastic job does",
    )


def test_a_pod_group_of_kueue_is_stopped_by_its_workload() -> None:
    marks: Json = {
        "labels": {f"{KUEUE}/pod-group-name": "ring"},
        "annotations": {f"{KUEUE}/pod-group-total-count": "3"},
    }
    found = one(GangShelf(pod("a", **marks), pod("b", **marks), workload("ring", None, "Admitted")), "a")
    assert (found.switch.kind, found.expected, found.managed, found.id) == ("kueue", 3, False, "workload-ring")


def test_whether_kueue_manages_it_must_be_known() -> None:
    owner = job("llm")
    found = one(GangShelf(owner, pod("llm-0-x", owner), forbidden=[WORKLOADS]))
    assert found.switch.kind == "none"
    assert "it cannot be told whether Kueue manages it" in found.refusal and f"list {WORKLOADS}" in found.refusal


def test_a_job_in_a_queue_without_a_workload_is_left_alone() -> None:
    owner = job("llm", meta={"labels": {f"{KUEUE}/queue-name": "main"}})
    found = one(GangShelf(owner, pod("llm-0-x", owner), also=[WORKLOADS]))
    assert found.refusal == "its label says that it is in Kueue's queue main, but it has no Workload"
    assert one(GangShelf(owner, pod("llm-0-x", owner))).switch.kind == "suspend"


# --- what one eviction does -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"backoffLimit": 0}, "fails the Job"),
        ({"backoffLimit": 3}, "counts against backoffLimit"),
        ({"backoffLimit": 3, "podReplacementPolicy": "Failed"}, "complete for good"),
        (
            {
                "backoffLimit": 0,
                "podFailurePolicy": {
                    "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
                },
            },
            "is not counted",
        ),
    ],
)
def test_what_evicting_one_pod_of_a_job_does(spec: Json, word: str) -> None:
    owner = job("llm", **spec)
    assert word in one(GangShelf(owner, pod("llm-0-x", owner))).restarts


@pytest.mark.parametrize(
    ("backoff", "spec", "word"),
    [
        (6, {}, "restarts that pod alone"),
        (0, {}, "it has no failurePolicy"),
        (0, {"failurePolicy": {"maxRestarts": 3}}, "uses up one of 3 restarts"),
        (0, {"failurePolicy": {"maxRestarts": 0}}, "all 0 restarts are used up"),
        (0, {"failurePolicy": {"rules": [{"action": "RestartJobSetAndIgnoreMaxRestarts"}]}}, "restarts all its Jobs;"),
    ],
)
def test_what_evicting_one_pod_of_a_job_set_does(backoff: int, spec: Json, word: str) -> None:
    assert word in one(GangShelf(*of_jobset(jobset("llm", **spec), backoff)), "llm-w-0-0-abcde").restarts
