"""TrainJobs of Kubeflow Trainer: a JobSet from a training runtime, suspended and resumed with its TrainJob.

Source: trainer 2.3 `pkg/controller/trainjob_controller.go` and `pkg/runtime/framework/plugins/{jobset,torch}`. A JobSet
is written anew only while it or its TrainJob is suspended; what others do to one that runs is undone in this way alone.
"""

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import Desk, Key, condition, key_of, leaving, own, with_condition
from k8sai.sim.controllers.jobsets import JOBSETS
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of, copied

TRAINJOBS = kinds.find("trainer.kubeflow.org", "trainjobs")
RUNTIMES = kinds.find("trainer.kubeflow.org", "trainingruntimes")
CLUSTER_RUNTIMES = kinds.find("trainer.kubeflow.org", "clustertrainingruntimes")
_BY = "trainer.kubeflow.org/trainjob-controller"
_STEP = "trainer.kubeflow.org/trainjob-ancestor-step"
_PORT = 29500
_COUNTS = ("active", "failed", "ready", "succeeded", "suspended")


class TrainJobs:
    """One key per TrainJob."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("trainjobs", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is TRAINJOBS:
            self._add(key_of(event.obj))
        elif event.resource is JOBSETS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "TrainJob":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))
        elif event.resource in (RUNTIMES, CLUSTER_RUNTIMES):
            for one in self._desk.store.list(TRAINJOBS):
                self._add(key_of(one))

    def sync(self, key: Key) -> None:
        trainjob = self._desk.find(TRAINJOBS, key)
        if trainjob is None or leaving(trainjob) or trainjob["spec"].get("managedBy", _BY) != _BY or _over(trainjob):
            return
        runtime = self._runtime(trainjob)
        jobset = self._desk.find(JOBSETS, key)
        if runtime is not None and (jobset is None or _suspended(jobset) or _suspended(trainjob)):
            jobset = self._write(jobset, jobset_of(trainjob, runtime))
        self._report(trainjob, jobset)

    def _runtime(self, trainjob: Obj) -> Obj | None:
        ref = trainjob["spec"]["runtimeRef"]
        whole = ref.get("kind", "ClusterTrainingRuntime") == "ClusterTrainingRuntime"
        namespace = "" if whole else trainjob["metadata"]["namespace"]
        return self._desk.find(CLUSTER_RUNTIMES if whole else RUNTIMES, (namespace, ref["name"]))

    def _write(self, jobset: Obj | None, wanted: Obj) -> Obj:
        if jobset is None:
            return self._desk.store.create(JOBSETS, wanted)
        spec = {**jobset["spec"], **wanted["spec"]}
        return self._desk.store.update(JOBSETS, {**jobset, "spec": spec}) if spec != jobset["spec"] else jobset

    def _report(self, trainjob: Obj, jobset: Obj | None) -> None:
        old, now = trainjob.get("status") or {}, self._desk.stamp()
        conditions = list(old.get("conditions") or ())
        known = (condition(trainjob, "Suspended") or {}).get("status")
        if _suspended(trainjob) and known != "True":
            conditions = with_condition(conditions, _condition("Suspended", "True", "Suspended", "suspended"), now)
        elif not _suspended(trainjob) and known == "True":
            conditions = with_condition(conditions, _condition("Suspended", "False", "Resumed", "resumed"), now)
        status: Obj = dict(old)
        for theirs, ours in (("Completed", "Complete"), ("Failed", "Failed")):
            ended = condition(jobset, theirs) if jobset else None
            if ended is not None and ended["status"] == "True":
                said = {"type": ours, **{key: ended[key] for key in ("status", "reason", "message")}}
                conditions = with_condition(conditions, said, now)
        if conditions:
            status["conditions"] = conditions
        counted = (jobset.get("status") or {}).get("replicatedJobsStatus") if jobset else None
        if counted:
            status["jobsStatus"] = [
                {"name": one["name"], **{key: one.get(key, 0) for key in _COUNTS}} for one in counted
            ]
        self._desk.put_status(TRAINJOBS, trainjob, status)


def _suspended(obj: Obj) -> bool:
    return bool(obj["spec"].get("suspend"))


def _over(trainjob: Obj) -> bool:
    return any((condition(trainjob, kind) or {}).get("status") == "True" for kind in ("Complete", "Failed"))


def _condition(kind: str, status: str, reason: str, word: str) -> Obj:
    return {"type": kind, "status": status, "reason": reason, "message": f"TrainJob is {word}"}


def jobset_of(trainjob: Obj, runtime: Obj) -> Obj:
    """The JobSet of a TrainJob: its runtime's, with the TrainJob's trainer in it."""
    meta, spec = trainjob["metadata"], copied(runtime["spec"]["template"]["spec"])
    for replicated in spec["replicatedJobs"]:
        replicated.setdefault("replicas", 1)
        labels = (replicated["template"].get("metadata") or {}).get("labels") or {}
        if labels.get(_STEP) == "trainer":
            _train(trainjob, runtime["spec"].get("mlPolicy") or {}, replicated)
    spec["suspend"] = _suspended(trainjob)
    carried = {key: dict(trainjob["spec"].get(key) or {}) for key in ("labels", "annotations")}
    kept = {key: value for key, value in carried.items() if value}
    name = {"name": meta["name"], "namespace": meta["namespace"]}
    return {"metadata": {**name, **kept, "ownerReferences": [own(trainjob, TRAINJOBS)]}, "spec": spec}


def _train(trainjob: Obj, policy: Obj, replicated: Obj) -> None:
    """Nodes, command and environment of the Job that trains."""
    trainer = trainjob["spec"].get("trainer") or {}
    nodes = int(trainer.get("numNodes") or policy.get("numNodes") or 1)
    job = replicated["template"].setdefault("spec", {})
    job |= {"parallelism": nodes, "completions": nodes, "completionMode": "Indexed"}
    job["template"]["spec"].setdefault("restartPolicy", "OnFailure")
    container = job["template"]["spec"]["containers"][0]
    container |= {key: trainer[key] for key in ("image", "command", "args") if trainer.get(key)}
    if trainer.get("resourcesPerNode"):
        container["resources"] = trainer["resourcesPerNode"]
    container["env"] = [*(container.get("env") or ()), *(trainer.get("env") or ())]
    if "torch" in policy:
        first = f"{trainjob['metadata']['name']}-{replicated['name']}-0-0.{trainjob['metadata']['name']}"
        container["env"] += _torch(nodes, str(trainer.get("numProcPerNode") or "auto"), first)
        container["ports"] = [{"containerPort": _PORT, "protocol": "TCP"}]


def _torch(nodes: int, processes: str, first: str) -> list[Obj]:
    rank = {"fieldRef": {"fieldPath": "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}
    return [
        {"name": "PET_NNODES", "value": str(nodes)},
        {"name": "PET_NPROC_PER_NODE", "value": processes},
        {"name": "PET_NODE_RANK", "valueFrom": rank},
        {"name": "PET_MASTER_ADDR", "value": first},
        {"name": "PET_MASTER_PORT", "value": str(_PORT)},
    ]
