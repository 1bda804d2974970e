"""The pod sets of a manifest as Kueue makes them: names, counts and templates, kind by kind.

Source: PodSets of pkg/controller/jobs in Kueue 0.19; Job, JobSet, LeaderWorkerSet, StatefulSet, Deployment and TrainJob
are measured on it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from k8sai.fit.ask import Group
from k8sai.fit.manifests import Runtime, count_of
from k8sai.queues.facts import Json

PodSets = list[Json]  # of one Workload, as in its spec

_TOPOLOGY: Final = "kueue.x-k8s.io/podset-"
_MINIMUM: Final = "kueue.x-k8s.io/job-min-parallelism"
_REPLICAS: Final[Mapping[str, tuple[str, ...]]] = {  # the types of replicas in the order Kueue takes them
    "PyTorchJob": ("Master", "Worker"),
    "TFJob": ("Chief", "Master", "PS", "Worker", "Evaluator"),
    "XGBoostJob": ("Master", "Worker"),
    "PaddleJob": ("Master", "Worker"),
    "JAXJob": ("Worker",),
    "MPIJob": ("Launcher", "Worker"),
}
_ANCESTOR: Final = "trainer.kubeflow.org/trainjob-ancestor-step"
_TRAINER: Final = ("node", "trainer")
_SUBMITTER: Final = {"cpu": "500m", "memory": "200Mi"}  # what KubeRay asks for its own containers
_AUTOSCALER: Final = {"cpu": "500m", "memory": "512Mi"}


def workloads(obj: Json, groups: tuple[Group, ...], runtime: Runtime) -> list[PodSets]:
    """One entry per Workload that Kueue makes of the object. `groups` are its pods where the kind has no rule here.

    Raises KeyError, TypeError or ValueError for an object of another shape than its kind has.
    """
    kind, spec = obj["kind"], obj.get("spec") or {}
    match kind:
        case "Pod":
            return [[_pod_set("main", 1, obj)]]
        case "Job" if "tasks" not in spec:
            return [[_job(obj)]]
        case "CronJob":
            return [[_job(spec["jobTemplate"])]]
        case "JobSet":
            return [list(_replicated(spec["replicatedJobs"]))]
        case "LeaderWorkerSet":
            return [list(_leader_and_workers(spec["leaderWorkerTemplate"]))] * count_of(spec.get("replicas"), 1)
        case "StatefulSet":
            return [[_pod_set("main", count_of(spec.get("replicas"), 1), spec["template"])]]
        case "Deployment":
            return [[_pod_set("main", 1, spec["template"])]] * count_of(spec.get("replicas"), 1)
        case "RayCluster":
            return [list(_ray(spec))]
        case "RayService":
            return [list(_ray(spec.get("rayClusterConfig") or spec["rayClusterSpec"]))]
        case "RayJob":
            return [list(_ray_job(spec))]
        case "TrainJob":
            return [_training(obj, spec, groups, runtime)]
        case _ if kind in _REPLICAS:
            return [list(_kubeflow(spec, _REPLICAS[kind]))]
    return [[_pod_set(group.name or "main", group.count, group.pod) for group in groups]]


def known(kind: str) -> bool:
    """Kueue's own integrations; others are taken by the templates that are in them."""
    return kind in _REPLICAS or kind in (
        *("Pod", "Job", "CronJob", "JobSet", "LeaderWorkerSet", "StatefulSet", "Deployment"),
        *("RayCluster", "RayService", "RayJob", "TrainJob", "AppWrapper"),
    )


def _pod_set(name: str, count: int, template: Json) -> Json:
    meta = template.get("metadata") or {}
    found: Json = {
        "name": name.lower(),
        "count": count,
        "template": {"metadata": _kept(meta), "spec": template["spec"]},
    }
    topology = _topology(meta.get("annotations") or {})
    return {**found, "topologyRequest": topology} if topology else found


def _kept(meta: Json) -> Json:
    """Labels and annotations are all that a template in a Workload may have."""
    return {key: dict(meta[key]) for key in ("labels", "annotations") if meta.get(key)}


def _topology(annotations: Mapping[str, str]) -> Json:
    def said(name: str) -> str | None:
        return annotations.get(_TOPOLOGY + name)

    found: Json = {}
    if required := said("required-topology"):
        found["required"] = required
    elif preferred := said("preferred-topology"):
        found["preferred"] = preferred
    elif unconstrained := said("unconstrained-topology"):
        found["unconstrained"] = unconstrained.lower() in ("1", "t", "true")
    slices, size = said("slice-required-topology"), said("slice-size")
    if slices and size:
        found |= {"podSetSliceRequiredTopology": slices, "podSetSliceSize": int(size)}
    group = said("group-name")
    if group and (required or preferred):
        found["podSetGroupName"] = group
    return found


def _job(obj: Json) -> Json:
    spec = obj["spec"]
    found = _pod_set("main", _at_once(spec), spec["template"])
    least = ((obj.get("metadata") or {}).get("annotations") or {}).get(_MINIMUM, "")
    return {**found, "minCount": int(least)} if least.isdigit() else found


def _at_once(spec: Json) -> int:
    """Pods of a Job that run together."""
    parallel = count_of(spec.get("parallelism"), 1)
    return min(parallel, count_of(spec.get("completions"), parallel))


def _replicated(jobs: list[Json]) -> Iterator[Json]:
    for job in jobs:
        spec = job["template"]["spec"]
        yield _pod_set(job["name"], count_of(job.get("replicas"), 1) * _at_once(spec), spec["template"])


def _leader_and_workers(spec: Json) -> Iterator[Json]:
    """Of one replica: without a template of its own the leader is one of the workers."""
    size, leader = count_of(spec.get("size"), 1), spec.get("leaderTemplate")
    if leader:
        yield _pod_set("leader", 1, leader)
    yield _pod_set("worker" if leader else "main", size - 1 if leader else size, spec["workerTemplate"])


def _kubeflow(spec: Json, types: tuple[str, ...]) -> Iterator[Json]:
    specs = next(value for key, value in spec.items() if key.endswith("ReplicaSpecs"))
    for name in types:
        if specs.get(name):
            yield _pod_set(name, count_of(specs[name].get("replicas"), 1), specs[name]["template"])


# --- Ray --------------------------------------------------------------------------------------------------------------


def _ray(spec: Json) -> Iterator[Json]:
    head = spec["headGroupSpec"]["template"]
    if spec.get("enableInTreeAutoscaling"):
        asked = (spec.get("autoscalerOptions") or {}).get("resources") or {"requests": _AUTOSCALER}
        head = _with_container(head, "autoscaler", asked)
    yield _pod_set("head", 1, head)
    for workers in spec.get("workerGroupSpecs") or ():
        count = count_of(workers.get("replicas"), 1) * max(1, count_of(workers.get("numOfHosts"), 1))
        yield _pod_set(workers["groupName"], count, workers["template"])


def _ray_job(spec: Json) -> Iterator[Json]:
    """With the pod that submits, or its container in the head."""
    mode = spec.get("submissionMode") or "K8sJobMode"
    cluster = spec["rayClusterSpec"]
    if mode == "SidecarMode":
        group = cluster["headGroupSpec"]
        template = _with_container(group["template"], "ray-job-submitter", {"requests": _SUBMITTER})
        cluster = {**cluster, "headGroupSpec": {**group, "template": template}}
    yield from _ray(cluster)
    if mode == "K8sJobMode":
        own = {"spec": {"containers": [{"name": "ray-job-submitter", "resources": {"requests": _SUBMITTER}}]}}
        yield _pod_set("submitter", 1, spec.get("submitterPodTemplate") or own)


def _with_container(template: Json, name: str, resources: Json) -> Json:
    spec = template["spec"]
    containers = [*spec["containers"], {"name": name, "resources": resources}]
    return {**template, "spec": {**spec, "containers": containers}}


# --- Trainer ----------------------------------------------------------------------------------------------------------


def _training(obj: Json, spec: Json, groups: tuple[Group, ...], runtime: Runtime) -> PodSets:
    """All jobs of its runtime, the trainer's with the numbers of the TrainJob; without a runtime those alone."""
    reference, trainer = spec.get("runtimeRef") or {}, spec.get("trainer") or {}
    kind, namespace = (
        reference.get("kind") or "ClusterTrainingRuntime",
        (obj.get("metadata") or {}).get("namespace", ""),
    )
    found = runtime(kind, namespace, reference.get("name") or "")
    if found is None:
        return [_pod_set(group.name or "node", group.count, group.pod) for group in groups]
    made = found.get("spec") or {}
    nodes = count_of(trainer.get("numNodes"), count_of((made.get("mlPolicy") or {}).get("numNodes"), 1))
    return [
        _of_runtime(job, nodes, trainer.get("resourcesPerNode")) for job in made["template"]["spec"]["replicatedJobs"]
    ]


def _of_runtime(job: Json, nodes: int, resources: Json | None) -> Json:
    inner = job["template"]
    step = ((inner.get("metadata") or {}).get("labels") or {}).get(_ANCESTOR)
    template = inner["spec"]["template"]
    if not (step == "trainer" or (step is None and job["name"] in _TRAINER)):
        return _pod_set(job["name"], count_of(job.get("replicas"), 1) * _at_once(inner["spec"]), template)
    if resources:
        containers = template["spec"]["containers"]
        chosen = next((one for one in containers if one.get("name") in _TRAINER), containers[0])
        changed = [{**one, "resources": resources} if one is chosen else one for one in containers]
        template = {**template, "spec": {**template["spec"], "containers": changed}}
    return _pod_set(job["name"], nodes, template)
