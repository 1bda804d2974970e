"""Kueue in the embedded cluster: what a test with a clock of its own sees better than one against two servers."""

from typing import Any

import pytest

from k8sai.sim.memory import Event
from tests.sim.kueue_lab import KUEUE, KueueLab
from tests.sim.lab import GPU, Lab, conditions


@pytest.fixture
def lab() -> KueueLab:
    return KueueLab()


def test_without_queues_a_label_holds_nothing_back() -> None:
    plain = Lab()
    plain.node("n")
    labels = {f"{KUEUE}/queue-name": "a"}
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}}
    plain.create(
        "jobs", {"apiVersion": "batch/v1", "metadata": {"name": "j", "labels": labels}, "spec": {"template": template}}
    )
    plain.run()
    assert plain.get("jobs", "j", "batch")["status"]["active"] == 1
    assert plain.all("workloads", KUEUE) == []


def test_heads_are_served_by_how_far_they_borrow_then_by_priority(lab: KueueLab) -> None:
    lab.priority("high", 10)
    lab.queue("a", 4, "co")
    lab.queue("b", 4, "co")
    lab.job("borrows", "a", 5, "high")
    lab.job("within", "b", 4)
    lab.run()
    assert lab.admitted() == {"within"}
    assert lab.why("borrows").endswith("1 more needed")


def test_two_that_want_the_same_room_do_not_both_get_it(lab: KueueLab) -> None:
    lab.queue("a", 2, "co")
    lab.queue("b", 2, "co")
    for name in ("a", "b"):
        lab.job(f"in-{name}", name, 3)
    lab.run()
    assert len(lab.admitted()) == 1


def test_a_twin_of_one_that_failed_is_told_nothing(lab: KueueLab) -> None:
    lab.queue("a", 4)
    lab.job("first", "a", 5)
    lab.run()
    lab.job("twin", "a", 5)
    lab.job("other", "a", 6)
    lab.run()
    assert "maximum capacity" in lab.why("first")
    assert lab.why("twin") == ""
    assert "maximum capacity" in lab.why("other")
    lab.change("clusterqueues", "a", queueingStrategy="StrictFIFO")
    lab.run()
    assert lab.admitted() == set()


def test_a_parked_job_is_tried_again_when_quota_comes_free_anywhere_in_its_tree(lab: KueueLab) -> None:
    lab.queue("a", 4, "co")
    lab.queue("b", 4, "co")
    lab.job("short", "b", 6, run_for="20s")
    lab.run()
    lab.job("waits", "a", 4)
    lab.run()
    assert lab.admitted() == {"short"}
    lab.run(30)
    assert lab.admitted() == {"waits"}


def test_quota_is_free_once_the_pods_are_told_to_go(lab: KueueLab) -> None:
    lab.priority("high", 10)
    lab.queue("a", 8, preemption={"withinClusterQueue": "LowerPriority"})
    lab.job("low", "a", 8)
    lab.run()
    assert lab.get("jobs", "low", "batch")["status"]["active"] == 1
    lab.job("top", "a", 8, "high")
    lab.run()
    assert lab.admitted() == {"top"}
    assert lab.get("jobs", "low", "batch")["status"].get("active", 0) == 0
    assert "kueue.x-k8s.io/stopping" not in lab.get("jobs", "low", "batch")["metadata"].get("annotations", {})
    assert lab.said("low", "Stopped")[0].startswith("Preempted to accommodate a workload")


@pytest.mark.parametrize(("drained", "first"), [("clusterqueues", "young"), ("localqueues", "old")])
def test_who_was_drained_with_a_local_queue_alone_keeps_its_place(lab: KueueLab, drained: str, first: str) -> None:
    lab.queue("a", 8)
    lab.job("old", "a", 8)
    lab.run()
    lab.job("young", "a", 8)
    lab.run()
    lab.change(drained, "a", stopPolicy="HoldAndDrain")
    lab.run()
    assert lab.admitted() == set()
    lab.change(drained, "a", stopPolicy="None")
    lab.run()
    assert lab.admitted() == {first}


def test_too_long_a_run_switches_it_off(lab: KueueLab) -> None:
    lab.queue("a", 8)
    job = lab.job("long", "a", 8)
    meta = job["metadata"]
    lab.delete("jobs", "long", "batch")
    lab.run()
    labels = {**meta["labels"], f"{KUEUE}/max-exec-time-seconds": "60"}
    lab.create(
        "jobs",
        {
            "apiVersion": "batch/v1",
            "metadata": {"name": "long", "labels": labels},
            "spec": {"template": {"spec": job["spec"]["template"]["spec"]}},
        },
    )
    lab.run(30)
    assert lab.admitted() == {"long"}
    lab.run(60)
    assert lab.admitted() == set()
    off = lab.workload("long")
    told = {one["type"]: one for one in off["status"]["conditions"]}
    assert told["Evicted"]["reason"] == "DeactivatedDueToMaximumExecutionTimeExceeded"
    assert told["Evicted"]["message"] == "The workload is deactivated due to exceeding the maximum execution time"
    assert off["spec"]["active"] is False


def test_a_gate_keeps_it_out_of_the_line(lab: KueueLab) -> None:
    lab.queue("a", 8)
    made = lab.job("gated", "a", 1)
    lab.delete("jobs", "gated", "batch")
    lab.run()
    annotations = {f"{KUEUE}/admission-gated-by": "example.com/gate"}
    metadata = {"name": "gated", "labels": made["metadata"]["labels"], "annotations": annotations}
    template = {"spec": made["spec"]["template"]["spec"]}
    lab.create("jobs", {"apiVersion": "batch/v1", "metadata": metadata, "spec": {"template": template}})
    lab.run()
    assert lab.why("gated") == "Admission is gated by: example.com/gate"
    found = lab.workload("gated")
    kept = {key: value for key, value in found["metadata"].items() if key != "annotations"}
    lab.update("workloads", {**found, "metadata": kept}, KUEUE)
    lab.run()
    assert lab.admitted() == {"gated"}


def test_limits_of_the_namespace_and_of_the_pod_are_looked_at_first(lab: KueueLab) -> None:
    lab.queue("a", 8)
    rule = {"type": "Container", "max": {GPU: "2"}}
    lab.create("limitranges", {"metadata": {"name": "small"}, "spec": {"limits": [rule]}})
    lab.job("big", "a", 4)
    lab.run()
    place = "spec.podSets[0].template.spec.containers[0]"
    wrong = f'Invalid value: ["{GPU}"]: requests must not be above the limitRange max'
    assert lab.why("big") == f"resources didn't satisfy LimitRange constraints: {place}: {wrong}"


def test_a_queue_that_loses_its_flavor_or_check_stops_working(lab: KueueLab) -> None:
    lab.queue("a", 8, admissionChecksStrategy={"admissionChecks": [{"name": "x"}]})
    lab.settle()

    def active() -> Any:
        found = lab.get("clusterqueues", "a", KUEUE, "")["status"]["conditions"]
        return [(one["status"], one["reason"], one["message"]) for one in found]

    missing = "references missing AdmissionCheck(s): x"
    assert active() == [("False", "AdmissionCheckNotFound", f"Can't admit new workloads: {missing}.")]
    lab.create("admissionchecks", {"apiVersion": f"{KUEUE}/v1beta2", "metadata": {"name": "x"}, "spec": {}})
    lab.delete("resourceflavors", "f", KUEUE, "")
    lab.settle()
    both = "references missing ResourceFlavor(s): f, references inactive AdmissionCheck(s): x"
    assert active() == [("False", "FlavorNotFound", f"Can't admit new workloads: {both}.")]


def test_a_job_changed_while_it_waits_is_judged_as_it_is_then(lab: KueueLab) -> None:
    lab.queue("a", 4)
    lab.job("big", "a", 3)
    lab.job("holder", "a", 2)
    lab.run()
    (waiting,) = {"big", "holder"} - lab.admitted()
    found = lab.get("jobs", waiting, "batch")
    template = found["spec"]["template"]
    container = {**template["spec"]["containers"][0], "resources": {"requests": {GPU: "1"}, "limits": {GPU: "1"}}}
    changed = {**template, "spec": {**template["spec"], "containers": [container]}}
    lab.update("jobs", {**found, "spec": {**found["spec"], "template": changed}}, "batch")
    lab.run()
    assert lab.admitted() == {"big", "holder"}
    assert lab.said(waiting, "UpdatedWorkload")


def test_nothing_is_written_for_a_change_that_matters_to_nobody(lab: KueueLab) -> None:
    lab.queue("a", 4)
    for number in range(5):
        lab.job(f"waits-{number}", "a", 4)
    lab.run()
    written: list[Event] = []
    lab.store.subscribe(written.append)
    lab.create("namespaces", {"metadata": {"name": "elsewhere"}})
    lab.node("more")
    lab.settle()
    held = {"ClusterQueue", "Job", "LocalQueue", "Workload"}
    assert not held & {event.resource.kind for event in written}


def test_a_deleted_job_takes_its_workload_and_its_quota_along(lab: KueueLab) -> None:
    lab.queue("a", 4)
    lab.job("one", "a", 4)
    lab.run()
    lab.job("two", "a", 4)
    lab.run()
    lab.delete("jobs", "one", "batch")
    lab.run()
    assert lab.admitted() == {"two"}
    assert len(lab.all("workloads", KUEUE)) == 1
    status = lab.get("clusterqueues", "a", KUEUE, "")["status"]
    assert (status["pendingWorkloads"], status["reservingWorkloads"]) == (0, 1)
    assert conditions(lab.workload("two"))["PodsReady"] == "True"


def test_jobs_that_were_there_before_the_first_queue_are_held_from_then_on() -> None:
    lab = KueueLab()
    lab.job("early", "a", 2)
    lab.run()
    assert lab.get("jobs", "early", "batch")["status"]["active"] == 1
    lab.queue("a", 4)
    lab.run()
    assert lab.said("early", "Stopped") == ["Missing Workload; unable to restore pod templates"]
    assert lab.admitted() == {"early"}


def test_a_job_waits_for_its_priority_class(lab: KueueLab) -> None:
    lab.queue("a", 4)
    lab.job("classy", "a", 2, "later")
    lab.run()
    assert lab.all("workloads", KUEUE) == []
    lab.priority("later", 5)
    lab.run()
    assert lab.workload("classy")["spec"]["priority"] == 5
    assert lab.admitted() == {"classy"}
