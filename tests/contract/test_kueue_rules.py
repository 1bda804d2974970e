"""Kueue: what its webhooks and definitions refuse, what they fill in, and who waits in which place."""

from typing import Any

import pytest

from tests.contract.api import Json
from tests.contract.queues import KUEUE, QUEUE, VISIBILITY, Queues

_QUOTA = "spec.resourceGroups[0].flavors[0].resources[0]"


def _queue(queues: Queues, cohort: str = "", group: Json | None = None, **more: Any) -> Json:
    quota = more.pop("quota", {})
    resources = [{"name": "cpu", "nominalQuota": "1", **quota}]
    found = {"coveredResources": ["cpu"], "flavors": [{"name": "f", "resources": resources}], **(group or {})}
    spec = {"namespaceSelector": {}, "resourceGroups": [found], **more}
    if cohort:
        spec["cohortName"] = queues.name(cohort)
    metadata = {"name": queues.name("x")}
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("cohort", "more", "said"),
    [
        (
            "",
            {"quota": {"lendingLimit": "1"}},
            f'{_QUOTA}.lendingLimit: Invalid value: "1": must be nil when cohort is empty',
        ),
        (
            "co",
            {"quota": {"lendingLimit": "2"}},
            f'{_QUOTA}.lendingLimit: Invalid value: "2": must be less than or equal to the nominalQuota',
        ),
        (
            "",
            {"quota": {"nominalQuota": "-1"}},
            f'{_QUOTA}.nominalQuota: Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            "",
            {"quota": {"name": "memory"}},
            f'{_QUOTA}.name: Invalid value: "memory": must match the name in coveredResources',
        ),
    ],
)
def test_a_webhook_refuses_a_cluster_queue(queues: Queues, cohort: str, more: Json, said: str) -> None:
    body = queues.api.post(f"{KUEUE}/clusterqueues", _queue(queues, cohort, **more)).refused(403, "Forbidden")
    assert body["message"] == f'admission webhook "vclusterqueue.kb.io" denied the request: {said}'


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"quota": {"borrowingLimit": "1"}}, "spec", "borrowingLimit must be nil when cohort is empty"),
        (
            {"group": {"coveredResources": ["cpu", "memory"]}},
            "spec.resourceGroups[0]",
            "flavors must have the same number of resources as the coveredResources",
        ),
        (
            {"preemption": {"reclaimWithinCohort": "Never", "borrowWithinCohort": {"policy": "LowerPriority"}}},
            "spec.preemption",
            "reclaimWithinCohort=Never and borrowWithinCohort.Policy!=Never",
        ),
        (
            {"flavorFungibility": {"preference": "BorrowingOverPreemption"}},
            "spec.flavorFungibility",
            "preference can only be set when both whenCanBorrow and whenCanPreempt are TryNextFlavor",
        ),
    ],
)
def test_the_definition_refuses_a_cluster_queue(queues: Queues, more: Json, field: str, said: str) -> None:
    body = queues.api.post(f"{KUEUE}/clusterqueues", _queue(queues, **more)).refused(422, "Invalid")
    assert body["details"]["causes"] == [
        {"reason": "FieldValueInvalid", "message": f"Invalid value: {said}", "field": field}
    ]


def test_a_policy_that_is_none_is_refused(queues: Queues) -> None:
    body = queues.api.post(f"{KUEUE}/clusterqueues", _queue(queues, stopPolicy="Soon")).refused(422, "Invalid")
    first = body["details"]["causes"][0]
    assert (first["field"], first["reason"]) == ("spec.stopPolicy", "FieldValueNotSupported")
    assert first["message"] == 'Unsupported value: "Soon": supported values: "None", "Hold", "HoldAndDrain"'


def test_a_cohort_without_a_parent_borrows_from_nobody(queues: Queues) -> None:
    spec = {"resourceGroups": _queue(queues, quota={"borrowingLimit": "1"})["spec"]["resourceGroups"]}
    made = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "Cohort", "metadata": {"name": queues.name("x")}}
    body = queues.api.post(f"{KUEUE}/cohorts", made | {"spec": spec}).refused(403, "Forbidden")
    assert body["message"].endswith(f'{_QUOTA}.borrowingLimit: Invalid value: "1": must be nil when parent is empty')


def test_what_is_left_out_is_filled_in(queues: Queues) -> None:
    made = queues.cluster_wide("clusterqueues", "ClusterQueue", "a", spec=queues.spec(1))["spec"]
    assert (made["queueingStrategy"], made["stopPolicy"]) == ("BestEffortFIFO", "None")
    assert made["flavorFungibility"] == {"whenCanBorrow": "MayStopSearch", "whenCanPreempt": "TryNextFlavor"}
    assert made["preemption"] == {
        "reclaimWithinCohort": "Never",
        "withinClusterQueue": "Never",
        "borrowWithinCohort": {"policy": "Never"},
    }


def test_a_local_queue_stays_with_its_cluster_queue(queues: Queues) -> None:
    queues.make("a", 1)
    body = queues.api.patch(f"{queues.locals}/a", {"spec": {"clusterQueue": "other"}}).refused(422, "Invalid")
    (cause,) = body["details"]["causes"]
    assert (cause["field"], cause["message"]) == ("spec.clusterQueue", 'Invalid value: "other": field is immutable')


def test_a_running_job_keeps_its_queue_and_its_class(queues: Queues) -> None:
    queues.priority("high", 10)
    queues.make("a", 8)
    queues.job("runs", "a", 1, priority="high")
    path = f"{queues.jobs}/runs"
    queues.api.until_object(path, lambda job: job["spec"]["suspend"] is False)
    hook = 'admission webhook "vjob.kb.io" denied the request: '
    for value in ("b", None):
        body = queues.api.patch(path, {"metadata": {"labels": {QUEUE: value}}}).refused(403, "Forbidden")
        shown = value or ""
        assert body["message"] == f'{hook}metadata.labels[{QUEUE}]: Invalid value: "{shown}": field is immutable'
    label = "kueue.x-k8s.io/priority-class"
    body = queues.api.patch(path, {"metadata": {"labels": {label: None}}}).refused(403, "Forbidden")
    said = "WorkloadPriorityClass cannot be removed from a workload"
    assert body["message"] == f'{hook}metadata.labels[{label}]: Invalid value: "": {said}'


def test_a_class_may_be_given_to_a_job_that_waits(queues: Queues) -> None:
    queues.priority("high", 10)
    queues.make("a", 1)
    queues.job("big", "a", 4)
    queues.waits("big", "maximum capacity")
    label = {"kueue.x-k8s.io/priority-class": queues.name("high")}
    queues.api.patch(f"{queues.jobs}/big", {"metadata": {"labels": label}}).ok()
    workload = queues.until("big", lambda one: one["spec"]["priority"] == 10)
    assert workload["spec"]["priorityClassRef"]["name"] == queues.name("high")


def test_a_job_with_a_strange_queue_name_is_refused(queues: Queues) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}}
    metadata = {"name": "strange", "labels": {QUEUE: "A_b"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}
    body = queues.api.post(queues.jobs, job).refused(403, "Forbidden")
    assert f'metadata.labels[{QUEUE}]: Invalid value: "A_b": a lowercase RFC 1123 subdomain' in body["message"]


# --- places in line ---------------------------------------------------------------------------------------------------


def _line(queues: Queues) -> None:
    """Three that wait, the most important last made."""
    queues.make("a", 1)
    queues.local("side", queues.name("a"))
    for name, queue, value in (("low", "a", 1), ("mid", "side", 2), ("top", "a", 3)):
        queues.priority(name, value)
        queues.job(name, queue, 4, priority=name)
    for name in ("low", "mid", "top"):
        queues.waits(name, "maximum capacity")


def _of(items: list[Json]) -> list[str]:
    return [item["metadata"]["ownerReferences"][0]["name"] for item in items]


def test_who_waits_in_which_place(queues: Queues) -> None:
    _line(queues)
    path = f"{VISIBILITY}/clusterqueues/{queues.name('a')}/pendingworkloads"
    found = queues.api.get(path).ok()
    assert (found["kind"], found["apiVersion"]) == ("PendingWorkloadsSummary", "visibility.kueue.x-k8s.io/v1beta2")
    assert _of(found["items"]) == ["top", "mid", "low"]
    places = [(one["positionInClusterQueue"], one["positionInLocalQueue"]) for one in found["items"]]
    assert places == [(0, 0), (1, 0), (2, 1)]
    first = found["items"][0]
    assert (first["priority"], first["localQueueName"]) == (3, "a")
    assert set(first["metadata"]) == {"name", "namespace", "creationTimestamp", "ownerReferences"}
    assert set(first["metadata"]["ownerReferences"][0]) == {"apiVersion", "kind", "name", "uid"}
    local = f"{VISIBILITY}/namespaces/{queues.namespace}/localqueues/a/pendingworkloads"
    mine = queues.api.get(local).ok()["items"]
    assert _of(mine) == ["top", "low"]
    assert [(one["positionInClusterQueue"], one["positionInLocalQueue"]) for one in mine] == [(0, 0), (2, 1)]
    assert _of(queues.api.get(local, {"offset": 1}).ok()["items"]) == ["low"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"limit": 0}, ["top", "mid", "low"]),
        ({"limit": 2}, ["top", "mid"]),
        ({"limit": -1}, []),
        ({"offset": 1}, ["mid", "low"]),
        ({"offset": -1}, ["top", "mid", "low"]),
        ({"offset": 1, "limit": 1}, ["mid"]),
        ({"offset": 9}, []),
    ],
)
def test_pages_of_the_line(queues: Queues, query: dict[str, int], names: list[str]) -> None:
    _line(queues)
    path = f"{VISIBILITY}/clusterqueues/{queues.name('a')}/pendingworkloads"
    assert _of(queues.api.get(path, query).ok()["items"]) == names


def test_what_the_line_refuses(queues: Queues) -> None:
    queues.make("a", 1)
    path = f"{VISIBILITY}/clusterqueues/{queues.name('a')}"
    queues.api.get(f"{path}/pendingworkloads", {"limit": "x"}).refused(400, "BadRequest")
    body = queues.api.get(f"{VISIBILITY}/clusterqueues/nope/pendingworkloads").refused(404, "NotFound")
    assert body["message"] == 'clusterqueue.visibility.kueue.x-k8s.io "nope" not found'
    local = f"{VISIBILITY}/namespaces/{queues.namespace}/localqueues"
    body = queues.api.get(f"{local}/nope/pendingworkloads").refused(404, "NotFound")
    assert body["message"] == 'localqueue.visibility.kueue.x-k8s.io "nope" not found'
    queues.api.get(path).refused(404, "NotFound")
    queues.api.post(f"{path}/pendingworkloads", {}).refused(405, "MethodNotAllowed")


def test_the_line_is_found_by_discovery(queues: Queues) -> None:
    found = queues.api.get(VISIBILITY).ok()
    assert {(one["name"], one["namespaced"], tuple(one["verbs"])) for one in found["resources"]} == {
        ("clusterqueues", False, ()),
        ("clusterqueues/pendingworkloads", False, ("get",)),
        ("localqueues", True, ()),
        ("localqueues/pendingworkloads", True, ("get",)),
    }
