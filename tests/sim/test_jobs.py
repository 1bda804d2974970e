"""Jobs: how many pods, what counts as done and as failed, how a Job ends."""

from typing import Any

import pytest

from k8sai.sim.controllers.jobrules import ranges
from tests.sim.lab import Lab, Obj, conditions, sim_annotations

GROUP = "batch"


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.node("n")
    return made


def job(lab: Lab, spec: Obj, name: str = "j", **annotations: str) -> None:
    template = {
        "metadata": {"annotations": sim_annotations(**annotations)},
        "spec": {"restartPolicy": spec.pop("restartPolicy", "Never"), "containers": [{"name": "main", "image": "x"}]},
    }
    lab.create("jobs", {"apiVersion": "batch/v1", "metadata": {"name": name}, "spec": {**spec, "template": template}})


def status(lab: Lab, name: str = "j") -> dict[str, Any]:
    found: dict[str, Any] = lab.get("jobs", name, GROUP)["status"]
    return found


def test_pods_run_side_by_side_until_enough_succeeded(lab: Lab) -> None:
    job(lab, {"parallelism": 2, "completions": 3}, run_for="10s")
    lab.run()
    assert (status(lab)["active"], status(lab)["ready"]) == (2, 2)
    lab.run(10)
    assert (status(lab)["active"], status(lab)["succeeded"]) == (1, 2)
    lab.run(12)
    done = status(lab)
    assert (done.get("active", 0), done["succeeded"]) == (0, 3)
    assert done["completionTime"]
    assert conditions(lab.get("jobs", "j", GROUP)) == {"SuccessCriteriaMet": "True", "Complete": "True"}
    assert len(lab.all("pods")) == 3
    assert lab.said("j", "Completed") == ["Job completed"]


def test_pods_carry_the_labels_of_their_job(lab: Lab) -> None:
    job(lab, {})
    lab.settle()
    pod = lab.all("pods")[0]
    uid = lab.get("jobs", "j", GROUP)["metadata"]["uid"]
    assert pod["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
    }
    assert pod["metadata"]["ownerReferences"][0]["uid"] == uid


def test_indexed_pods_have_numbers_and_each_is_done_once(lab: Lab) -> None:
    job(lab, {"parallelism": 2, "completions": 3, "completionMode": "Indexed"}, run_for="10s")
    lab.run()
    assert sorted(p["spec"]["hostname"] for p in lab.all("pods")) == ["j-0", "j-1"]
    lab.run(30)
    assert status(lab)["completedIndexes"] == "0-2"
    numbers = [p["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for p in lab.all("pods")]
    assert sorted(numbers) == ["0", "1", "2"]


def test_a_failure_is_tried_again_after_a_pause_that_doubles(lab: Lab) -> None:
    job(lab, {"backoffLimit": 2}, run_for="1s", exit_code="1")
    lab.run(5)
    assert (status(lab)["failed"], status(lab).get("active", 0)) == (1, 0)
    lab.run(10)
    assert status(lab)["failed"] == 2
    lab.run(10)
    assert len(lab.all("pods")) == 2
    lab.run(15)
    assert conditions(lab.get("jobs", "j", GROUP)) == {"FailureTarget": "True", "Failed": "True"}
    ended = lab.get("jobs", "j", GROUP)["status"]["conditions"][-1]
    assert (ended["reason"], status(lab)["failed"]) == ("BackoffLimitExceeded", 3)


def test_restarts_in_place_count_against_the_limit(lab: Lab) -> None:
    job(lab, {"backoffLimit": 1, "restartPolicy": "OnFailure"}, run_for="1s", exit_code="1")
    lab.run(60)
    assert conditions(lab.get("jobs", "j", GROUP))["Failed"] == "True"
    assert lab.all("pods") == []


def test_suspend_takes_the_pods_away_and_resume_brings_them_back(lab: Lab) -> None:
    job(lab, {"suspend": True, "parallelism": 2})
    lab.run()
    assert (lab.all("pods"), conditions(lab.get("jobs", "j", GROUP))) == ([], {"Suspended": "True"})
    assert "startTime" not in status(lab)
    for suspend, pods in ((False, 2), (True, 0)):
        found = lab.get("jobs", "j", GROUP)
        lab.update("jobs", {**found, "spec": {**found["spec"], "suspend": suspend}}, GROUP)
        lab.run(5)
        assert (len(lab.all("pods")), conditions(lab.get("jobs", "j", GROUP))["Suspended"]) == (pods, str(suspend))
    assert status(lab).get("failed", 0) == 0


def test_an_evicted_pod_is_a_failure_and_is_replaced(lab: Lab) -> None:
    job(lab, {})
    lab.run()
    lab.delete("pods", lab.all("pods")[0]["metadata"]["name"])
    lab.run(20)
    assert (status(lab)["failed"], status(lab)["active"]) == (1, 1)


def test_a_deadline_ends_the_job(lab: Lab) -> None:
    job(lab, {"activeDeadlineSeconds": 30})
    lab.run(40)
    assert lab.get("jobs", "j", GROUP)["status"]["conditions"][-1]["reason"] == "DeadlineExceeded"
    assert lab.all("pods") == []


def test_a_finished_job_goes_after_its_time(lab: Lab) -> None:
    job(lab, {"ttlSecondsAfterFinished": 60}, run_for="1s")
    lab.run(30)
    assert conditions(lab.get("jobs", "j", GROUP))["Complete"] == "True"
    lab.run(60)
    assert lab.find("jobs", "j", GROUP) is None
    assert lab.all("pods") == []


@pytest.mark.parametrize(
    ("action", "failed", "ended"), [("FailJob", 1, True), ("Ignore", 0, False), ("Count", 1, False)]
)
def test_a_failure_policy_says_what_an_exit_code_means(lab: Lab, action: str, failed: int, ended: bool) -> None:
    rule = {"action": action, "onExitCodes": {"operator": "In", "values": [42]}}
    job(lab, {"podFailurePolicy": {"rules": [rule]}}, run_for="1s", exit_code="42")
    lab.run(5)
    assert status(lab).get("failed", 0) == failed
    assert (conditions(lab.get("jobs", "j", GROUP)).get("Failed") == "True") is ended
    if ended:
        last = lab.get("jobs", "j", GROUP)["status"]["conditions"][-1]
        pod = lab.all("pods")[0]["metadata"]["name"]
        assert last["reason"] == "PodFailurePolicy"
        assert last["message"] == (
            f"Container main for pod default/{pod} failed with exit code 42 matching FailJob rule at index 0"
        )


def test_a_disruption_can_be_forgiven(lab: Lab) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    job(lab, {"podFailurePolicy": {"rules": [rule]}, "backoffLimit": 0})
    lab.run()
    pod = lab.all("pods")[0]
    lab.node("spare", 0)
    target = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    from k8sai.sim.controllers.desk import PODS

    lab.desk.put_status(PODS, pod, {**pod["status"], "conditions": [*pod["status"]["conditions"], target]})
    lab.delete("pods", pod["metadata"]["name"])
    lab.run(5)
    assert (status(lab).get("failed", 0), status(lab)["active"]) == (0, 1)


def test_fewer_workers_on_request(lab: Lab) -> None:
    job(lab, {"parallelism": 3, "completions": 10})
    lab.run()
    found = lab.get("jobs", "j", GROUP)
    lab.update("jobs", {**found, "spec": {**found["spec"], "parallelism": 1}}, GROUP)
    lab.run(5)
    assert (status(lab)["active"], status(lab).get("failed", 0)) == (1, 0)


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([3], "3"), ([0, 1, 2], "0-2"), ([4, 0, 1], "0-1,4"), ([1, 3, 5], "1,3,5")]
)
def test_indexes_as_text(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text
