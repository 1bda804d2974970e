"""JobSets: their Jobs, labels, restarts and ends."""

from typing import Any

import pytest

from tests.sim.lab import Lab, Obj, conditions, sim_annotations

GROUP = "jobset.x-k8s.io"
L = "jobset.sigs.k8s.io/"


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.node("n")
    return made


def replicated(name: str, replicas: int = 1, **annotations: str) -> Obj:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}
    template = {"metadata": {"annotations": sim_annotations(**annotations)}, "spec": pod}
    job = {"backoffLimit": 0, "parallelism": 2, "completions": 2, "completionMode": "Indexed", "template": template}
    return {"name": name, "replicas": replicas, "template": {"spec": job}}


def jobset(lab: Lab, *jobs: Obj, **spec: Any) -> None:
    meta = {"name": "js", "namespace": "default"}
    body = {"apiVersion": f"{GROUP}/v1alpha2", "metadata": meta, "spec": {"replicatedJobs": list(jobs), **spec}}
    lab.create("jobsets", body)


def found(lab: Lab) -> Obj:
    return lab.get("jobsets", "js", GROUP)


def test_jobs_pods_labels_and_service(lab: Lab) -> None:
    jobset(lab, replicated("driver"), replicated("workers", 2))
    lab.run()
    names = [j["metadata"]["name"] for j in lab.all("jobs", "batch")]
    assert names == ["js-driver-0", "js-workers-0", "js-workers-1"]
    pods = [p for p in lab.all("pods") if p["metadata"]["labels"]["job-name"] == "js-workers-1"]
    labels = {k.removeprefix(L): v for k, v in pods[0]["metadata"]["labels"].items() if k.startswith(L)}
    assert len(labels.pop("job-key")) == 40
    assert labels.pop("jobset-uid") == found(lab)["metadata"]["uid"]
    assert labels == {
        "jobset-name": "js",
        "replicatedjob-name": "workers",
        "replicatedjob-replicas": "2",
        "global-replicas": "3",
        "group-name": "default",
        "group-replicas": "3",
        "job-group-index": "2",
        "job-index": "1",
        "job-global-index": "2",
        "restart-attempt": "0",
    }
    assert pods[0]["spec"]["subdomain"] == "js"
    assert lab.get("services", "js")["spec"]["clusterIP"] == "None"
    summary = {r["name"]: r for r in found(lab)["status"]["replicatedJobsStatus"]}
    assert (summary["workers"]["active"], summary["workers"]["ready"]) == (2, 2)


def test_it_is_complete_when_all_jobs_are(lab: Lab) -> None:
    jobset(lab, replicated("a", run_for="5s"), replicated("b", run_for="20s"))
    lab.run(10)
    assert conditions(found(lab)) == {}
    lab.run(20)
    assert conditions(found(lab)) == {"Completed": "True"}
    assert found(lab)["status"]["terminalState"] == "Completed"


def test_success_may_depend_on_one_of_the_jobs(lab: Lab) -> None:
    policy = {"operator": "All", "targetReplicatedJobs": ["a"]}
    jobset(lab, replicated("a", run_for="5s"), replicated("b"), successPolicy=policy)
    lab.run(10)
    assert conditions(found(lab)) == {"Completed": "True"}
    assert [j["metadata"]["name"] for j in lab.all("jobs", "batch")] == ["js-a-0"]


def test_without_a_policy_the_first_failure_is_the_end(lab: Lab) -> None:
    jobset(lab, replicated("a", run_for="5s", exit_code="1"), replicated("b"))
    lab.run(20)
    last = found(lab)["status"]["conditions"][-1]
    assert (last["type"], last["reason"]) == ("Failed", "FailedJobs")
    assert last["message"] == "jobset failed due to one or more job failures (first failed job: js-a-0)"


def test_a_failure_restarts_everything_so_often(lab: Lab) -> None:
    jobset(lab, replicated("a", run_for="5s", exit_code="1"), replicated("b"), failurePolicy={"maxRestarts": 1})
    lab.run(8)
    assert found(lab)["status"]["restarts"] == 1
    attempts = {j["metadata"]["labels"][L + "restart-attempt"] for j in lab.all("jobs", "batch")}
    assert attempts == {"1"}
    lab.run(20)
    last = found(lab)["status"]["conditions"][-1]
    assert (last["reason"], found(lab)["status"]["restarts"]) == ("ReachedMaxRestarts", 1)


def test_a_rule_can_fail_the_set_at_once(lab: Lab) -> None:
    rules = [{"name": "fatal", "action": "FailJobSet", "targetReplicatedJobs": ["a"]}]
    policy = {"maxRestarts": 5, "rules": rules}
    jobset(lab, replicated("a", run_for="5s", exit_code="1"), failurePolicy=policy)
    lab.run(20)
    assert found(lab)["status"]["conditions"][-1]["reason"] == "FailJobSetFailurePolicyAction"


def test_suspend_and_resume(lab: Lab) -> None:
    jobset(lab, replicated("a"), suspend=True)
    lab.run()
    assert (lab.all("pods"), conditions(found(lab))) == ([], {"Suspended": "True"})
    now = found(lab)
    lab.update("jobsets", {**now, "spec": {**now["spec"], "suspend": False}}, GROUP)
    lab.run()
    assert (len(lab.all("pods")), conditions(found(lab))) == (2, {"Suspended": "False"})


def test_deleting_it_takes_everything_along(lab: Lab) -> None:
    jobset(lab, replicated("a", 2))
    lab.run()
    lab.delete("jobsets", "js", GROUP)
    lab.run(10)
    assert (lab.all("jobs", "batch"), lab.all("pods"), lab.find("services", "js")) == ([], [], None)
