"""Pods of a manifest, kind by kind."""

from typing import Any

import pytest
import yaml

from k8sai.errors import Usage
from k8sai.fit.ask import Asked
from k8sai.fit.manifests import read

POD = {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": 8}}}]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": POD}


def obj(kind: str, spec: Any, **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "train", **meta}, "spec": spec}


def asked(*documents: Any) -> Asked:
    return read(documents, "team-a", "x.yaml")


def job(parallelism: int | None = None, completions: int | None = None, **more: Any) -> dict[str, Any]:
    numbers = {"parallelism": parallelism, "completions": completions}
    return {**{key: value for key, value in numbers.items() if value is not None}, "template": TEMPLATE, **more}


def replicas(count: int) -> dict[str, Any]:
    return {"replicas": count, "template": TEMPLATE}


RAY = {
    "headGroupSpec": {"template": TEMPLATE},
    "workerGroupSpecs": [
        {"groupName": "big", "replicas": 3, "numOfHosts": 2, "template": TEMPLATE},
        {"groupName": "idle", "minReplicas": 1, "template": TEMPLATE},
    ],
}
TRAINER_JOB = {
    "name": "node",
    "template": {
        "metadata": {"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}},
        "spec": {"template": {"spec": {**POD, "nodeSelector": {"pool": "h100"}}}},
    },
}
INITIALIZER = {"name": "dataset-initializer", "template": {"spec": {"template": TEMPLATE}}}
RUNTIME = {
    "kind": "ClusterTrainingRuntime",
    "metadata": {"name": "torch"},
    "spec": {
        "mlPolicy": {"numNodes": 2},
        "template": {"spec": {"replicatedJobs": [INITIALIZER, TRAINER_JOB]}},
    },
}


@pytest.mark.parametrize(
    ("document", "groups"),
    [
        (obj("Pod", POD), [("train", 1)]),
        (obj("Job", job()), [("train", 1)]),
        (obj("Job", job(8)), [("train", 8)]),
        (obj("Job", job(8, 3)), [("train", 3)]),
        (obj("Job", job(2, 30)), [("train", 2)]),
        (obj("CronJob", {"jobTemplate": {"spec": job(4)}}), [("train", 4)]),
        (obj("Deployment", replicas(5)), [("train", 5)]),
        (obj("Deployment", {"template": TEMPLATE}), [("train", 1)]),
        (obj("StatefulSet", replicas(2)), [("train", 2)]),
        (obj("ReplicaSet", replicas(2)), [("train", 2)]),
        (
            obj(
                "JobSet",
                {
                    "replicatedJobs": [
                        {"name": "workers", "replicas": 2, "template": {"spec": job(4)}},
                        {"name": "driver", "template": {"spec": job()}},
                    ]
                },
            ),
            [("workers", 8), ("driver", 1)],
        ),
        (
            obj("LeaderWorkerSet", {"replicas": 3, "leaderWorkerTemplate": {"size": 4, "workerTemplate": TEMPLATE}}),
            [("leader", 3), ("worker", 9)],
        ),
        (
            obj("PyTorchJob", {"pytorchReplicaSpecs": {"Master": replicas(1), "Worker": replicas(7)}}),
            [("Master", 1), ("Worker", 7)],
        ),
        (
            obj("MPIJob", {"mpiReplicaSpecs": {"Launcher": replicas(1), "Worker": replicas(4)}}),
            [("Launcher", 1), ("Worker", 4)],
        ),
        (obj("Job", {"tasks": [{"name": "ps", **replicas(2)}]}, volcano=True), [("ps", 2)]),
        (obj("RayCluster", RAY), [("head", 1), ("big", 6), ("idle", 1)]),
        (obj("RayJob", {"rayClusterSpec": RAY}), [("head", 1), ("big", 6), ("idle", 1)]),
        (obj("RayService", {"rayClusterConfig": RAY}), [("head", 1), ("big", 6), ("idle", 1)]),
        (obj("InferenceThing", {"decode": replicas(2), "prefill": replicas(3)}), [("decode", 2), ("prefill", 3)]),
        (
            {"kind": "List", "items": [obj("Pod", POD), obj("Job", job(2)), {"kind": "Service"}]},
            [("train", 1), ("train", 2)],
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_pods_of_a_kind(document: dict[str, Any], groups: list[tuple[str, int]]) -> None:
    found = asked(document)
    assert [(group.name, group.count) for group in found.groups] == groups
    assert all(group.pod["spec"]["containers"] == POD["containers"] for group in found.groups)
    assert all(group.namespace == "team-a" for group in found.groups)


def test_several_documents_with_what_they_need() -> None:
    text = """
kind: ResourceClaimTemplate
metadata: {name: gpus}
spec: {spec: {devices: {requests: []}}}
---
---
kind: PersistentVolumeClaim
metadata: {name: data, namespace: other}
---
kind: Job
metadata: {name: a, namespace: other}
spec: {parallelism: 2, template: {spec: {containers: [{name: c}]}}}
"""
    found = asked(*yaml.safe_load_all(text))
    assert list(found.claim_templates) == [("team-a", "gpus")]
    assert list(found.volumes) == [("other", "data")]
    assert (found.count, found.groups[0].namespace) == (2, "other")


def test_a_trainjob_takes_its_runtime() -> None:
    train = obj(
        "TrainJob", {"runtimeRef": {"name": "torch"}, "trainer": {"resourcesPerNode": {"limits": {"x/gpu": 4}}}}
    )
    (group,) = asked(RUNTIME, train).groups
    assert (group.name, group.count, group.pod["spec"]["nodeSelector"]) == ("node", 2, {"pool": "h100"})
    assert group.pod["spec"]["containers"][0]["resources"] == {"limits": {"x/gpu": 4}}
    (group,) = read([train], "team-a", "x", lambda *_: RUNTIME).groups
    assert group.count == 2


def test_a_trainjob_without_its_runtime_says_so() -> None:
    train = obj("TrainJob", {"runtimeRef": {"name": "torch"}, "trainer": {"numNodes": 3, "resourcesPerNode": {}}})
    found = asked(train)
    assert (found.count, found.remarks) == (
        3,
        ("runtime torch of TrainJob train is unknown: the job's own numbers are looked at",),
    )


def test_claims_of_a_statefulset_are_ephemeral_volumes() -> None:
    made = {"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}
    (group,) = asked(obj("StatefulSet", {**replicas(2), "volumeClaimTemplates": [made]})).groups
    volume = {"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "fast"}}}}
    assert group.pod["spec"]["volumes"] == [volume]


def test_what_is_looked_at_differently_is_said() -> None:
    pod = {**POD, "nodeName": "n1", "schedulingGates": [{"name": "g"}], "schedulerName": "volcano"}
    found = asked(obj("Job", {"suspend": True, "parallelism": 1, "template": {"spec": pod}}))
    assert found.remarks == (
        "Job train is suspended: this is about the moment it is resumed",
        "Job train names its node itself, past the scheduler: it is looked at as if it did not",
        "Job train is gated by g: this is about the moment the gate opens",
        "Job train is for volcano, which may decide otherwise",
    )
    assert not {"nodeName", "schedulingGates"} & set(found.groups[0].pod["spec"])


def test_no_replicas_are_no_pods() -> None:
    found = asked(obj("Deployment", replicas(0)), obj("Pod", POD))
    assert (found.count, found.remarks) == (1, ("train of Deployment train has no replicas",))


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "x.yaml holds no pods"),
        ([{"kind": "Service", "spec": {}}], "x.yaml holds no pods"),
        (["text"], "x.yaml: document 1 is no Kubernetes object: it has no kind"),
        ([{"spec": {}}], "x.yaml: document 1 is no Kubernetes object: it has no kind"),
        ([obj("DaemonSet", replicas(1))], "x.yaml: DaemonSet train starts a pod on every node"),
        ([obj("Job", {"parallelism": 2})], "x.yaml: Job train is not what a Job looks like"),
        ([obj("Job", job(parallelism="two"))], "'two' is not a number of pods"),  # type: ignore[arg-type]
        ([obj("Deployment", replicas(-1))], "x.yaml: Deployment train asks for -1 pods"),
        ([obj("Pod", {})], "x.yaml: the pods of Pod train have no containers"),
        ([{"kind": "Pod", "metadata": {"name": "train"}}], "x.yaml: Pod train is not what a Pod looks like"),
    ],
)
def test_what_cannot_be_read(documents: list[Any], said: str) -> None:
    with pytest.raises(Usage) as raised:
        asked(*documents)
    assert said in raised.value.message
