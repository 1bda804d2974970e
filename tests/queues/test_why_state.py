"""Whose it is, and the state of the Workload itself."""

import pytest

from k8sai.errors import Exit
from tests.queues.why_world import (
    ask,
    base,
    local_queue,
    more,
    said,
    told,
    training,
    unreserved,
    workload,
)
from tests.why.objects import Json, obj

# --- is it Kueue's ----------------------------------------------------------------------------------------------------


def test_a_job_that_names_no_queue() -> None:
    why = ask("job/train", base(), training(queue="", suspend=False))
    assert told(why) == ("NotQueued", Exit.FINDINGS, "inactive")
    assert why.sentence == (
        "job/train is not Kueue's: it names no queue (label kueue.x-k8s.io/queue-name), so Kueue neither holds it nor "
        "counts it."
    )
    assert why.next == "k8sai why job/train -n ml"


def test_a_job_that_somebody_else_has_suspended() -> None:
    fields: Json = {"f:spec": {"f:suspend": {}}}
    by = {"manager": "kubectl-edit", "time": "2026-11-21T11:55:00Z", "fieldsV1": fields}
    why = ask("job/train", base(), training(queue="", meta={"managedFields": [by]}))
    assert why.message == "it names no queue and was suspended by kubectl-edit 5m ago: Kueue does not hold it"


def test_a_job_without_a_workload() -> None:
    why = ask("job/train", base(), training())
    assert told(why) == ("NoWorkload", Exit.FINDINGS, "inactive")
    assert why.message == "it names queue ml/research, and Kueue has made no Workload for it"


CONFIGURATION = """\
apiVersion: config.kueue.x-k8s.io/v1beta2
kind: Configuration
integrations: {frameworks: [pod, batch/job]}
managedJobsNamespaceSelector:
  matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, ml]}]
"""


@pytest.mark.parametrize(
    ("text", "api", "kind", "evidence"),
    [
        (CONFIGURATION, "batch/v1", "Job", ["Kueue's managedJobsNamespaceSelector leaves out namespace ml"]),
        (CONFIGURATION.replace(", ml]", "]"), "jobset.x-k8s.io/v1alpha2", "JobSet",
         ["Kueue's configuration does not integrate jobset.x-k8s.io/jobset: it names pod, batch/job"]),
        (CONFIGURATION.replace(", ml]", "]"), "batch/v1", "Job",
         ["Kueue makes one for the kinds and namespaces its configuration names, while it runs"]),
        ("neither: {a", "batch/v1", "Job",
         ["Kueue makes one for the kinds and namespaces its configuration names, while it runs"]),
    ],
    ids=["namespace", "kind", "neither", "not YAML"],
)  # fmt: skip
def test_kueues_configuration_says_why(text: str, api: str, kind: str, evidence: list[str]) -> None:
    config = obj("ConfigMap", "kueue-manager-config", data={"controller_manager_config.yaml": text})
    config["metadata"]["namespace"] = "kueue-system"
    train = {**training(), "apiVersion": api, "kind": kind}
    why = ask(f"{kind.lower()}/train", base(), config, train, served=("configmaps",))
    assert list(why.blockers[0].evidence) == evidence


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


# --- its own state ----------------------------------------------------------------------------------------------------


def test_deactivated_by_somebody() -> None:
    train = training()
    by = {"manager": "kueuectl", "time": "2026-11-21T11:00:00Z", "fieldsV1": {"f:spec": {"f:active": {}}}}
    why = ask("job/train", base(), train, workload(train, active=False, meta={"managedFields": [by]}))
    assert told(why) == ("Deactivated", Exit.FINDINGS, "inactive")
    assert why.sentence == "job/train waits: it was deactivated by kueuectl 60m ago."
    assert why.next == "k8sai queue resume workload/job-train-1 -n ml"


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


@pytest.mark.parametrize("kept", [True, False])
def test_a_rejected_check_deactivates(*, kept: bool) -> None:
    """The state of the check goes with the reservation; then the eviction alone knows."""
    train = training()
    state = {"name": "chk", "state": "Rejected", "message": "quota denied by cloud"}
    text = 'The workload is deactivated due to AdmissionCheck in Rejected state: "chk" (quota denied by cloud)'
    evicted = said("Evicted", "DeactivatedDueToAdmissionCheck", text)
    status = {"admissionChecks": [state] if kept else []}
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
