"""Kueue: queues that are stopped and started again, workloads that are switched off, checks, jobs that move."""

from typing import Any

import pytest

from tests.contract.queues import KUEUE, QUEUE, Queues, active, condition, holds, told, why
from tests.controlplane.namespaces import wait_for_the_ended

QUEUES = ("ClusterQueue", "LocalQueue")


def _stop(queues: Queues, kind: str, policy: str) -> None:
    path = queues.cluster_queue("a") if kind == "ClusterQueue" else f"{queues.locals}/a"
    queues.patch(path, stopPolicy=policy)


@pytest.mark.parametrize("kind", QUEUES)
def test_a_queue_on_hold_takes_nobody_and_evicts_nobody(queues: Queues, kind: str) -> None:
    queues.make("a", 8)
    queues.job("runs", "a", 1)
    queues.admitted("runs")
    _stop(queues, kind, "Hold")
    path = queues.cluster_queue("a") if kind == "ClusterQueue" else f"{queues.locals}/a"
    held = queues.api.until_object(path, lambda one: active(one) == ("False", "Stopped"))
    words = {"ClusterQueue": "Can't admit new workloads: is stopped.", "LocalQueue": "LocalQueue is stopped"}
    assert condition(held, "Active")["message"] == words[kind]
    queues.job("waits", "a", 1)
    name = queues.name("a") if kind == "ClusterQueue" else "a"
    waiting = queues.waits("waits", "inactive")
    assert told(waiting, "QuotaReserved") == ("False", "Inadmissible")
    assert why(waiting) == f"{kind} {name} is inactive"
    assert holds(queues.admitted("runs"), "QuotaReserved")
    _stop(queues, kind, "None")
    queues.admitted("waits")


def test_a_local_queue_of_a_stopped_one_says_so(queues: Queues) -> None:
    queues.make("a", 8)
    _stop(queues, "ClusterQueue", "Hold")
    held = queues.api.until_object(f"{queues.locals}/a", lambda one: active(one) == ("False", "ClusterQueueIsInactive"))
    assert condition(held, "Active")["message"] == "Can't submit new workloads to clusterQueue"


@pytest.mark.parametrize("kind", QUEUES)
def test_a_drained_queue_evicts_and_takes_back(queues: Queues, kind: str) -> None:
    queues.make("a", 8)
    queues.job("runs", "a", 1)
    queues.admitted("runs")
    _stop(queues, kind, "HoldAndDrain")
    drained = queues.until("runs", lambda one: told(one, "Requeued") == ("False", f"{kind}Stopped"))
    assert told(drained, "Evicted") == ("True", f"{kind}Stopped")
    assert condition(drained, "Evicted")["message"] == f"The {kind} is stopped"
    assert "admission" not in drained["status"]
    queues.api.until_object(f"{queues.jobs}/runs", lambda job: job["spec"]["suspend"] is True)
    _stop(queues, kind, "None")
    restarted = ("True", f"{kind}Restarted")
    back = queues.until("runs", lambda one: holds(one, "Admitted") and told(one, "Requeued") == restarted)
    assert condition(back, "Requeued")["message"] == f"The {kind} was restarted after being stopped"
    assert told(back, "Evicted") == ("False", "QuotaReserved")


def test_a_workload_is_switched_off_and_on(queues: Queues) -> None:
    queues.make("a", 8)
    queues.job("runs", "a", 8)
    workload = queues.admitted("runs")
    path = f"{queues.workloads}/{workload['metadata']['name']}"
    queues.patch(path, active=False)
    off = queues.until("runs", lambda one: told(one, "Requeued") == ("False", "Deactivated"))
    assert told(off, "Evicted") == ("True", "Deactivated")
    assert condition(off, "Evicted")["message"] == "The workload is deactivated"
    assert told(off, "QuotaReserved") == ("False", "Pending")
    queues.job("next", "a", 8)
    queues.admitted("next")
    queues.api.delete(f"{queues.jobs}/next", {"propagationPolicy": "Background"}).ok()
    queues.patch(path, active=True)
    back = queues.admitted("runs")
    assert told(back, "Requeued") == ("True", "Reactivated")
    assert condition(back, "Requeued")["message"] == "The workload was reactivated"


def test_a_job_that_is_admitted_cannot_be_suspended_by_hand(queues: Queues) -> None:
    queues.make("a", 8)
    queues.job("runs", "a", 8)
    queues.admitted("runs")
    queues.api.until_object(f"{queues.jobs}/runs", lambda job: job["spec"]["suspend"] is False)
    queues.api.patch(f"{queues.jobs}/runs", {"spec": {"suspend": True}}).ok()
    queues.api.until_object(f"{queues.jobs}/runs", lambda job: job["spec"]["suspend"] is False)
    assert holds(queues.admitted("runs"), "QuotaReserved")


def test_a_waiting_job_moves_by_its_label(queues: Queues) -> None:
    queues.make("a", 1)
    queues.make("b", 8)
    queues.job("big", "a", 4)
    before = queues.waits("big", "maximum capacity")
    queues.api.patch(f"{queues.jobs}/big", {"metadata": {"labels": {QUEUE: "b"}}}).ok()
    after = queues.admitted("big")
    assert after["spec"]["queueName"] == "b"
    same = ("name", "uid", "creationTimestamp")
    assert [before["metadata"][key] for key in same] == [after["metadata"][key] for key in same]


def test_an_evicted_job_does_not_move_by_its_label(queues: Queues) -> None:
    queues.make("a", 8)
    queues.make("b", 8)
    queues.job("runs", "a", 1)
    queues.admitted("runs")
    _stop(queues, "LocalQueue", "HoldAndDrain")
    drained = queues.until("runs", lambda one: told(one, "Requeued") == ("False", "LocalQueueStopped"))
    path = f"{queues.jobs}/runs"
    queues.api.until_object(
        path,
        lambda job: (
            job["spec"]["suspend"] is True
            and "kueue.x-k8s.io/stopping" not in (job["metadata"].get("annotations") or {})
        ),
    )
    queues.api.patch(path, {"metadata": {"labels": {QUEUE: "b"}}}).ok()
    queues.job("marker", "b", 1)  # by when it runs, the change of the label has been seen
    queues.admitted("marker")
    workload = f"{queues.workloads}/{drained['metadata']['name']}"
    assert queues.api.get(workload).ok()["spec"]["queueName"] == "a"
    queues.patch(workload, queueName="b")
    assert queues.admitted("runs")["status"]["admission"]["clusterQueue"] == queues.name("b")


def test_a_queue_that_is_not_there(queues: Queues) -> None:
    queues.local("orphan", queues.name("none"))
    queues.job("first", "nowhere", 1)
    queues.job("second", "orphan", 1)
    first, second = queues.waits("first", "exist"), queues.waits("second", "exist")
    assert told(first, "QuotaReserved") == told(second, "QuotaReserved") == ("False", "Inadmissible")
    assert why(first) == "LocalQueue nowhere doesn't exist"
    assert why(second) == f"ClusterQueue {queues.name('none')} doesn't exist"
    orphan = queues.api.until_object(f"{queues.locals}/orphan", lambda one: bool(active(one)))
    assert active(orphan) == ("False", "ClusterQueueDoesNotExist")
    queues.make("a", 8)
    queues.local("nowhere", queues.name("a"))
    queues.admitted("first")


def test_a_queue_without_its_flavor(queues: Queues) -> None:
    queues.cluster_wide("clusterqueues", "ClusterQueue", "a", spec=queues.spec(8, flavors=("nope",)))
    found = queues.api.until_object(queues.cluster_queue("a"), lambda one: bool(active(one)))
    assert active(found) == ("False", "FlavorNotFound")
    missing = f"references missing ResourceFlavor(s): {queues.name('nope')}"
    assert condition(found, "Active")["message"] == f"Can't admit new workloads: {missing}."
    queues.flavor("nope")
    queues.api.until_object(queues.cluster_queue("a"), lambda one: active(one) == ("True", "Ready"))


def test_queues_in_a_cycle_of_cohorts_say_they_are_ready_and_are_not(queues: Queues) -> None:
    """The queue goes first: Kueue 0.19.2 ends when a namespace changes while there is one in a cycle."""
    wait_for_the_ended(queues.api)
    queues.cluster_wide("cohorts", "Cohort", "x", spec={"parentName": queues.name("y")})
    queues.cluster_wide("cohorts", "Cohort", "y", spec={"parentName": queues.name("x")})
    queues.cluster_wide("clusterqueues", "ClusterQueue", "a", spec=queues.spec(8, "x"))
    found = queues.api.until_object(queues.cluster_queue("a"), lambda one: active(one)[:1] == ("False",))
    assert active(found) == ("False", "Ready")
    assert condition(found, "Active")["message"] == "Can admit new workloads"
    queues.api.delete(queues.cluster_queue("a"))
    queues.api.until_gone(queues.cluster_queue("a"))


def test_nobody_comes_in_whom_the_selector_does_not_let_in(queues: Queues) -> None:
    queues.make("a", 8, namespaceSelector={"matchLabels": {"team": "x"}})
    queues.job("out", "a", 1)
    assert why(queues.waits("out", "selector")) == "workload namespace doesn't match ClusterQueue selector"
    queues.api.patch(f"/api/v1/namespaces/{queues.namespace}", {"metadata": {"labels": {"team": "x"}}}).ok()
    queues.admitted("out")


def _with_check(queues: Queues) -> None:
    body = {"spec": {"controllerName": "contract.k8sai.dev/nobody"}}
    queues.cluster_wide("admissionchecks", "AdmissionCheck", "check", **body)
    now = "2026-01-01T00:00:00Z"
    ready: dict[str, Any] = {"type": "Active", "status": "True", "reason": "Active", "message": "yes"}
    status = {"status": {"conditions": [{**ready, "lastTransitionTime": now}]}}
    queues.api.patch(f"{KUEUE}/admissionchecks/{queues.name('check')}/status", status).ok()
    queues.make("a", 8, admissionChecksStrategy={"admissionChecks": [{"name": queues.name("check")}]})


def _say(queues: Queues, workload: str, state: str, message: str = "") -> None:
    told_by = {"name": queues.name("check"), "state": state, "message": message}
    check = {**told_by, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    queues.api.patch(f"{queues.workloads}/{workload}/status", {"status": {"admissionChecks": [check]}}).ok()


def test_a_reservation_becomes_an_admission_with_its_checks(queues: Queues) -> None:
    _with_check(queues)
    queues.job("checked", "a", 1)
    reserved = queues.until(
        "checked", lambda one: holds(one, "QuotaReserved") and bool(one["status"].get("admissionChecks"))
    )
    assert condition(reserved, "Admitted") == {}
    (check,) = reserved["status"]["admissionChecks"]
    assert (check["name"], check["state"]) == (queues.name("check"), "Pending")
    job = queues.api.get(f"{queues.jobs}/checked").ok()
    assert job["spec"]["suspend"] is True
    name = reserved["metadata"]["name"]
    refused = queues.api.patch(f"{queues.workloads}/{name}", {"spec": {"queueName": "b"}}).refused(422, "Invalid")
    assert "queueName is immutable while workload quota reserved" in refused["message"]
    _say(queues, name, "Ready")
    queues.admitted("checked")
    queues.api.until_object(f"{queues.jobs}/checked", lambda job: job["spec"]["suspend"] is False)


@pytest.mark.parametrize("kind", QUEUES)
def test_hold_takes_a_reservation_that_is_not_admitted(queues: Queues, kind: str) -> None:
    _with_check(queues)
    queues.job("checked", "a", 1)
    queues.until("checked", lambda one: holds(one, "QuotaReserved"))
    _stop(queues, kind, "Hold")
    lost = queues.until("checked", lambda one: told(one, "QuotaReserved") == ("False", "Inadmissible"))
    name = queues.name("a") if kind == "ClusterQueue" else "a"
    assert why(lost) in (f"{kind} {name} is stopped", f"{kind} {name} is inactive")
    assert "admission" not in lost["status"]
    assert condition(lost, "Evicted") == {}
    _stop(queues, kind, "None")
    queues.until("checked", lambda one: holds(one, "QuotaReserved"))


def test_a_rejected_check_switches_the_workload_off(queues: Queues) -> None:
    _with_check(queues)
    queues.job("checked", "a", 1)
    name = queues.until("checked", lambda one: holds(one, "QuotaReserved"))["metadata"]["name"]
    _say(queues, name, "Rejected", "no capacity")
    off = queues.until("checked", lambda one: told(one, "Evicted") == ("True", "DeactivatedDueToAdmissionCheck"))
    said = (
        f'The workload is deactivated due to AdmissionCheck in Rejected state: "{queues.name("check")}" (no capacity)'
    )
    assert condition(off, "Evicted")["message"] == said
    assert off["spec"]["active"] is False
    assert condition(off, "DeactivationTarget") == {}


def test_a_check_that_wants_a_retry_gives_the_quota_back(queues: Queues) -> None:
    _with_check(queues)
    queues.job("checked", "a", 1)
    name = queues.until("checked", lambda one: holds(one, "QuotaReserved"))["metadata"]["name"]
    _say(queues, name, "Retry", "busy")
    again = queues.until("checked", lambda one: told(one, "Requeued") == ("True", "BackoffFinished"))
    evicted = condition(again, "Evicted")["message"]
    assert f'AdmissionCheck in Retry state: "{queues.name("check")}" (busy)' in evicted
    (check,) = again["status"]["admissionChecks"]
    assert (check["state"], check["retryCount"]) == ("Pending", 1)
    assert check["message"] == "Reset to Pending after eviction. Previously: Retry"
