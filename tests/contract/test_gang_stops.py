"""What becomes of a gang when one of its pods is evicted, and when its owner is stopped and started again."""

import pytest

from tests.contract.api import Json
from tests.contract.conftest import Server
from tests.contract.evicting import LINGERS, Yard, exits, index, is_ready
from tests.contract.gang_yard import name_of, no_pods, running, suspend, uids
from tests.contract.gang_yard import yard as yard
from tests.contract.objects import IMAGE
from tests.contract.queues import condition, holds

IGNORES = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}


# Jobs


@pytest.mark.parametrize("code", [0, 143])
def test_a_suspended_job_has_lost_nothing(yard: Yard, code: int) -> None:
    """Whatever its ranks end with; the condition of an eviction is not there, and no failure is counted."""
    yard.job("gang", 2, exits(code), backoffLimit=0)
    path = f"{yard.jobs}/gang"
    before = yard.api.get(path).ok()
    suspend(yard, path, True)
    no_pods(yard)
    parked = yard.api.until_object(path, lambda one: holds(one, "Suspended") and not one["status"].get("active"))
    assert "startTime" not in parked["status"]
    assert "failed" not in parked["status"] and not parked["status"].get("completedIndexes")
    suspend(yard, path, False)
    assert sorted(yard.ranks("gang", 2)) == ["0", "1"]
    after = yard.api.until_object(path, lambda one: one["status"].get("ready") == 2)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "failed" not in after["status"] and not after["status"].get("completedIndexes")
    assert after["status"]["startTime"] >= before["status"]["startTime"]


def test_an_index_that_ended_well_before_the_stop_does_not_come_back(yard: Yard) -> None:
    yard.job("gang", 2)
    path, first = f"{yard.jobs}/gang", name_of(yard.ranks("gang", 2)["0"])
    yard.api.patch(f"{yard.pods}/{first}/status", {"status": {"phase": "Succeeded"}}).ok()
    yard.api.until_object(path, lambda one: one["status"].get("completedIndexes") == "0")
    suspend(yard, path, True)
    yard.api.until_object(path, lambda one: holds(one, "Suspended") and not one["status"].get("active"))
    suspend(yard, path, False)
    assert list(yard.ranks("gang", 1)) == ["1"]
    assert yard.api.get(path).ok()["status"]["completedIndexes"] == "0"


@pytest.mark.parametrize(
    "spec", [{"podReplacementPolicy": "Failed"}, {"podFailurePolicy": IGNORES}], ids=["replacement", "failure-policy"]
)
def test_an_evicted_rank_that_ends_well_is_complete_where_its_end_is_waited_for(yard: Yard, spec: Json) -> None:
    yard.job("gang", 2, exits(0), **spec)
    yard.evict(name_of(yard.ranks("gang", 2)["0"])).ok()
    told = yard.api.until_object(f"{yard.jobs}/gang", lambda one: bool(one["status"].get("completedIndexes")))
    assert (told["status"]["completedIndexes"], told["status"].get("failed", 0)) == ("0", 0)


def test_an_evicted_rank_has_failed_before_it_ends_where_nobody_waits(yard: Yard) -> None:
    yard.job("gang", 2, LINGERS)
    first, path = name_of(yard.ranks("gang", 2)["0"]), f"{yard.jobs}/gang"
    yard.evict(first).ok()
    yard.api.until_object(path, lambda one: one["status"].get("failed") == 1)
    yard.api.patch(f"{yard.pods}/{first}/status", {"status": {"phase": "Succeeded"}})
    yard.api.delete(f"{yard.pods}/{first}", {"gracePeriodSeconds": 0})
    yard.api.until_gone(f"{yard.pods}/{first}")
    told = yard.api.until_object(path, lambda one: one["status"].get("terminating") == 0)["status"]  # it was seen to go
    assert (told["failed"], told.get("completedIndexes", "")) == (1, "")


def test_an_evicted_rank_costs_a_job_without_retries_everything(yard: Yard) -> None:
    yard.job("gang", 2, backoffLimit=0)
    yard.evict(name_of(yard.ranks("gang", 2)["0"])).ok()
    failed = yard.api.until_object(f"{yard.jobs}/gang", lambda one: holds(one, "Failed"))
    assert condition(failed, "Failed")["reason"] == "BackoffLimitExceeded"


def test_a_policy_ignores_an_eviction_but_not_a_delete(yard: Yard) -> None:
    yard.job("gang", 2, backoffLimit=0, podFailurePolicy=IGNORES)
    first = yard.ranks("gang", 2)["0"]
    yard.evict(name_of(first)).ok()
    yard.api.until_gone(f"{yard.pods}/{name_of(first)}")
    again = yard.ranks("gang", 2)
    assert again["0"]["metadata"]["uid"] != first["metadata"]["uid"]
    yard.api.delete(f"{yard.pods}/{name_of(again['1'])}").ok()
    yard.api.until_object(f"{yard.jobs}/gang", lambda one: holds(one, "Failed"))


@pytest.mark.parametrize(("policy", "pods"), [("TerminatingOrFailed", 2), ("Failed", 1)])
def test_who_replaces_a_rank_that_is_still_saving(yard: Yard, policy: str, pods: int) -> None:
    yard.job("gang", 1, LINGERS, podReplacementPolicy=policy)
    path, selected = f"{yard.jobs}/gang", {"labelSelector": "job-name=gang"}
    suspend(yard, path, True)
    yard.api.until_object(path, lambda one: one["status"].get("terminating") == 1)
    suspend(yard, path, False)
    yard.api.until_object(path, lambda one: holds(one, "Suspended", "False"))
    if pods == 2:
        yard.api.until(yard.pods, lambda found: len(found) == 2, selected)
        return
    assert len(yard.api.get(yard.pods, selected).ok()["items"]) == 1
    (old,) = yard.api.get(yard.pods, selected).ok()["items"]
    yard.api.delete(f"{yard.pods}/{name_of(old)}", {"gracePeriodSeconds": 0}).ok()
    yard.api.until(yard.pods, lambda found: bool(found) and uids(found) != {old["metadata"]["uid"]}, selected)


# JobSets


def jobset(yard: Yard, name: str = "gang", **spec: object) -> str:
    """Two Jobs of one rank each, which all run; its path."""
    pods = {"metadata": {"labels": {"app": name}}, "spec": _ranks(yard)}
    job = {"spec": {"parallelism": 1, "completions": 1, "backoffLimit": 0, "template": pods}}
    body = {"replicatedJobs": [{"name": "w", "replicas": 2, "template": job}], **spec}
    made = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": name}, "spec": body}
    yard.api.post(yard.jobsets, made).ok()
    running(yard, 2)
    return f"{yard.jobsets}/{name}"


def _ranks(yard: Yard) -> Json:
    containers = [{"name": "node", "image": IMAGE}]
    return {"restartPolicy": "Never", "nodeSelector": yard.where.selector, "containers": containers}


def jobs(yard: Yard) -> set[str]:
    return {one["metadata"]["uid"] for one in yard.api.get(yard.jobs).ok()["items"]}


def test_a_suspended_jobset_keeps_its_jobs_and_counts_no_restart(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    path = jobset(yard, failurePolicy={"maxRestarts": 1})
    before = jobs(yard)
    suspend(yard, path, True)
    no_pods(yard)
    suspend(yard, path, False)
    running(yard, 2)
    assert jobs(yard) == before
    assert not yard.api.get(path).ok()["status"].get("restarts")


def test_a_child_that_is_suspended_is_started_again_by_its_jobset(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    jobset(yard)
    before = running(yard, 2)
    suspend(yard, f"{yard.jobs}/gang-w-0", True)
    yard.api.until(yard.pods, lambda pods: len(uids(pods) - uids(before)) == 1 and len(pods) == 2)
    assert yard.api.get(f"{yard.jobs}/gang-w-0").ok()["spec"]["suspend"] is False


def test_one_eviction_fails_a_jobset_without_a_policy(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    path = jobset(yard)
    yard.evict(name_of(next(iter(running(yard, 2).values())))).ok()
    assert condition(yard.api.until_object(path, lambda one: holds(one, "Failed")), "Failed")["reason"] == "FailedJobs"


def test_evictions_burn_restarts_until_none_is_left(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    path = jobset(yard, failurePolicy={"maxRestarts": 1})
    before = running(yard, 2)
    yard.evict(name_of(next(iter(before.values())))).ok()
    again = yard.api.until(
        yard.pods, lambda pods: len(pods) == 2 and not uids(pods) & uids(before) and all(map(is_ready, pods.values()))
    )
    state = yard.api.get(path).ok()["status"]
    assert (state["restarts"], state["restartsCountTowardsMax"]) == (1, 1)
    yard.evict(name_of(next(iter(again.values())))).ok()
    failed = yard.api.until_object(path, lambda one: holds(one, "Failed"))
    assert condition(failed, "Failed")["reason"] == "ReachedMaxRestarts"


# TrainJobs


def trainjob(yard: Yard) -> str:
    """Two nodes on a runtime of its own, which all run; its path."""
    labels = {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    job = {"metadata": {"labels": labels}, "spec": {"template": {"spec": _ranks(yard)}}}
    spec = {
        "mlPolicy": {"numNodes": 1, "torch": {}},
        "template": {"spec": {"replicatedJobs": [{"name": "node", "template": job}]}},
    }
    group = "trainer.kubeflow.org"
    api = f"{group}/v1alpha1"
    runtime = {"apiVersion": api, "kind": "TrainingRuntime", "metadata": {"name": "two"}, "spec": spec}
    yard.api.post(yard.trainjobs.replace("trainjobs", "trainingruntimes"), runtime).ok()
    ref = {"apiGroup": group, "kind": "TrainingRuntime", "name": "two"}
    body = {"runtimeRef": ref, "trainer": {"numNodes": 2}}
    yard.api.post(
        yard.trainjobs, {"apiVersion": api, "kind": "TrainJob", "metadata": {"name": "gang"}, "spec": body}
    ).ok()
    running(yard, 2)
    return f"{yard.trainjobs}/gang"


def test_a_trainjob_makes_a_jobset_of_its_name(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    server.needs("trainer")
    trainjob(yard)
    made = yard.api.get(f"{yard.jobsets}/gang").ok()
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("TrainJob", "gang", True)
    (replicated,) = made["spec"]["replicatedJobs"]
    job = replicated["template"]["spec"]
    assert (replicated["name"], job["parallelism"], job["completions"]) == ("node", 2, 2)
    env = {one["name"]: one.get("value") for one in job["template"]["spec"]["containers"][0]["env"]}
    assert (env["PET_NNODES"], env["PET_MASTER_ADDR"]) == ("2", "gang-node-0-0.gang")
    assert {index(one) for one in running(yard, 2).values()} == {"0", "1"}


def test_a_trainjob_is_the_switch_and_its_jobset_is_none(server: Server, yard: Yard) -> None:
    server.needs("jobset")
    server.needs("trainer")
    path = trainjob(yard)
    before = jobs(yard)
    first = uids(running(yard, 2))
    suspend(yard, f"{yard.jobsets}/gang", True)
    yard.api.until(yard.pods, lambda pods: len(pods) == 2 and not uids(pods) & first)
    suspend(yard, path, True)
    no_pods(yard)
    assert holds(yard.api.until_object(path, lambda one: holds(one, "Suspended")), "Suspended")
    assert yard.api.get(f"{yard.jobsets}/gang").ok()["spec"]["suspend"] is True
    suspend(yard, f"{yard.jobsets}/gang", False)
    yard.api.until_object(f"{yard.jobsets}/gang", lambda one: one["spec"]["suspend"] is True)
    suspend(yard, path, False)
    running(yard, 2)
    assert jobs(yard) == before
    assert holds(yard.api.until_object(path, lambda one: holds(one, "Suspended", "False")), "Suspended", "False")
