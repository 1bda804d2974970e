"""Ready, on its way, or failed, kind by kind."""

from typing import Any

import pytest

from k8sai.deploy.readiness import readiness


def obj(kind: str, spec: Any = None, status: Any = None, **meta: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": kind, "metadata": {"name": "x", "generation": 2, **meta}, "spec": spec or {}}
    return {**found, "status": status} if status is not None else found


def seen(**status: Any) -> dict[str, Any]:
    return {"observedGeneration": 2, **status}


def told(name: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": name, "status": status, **more}]}


JOBS = {"replicatedJobs": [{"name": "a", "replicas": 2}, {"name": "b"}]}
QUEUED = {"labels": {"kueue.x-k8s.io/queue-name": "team"}}
CRASH = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}


@pytest.mark.parametrize(
    ("what", "level", "text"),
    [
        (obj("ConfigMap"), "ready", "ready"),
        (obj("ConfigMap", deletionTimestamp="2026-01-01T00:00:00Z"), "failed", "it is being deleted"),
        (obj("Deployment", {"replicas": 2}), "progress", "its controller has not seen it yet"),
        (
            obj("Deployment", {"replicas": 2}, {"observedGeneration": 1}),
            "progress",
            "its controller has not seen it yet",
        ),
        (obj("Deployment", {"replicas": 2}, seen(updatedReplicas=1)), "progress", "1 of 2 new pods"),
        (obj("Deployment", {"replicas": 2}, seen(updatedReplicas=2, replicas=3)), "progress", "old pods to end: 1"),
        (
            obj("Deployment", {"replicas": 2}, seen(updatedReplicas=2, replicas=2, availableReplicas=1)),
            "progress",
            "1 of 2 available",
        ),
        (obj("Deployment", {}, seen(updatedReplicas=1, replicas=1, availableReplicas=1)), "ready", "ready"),
        (obj("Deployment", {"replicas": 0}, seen()), "ready", "ready"),
        (
            obj(
                "Deployment",
                {},
                seen(**told("Progressing", "False", reason="ProgressDeadlineExceeded", message="late")),
            ),
            "failed",
            "late",
        ),
        (obj("StatefulSet", {"replicas": 2}, seen(readyReplicas=1)), "progress", "1 of 2 ready"),
        (
            obj(
                "StatefulSet",
                {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                seen(readyReplicas=3, updateRevision="b", currentRevision="a", updatedReplicas=1),
            ),
            "progress",
            "1 of 2 new pods",
        ),
        (
            obj(
                "StatefulSet",
                {"updateStrategy": {"type": "OnDelete"}},
                seen(readyReplicas=1, updateRevision="b", currentRevision="a"),
            ),
            "ready",
            "ready",
        ),
        (obj("DaemonSet", {}, seen(desiredNumberScheduled=3, updatedNumberScheduled=2)), "progress", "2 of 3 new pods"),
        (
            obj("DaemonSet", {}, seen(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3)),
            "ready",
            "ready",
        ),
        (obj("DaemonSet", {}, seen()), "ready", "ready"),
        (obj("Job", {"parallelism": 2, "completions": 2}), "progress", "0 of 2 pods ready"),
        (obj("Job", {"parallelism": 4, "completions": 2}, {"ready": 2}), "ready", "running"),
        (obj("Job", {"parallelism": 2, "completions": 4}, {"ready": 1, "succeeded": 3}), "ready", "running"),
        (obj("Job", {}, told("Complete")), "ready", "complete"),
        (obj("Job", {}, told("Failed", message="BackoffLimitExceeded")), "failed", "BackoffLimitExceeded"),
        (obj("Job", {"suspend": True}), "progress", "suspended"),
        (obj("Job", {"suspend": True}, {}, **QUEUED), "progress", "queued in LocalQueue team"),
        (obj("JobSet", JOBS), "progress", "0 of 3 jobs running"),
        (
            obj("JobSet", JOBS, {"replicatedJobsStatus": [{"name": "a", "ready": 1, "succeeded": 1}, {"name": "b"}]}),
            "progress",
            "2 of 3 jobs running",
        ),
        (
            obj("JobSet", JOBS, {"replicatedJobsStatus": [{"name": "a", "ready": 2}, {"name": "b", "ready": 1}]}),
            "ready",
            "running",
        ),
        (obj("JobSet", JOBS, told("Completed")), "ready", "complete"),
        (obj("TrainJob", {}, {}), "progress", "0 of 1 jobs running"),
        (obj("TrainJob", {}, {"jobsStatus": [{"name": "node", "ready": 1}]}), "ready", "running"),
        (obj("LeaderWorkerSet", {}, {}), "progress", "not available yet"),
        (obj("LeaderWorkerSet", {}, told("Available")), "ready", "ready"),
        (obj("RayCluster", {}, {"state": "ready"}), "ready", "ready"),
        (obj("RayCluster", {}, {}), "progress", "new"),
        (obj("RayJob", {}, {"jobDeploymentStatus": "Running"}), "ready", "running"),
        (obj("RayJob", {}, {"jobStatus": "FAILED", "message": "oom"}), "failed", "oom"),
        (obj("InferenceService", {}, {}), "progress", "not ready yet"),
        (obj("InferenceService", {}, told("Ready", "False", message="no predictor")), "progress", "no predictor"),
        (obj("Workload", {}, told("Admitted", "False", message="no quota")), "progress", "no quota"),
        (obj("CustomResourceDefinition", {}, {}), "progress", "not established yet"),
        (obj("CustomResourceDefinition", {}, told("Established")), "ready", "ready"),
        (obj("Namespace", {}, {"phase": "Active"}), "ready", "ready"),
        (obj("PersistentVolumeClaim", {}, {"phase": "Bound"}), "ready", "ready"),
        (obj("PersistentVolumeClaim", {}, {"phase": "Lost"}), "failed", "its volume is lost"),
        (obj("Pod", {}, {"phase": "Running", **told("Ready")}), "ready", "ready"),
        (obj("Pod", {}, {"phase": "Succeeded"}), "ready", "complete"),
        (obj("Pod", {}, {"phase": "Failed", "reason": "Evicted"}), "failed", "Evicted"),
        (obj("Pod", {}, {"phase": "Running", **CRASH}), "progress", "main: CrashLoopBackOff"),
        (obj("Pod", {}, told("PodScheduled", "False", reason="SchedulingGated")), "progress", "gated"),
        (obj("Pod", {}, told("PodScheduled", "False", message="0/3 nodes")), "progress", "0/3 nodes"),
        (obj("Anything", {}, told("Ready", "False", reason="Starting")), "progress", "Starting"),
        (obj("Anything", {}, told("Failed", message="broken")), "failed", "broken"),
        (obj("Anything", {}, told("Available")), "ready", "ready"),
        (obj("Anything", {}, {"observedGeneration": 1}), "progress", "its controller has not seen it yet"),
    ],
)
def test_how_it_stands(what: dict[str, Any], level: str, text: str) -> None:
    state = readiness(what)
    assert (state.level, state.text) == (level, text)


def test_who_waits_in_a_queue_waits_in_order() -> None:
    assert readiness(obj("Job", {"suspend": True}, {}, **QUEUED)).queued
    assert not readiness(obj("Job", {})).queued
