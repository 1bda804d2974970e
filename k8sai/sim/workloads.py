"""Workloads of a scenario as Kubernetes objects."""

from k8sai.sim.hardware import INSTANCE
from k8sai.sim.objects import Obj
from k8sai.sim.scenario import Workload

OWNER = "k8sai.dev/owner"
QUEUE = "kueue.x-k8s.io/queue-name"
_ANNOTATION = "sim.k8sai.dev/"
_API = {"Pod": "v1", "Job": "batch/v1", "JobSet": "jobset.x-k8s.io/v1alpha2"}


def title(workload: Workload, number: int) -> str:
    """The name of the n-th of them, counted from 1."""
    return workload.name.replace("{i}", str(number))


def top_object(workload: Workload, number: int, run_for: float) -> Obj:
    """The object a user would create. `run_for` is in seconds; 0 runs until it is stopped."""
    name = title(workload, number)
    metadata: Obj = {"name": name, "namespace": workload.namespace, "labels": _labels(workload, name)}
    if workload.kind == "Pod":
        template = _template(workload, name, run_for)
        return {**template, "apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], **metadata}}
    if workload.kind == "JobSet":
        replicated = {"name": "workers", "replicas": workload.jobs, "template": {"spec": _job(workload, name, run_for)}}
        spec: Obj = {"replicatedJobs": [replicated], "failurePolicy": {"maxRestarts": 3}, "suspend": workload.suspend}
    elif workload.kind == "Job":
        spec = _job(workload, name, run_for) | {"suspend": workload.suspend}
    else:
        selector = {"app.kubernetes.io/name": name}
        spec = {"replicas": workload.pods, "selector": {"matchLabels": selector}}
        spec["template"] = _template(workload, name, run_for)
        if workload.kind == "StatefulSet":
            spec |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    api = _API.get(workload.kind, "apps/v1")
    return {"apiVersion": api, "kind": workload.kind, "metadata": metadata, "spec": spec}


def _labels(workload: Workload, name: str) -> Obj:
    labels = {"app.kubernetes.io/name": name, **workload.labels}
    if workload.queue:
        labels[QUEUE] = workload.queue
    if workload.owner:
        labels[OWNER] = workload.owner
    return labels


def _job(workload: Workload, name: str, run_for: float) -> Obj:
    return {
        "parallelism": workload.pods,
        "completions": workload.pods,
        "completionMode": "Indexed",
        "backoffLimit": 3,
        "template": _template(workload, name, run_for),
    }


def claim_template(workload: Workload, number: int) -> Obj | None:
    """The ResourceClaimTemplate its pods refer to, where it uses DRA."""
    if workload.claim is None:
        return None
    exactly: Obj = {
        "deviceClassName": workload.claim.device_class,
        "allocationMode": "ExactCount",
        "count": workload.claim.count,
    }
    if workload.claim.selector:
        exactly["selectors"] = [{"cel": {"expression": workload.claim.selector}}]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": title(workload, number), "namespace": workload.namespace},
        "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
    }


def pod_group(workload: Workload, number: int) -> Obj | None:
    """The PodGroup its pods belong to, where they start together or not at all."""
    if not workload.gang:
        return None
    members = workload.jobs * workload.pods if workload.kind == "JobSet" else workload.pods
    return {
        "apiVersion": "scheduling.k8s.io/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": title(workload, number), "namespace": workload.namespace},
        "spec": {"schedulingPolicy": {"gang": {"minCount": members}}},
    }


def _template(workload: Workload, name: str, run_for: float) -> Obj:
    annotations = {
        "run-for": f"{run_for:.0f}s" if run_for else "",
        "exit-code": str(workload.exit_code) if workload.exit_code else "",
        "image-error": workload.image_error,
        "stop-after": workload.stop_after,
        "idle": f"{workload.idle:g}" if workload.idle else "",
    }
    marks = {_ANNOTATION + k: v for k, v in annotations.items() if v}
    return {"metadata": {"labels": _labels(workload, name), "annotations": marks}, "spec": _pod_spec(workload, name)}


def _pod_spec(workload: Workload, name: str) -> Obj:
    amounts: Obj = {"cpu": workload.cpu, "memory": workload.memory}
    if workload.gpus:
        amounts[workload.resource] = str(workload.gpus)
    container: Obj = {"name": "main", "image": workload.image, "resources": {"requests": amounts, "limits": amounts}}
    spec: Obj = {"containers": [container]}
    if workload.kind not in ("Deployment", "StatefulSet"):
        spec["restartPolicy"] = "Never"
    if workload.claim is not None:
        spec["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": name}]
        container["resources"] = {**container["resources"], "claims": [{"name": "gpu"}]}
    if workload.gang:
        spec["schedulingGroup"] = {"podGroupName": name}
    if workload.priority:
        spec["priorityClassName"] = workload.priority
    if workload.group:
        spec["nodeSelector"] = {INSTANCE: workload.group}
    if workload.gate:
        spec["schedulingGates"] = [{"name": workload.gate}]
    if workload.tolerate:
        spec["tolerations"] = [{"key": key, "operator": "Exists"} for key in workload.tolerate]
    if workload.grace is not None:
        spec["terminationGracePeriodSeconds"] = workload.grace
    return spec
