"""Gangs as people write them: a Job, a JobSet, a TrainJob, an LWS, bare pods; a service with its budget; queues."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

GPU: Final = "nvidia.com/gpu"
QUEUE: Final = "kueue.x-k8s.io/queue-name"
KUEUE: Final = "kueue.x-k8s.io/v1beta2"
YARD: Final = "yard"  # a label of nodes, whose value a gang's pods select and whose taint they tolerate
PREFIX: Final = "k8sai.dev/"

# A volume in which a pod finds its annotations: requests are written on it then, and not on its owner.
SHOWN: Final[Json] = {
    "name": "about",
    "downwardAPI": {"items": [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}]},
}


def contract(name: str, **more: str) -> dict[str, str]:
    """It watches its annotations, all ranks answer, the checkpoint lies in a bucket; `more` replaces, with _ for -."""
    keys = {
        "checkpoint": "annotation",
        "checkpoint-scope": "all",
        "checkpoint-after": "pause",
        "checkpoint-path": f"s3://checkpoints/{name}",
        "checkpoint-durable": "object",
        "checkpoint-deadline": "30s",
        **{key.replace("_", "-"): value for key, value in more.items()},
    }
    return {f"{PREFIX}{key}": value for key, value in keys.items() if value}


def pod_spec(gpus: int, where: str, **more: Any) -> Json:
    amounts = {"cpu": "1", **({GPU: str(gpus)} if gpus else {})}
    resources = {"requests": amounts, "limits": {GPU: str(gpus)} if gpus else {}}
    return {
        "containers": [{"name": "main", "image": "registry.example/train:1", "resources": resources}],
        "nodeSelector": {YARD: where},
        "tolerations": [{"key": YARD, "value": where, "effect": "NoSchedule"}],
        "terminationGracePeriodSeconds": 1,
        **more,
    }


def _made(api: str, kind: str, name: str, spec: Json, **meta: Any) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **meta}, "spec": spec}


def _queued(queue: str) -> dict[str, dict[str, str]]:
    return {"labels": {QUEUE: queue}} if queue else {}


def _job_spec(pods: int, gpus: int, where: str) -> Json:
    return {
        "parallelism": pods,
        "completions": pods,
        "completionMode": "Indexed",
        "backoffLimit": 0,
        "template": {"spec": pod_spec(gpus, where, restartPolicy="Never")},
    }


def job(
    name: str, where: str, pods: int = 2, gpus: int = 8, queue: str = "", says: Mapping[str, str] | None = None
) -> Json:
    """With a backoffLimit of 0: it does not get over the eviction of one pod."""
    spec = _job_spec(pods, gpus, where)
    return _made("batch/v1", "Job", name, spec, annotations=dict(says or {}), **_queued(queue))


def jobset(
    name: str, where: str, pods: int = 2, gpus: int = 8, queue: str = "", says: Mapping[str, str] | None = None
) -> Json:
    """Without a failure policy: the first eviction ends it."""
    inner = {"name": "workers", "replicas": 1, "template": {"spec": _job_spec(pods, gpus, where)}}
    spec = {"replicatedJobs": [inner]}
    return _made("jobset.x-k8s.io/v1alpha2", "JobSet", name, spec, annotations=dict(says or {}), **_queued(queue))


def runtime(name: str, where: str, gpus: int = 8) -> Json:
    """What a TrainJob of that name runs on."""
    pod = pod_spec(gpus, where)
    pod["containers"][0]["name"] = "node"
    labels = {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    node = {"name": "node", "template": {"metadata": {"labels": labels}, "spec": {"template": {"spec": pod}}}}
    spec = {"mlPolicy": {"numNodes": 1, "torch": {}}, "template": {"spec": {"replicatedJobs": [node]}}}
    return _made("trainer.kubeflow.org/v1alpha1", "TrainingRuntime", name, spec)


def trainjob(name: str, pods: int = 2, says: Mapping[str, str] | None = None) -> Json:
    ref = {"apiGroup": "trainer.kubeflow.org", "kind": "TrainingRuntime", "name": name}
    spec = {"runtimeRef": ref, "trainer": {"numNodes": pods}}
    return _made("trainer.kubeflow.org/v1alpha1", "TrainJob", name, spec, annotations=dict(says or {}))


def workers(name: str, where: str, size: int = 2, gpus: int = 8, says: Mapping[str, str] | None = None) -> Json:
    """A LeaderWorkerSet of one group; its pods see their own annotations."""
    template = {"metadata": {"annotations": dict(says or {})}, "spec": pod_spec(gpus, where, volumes=[SHOWN])}
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": size, "workerTemplate": template}}
    return _made("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", name, spec)


def bare(name: str, where: str, gpus: int = 8, says: Mapping[str, str] | None = None) -> Json:
    spec = pod_spec(gpus, where, restartPolicy="Never")
    return _made("v1", "Pod", name, spec, annotations=dict(says or {}))


def service(name: str, where: str, replicas: int = 1, gpus: int = 0) -> Json:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(gpus, where)}
    return _made(
        *("apps/v1", "Deployment", name),
        {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    )


def budget(name: str, app: str, **spec: Any) -> Json:
    """A PodDisruptionBudget over the service `app`; minAvailable 1 unless `spec` says otherwise."""
    selector = {"selector": {"matchLabels": {"app": app}}}
    return _made("policy/v1", "PodDisruptionBudget", name, {**(spec or {"minAvailable": 1}), **selector})


def queues(name: str, gpus: int, local: str = "main", **spec: Any) -> list[Json]:
    """A flavor and a ClusterQueue called `name`, and a LocalQueue; `spec` adds to the ClusterQueue's."""
    quotas = [{"name": "cpu", "nominalQuota": "1k"}, {"name": GPU, "nominalQuota": str(gpus)}]
    group = {"coveredResources": ["cpu", GPU], "flavors": [{"name": name, "resources": quotas}]}
    cluster_queue = {"namespaceSelector": {}, "resourceGroups": [group], **spec}
    return [
        _made(KUEUE, "ResourceFlavor", name, {}),
        _made(KUEUE, "ClusterQueue", name, cluster_queue),
        _made(KUEUE, "LocalQueue", local, {"clusterQueue": name}),
    ]
