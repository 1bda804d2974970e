"""Pods of a manifest: every pod template by the kind that holds it, times the replicas that start at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.errors import Usage
from k8sai.fit.ask import Asked, Group, Json, Named
from k8sai.fit.proof import insist

Template = tuple[str, int, Json]  # the group's name, how many, the pod template
Runtime = Callable[[str, str, str], Json | None]  # kind, namespace, name -> the training runtime, if it is anywhere

_TRAINER: Final = "trainer.kubeflow.org/trainjob-ancestor-step"
_NODE: Final = ("node", "trainer")  # what runtimes call the job and the container that train
_EXCLUSIVE: Final = ("alpha.jobset.sigs.k8s.io/exclusive-topology", "leaderworkerset.sigs.k8s.io/exclusive-topology")
_TOPOLOGY: Final = ("kueue.x-k8s.io/podset-required-topology", "kueue.x-k8s.io/podset-slice-required-topology")


def read(documents: Iterable[Any], namespace: str, place: str, runtime: Runtime | None = None) -> Asked:
    """The pods of all documents, those without a namespace in this one. `place` names the file in errors.

    `runtime` looks for a TrainJob's runtime outside the file. Raises Usage.
    """
    reader = _Reader(namespace, place, runtime)
    for number, document in enumerate(documents, 1):
        reader.take(document, number)
    if not reader.groups:
        raise Usage(f"{place} holds no pods", "fit reads Pods, Jobs, Deployments and everything else with a template")
    return Asked(
        tuple(reader.groups),
        reader.claim_templates,
        reader.claims,
        reader.volumes,
        remarks=tuple(dict.fromkeys(reader.remarks)),
    )


@dataclass(slots=True)
class _Reader:
    namespace: str
    place: str
    runtime: Runtime | None
    groups: list[Group] = field(default_factory=list)
    claim_templates: dict[Named, Json] = field(default_factory=dict)
    claims: dict[Named, Json] = field(default_factory=dict)
    volumes: dict[Named, Json] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    runtimes: dict[tuple[str, str], Json] = field(default_factory=dict)  # kind, name

    def take(self, document: Any, number: int) -> None:
        """One document; an empty one is nothing."""
        if document is None:
            return
        if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
            raise Usage(f"{self.place}: document {number} is no Kubernetes object: it has no kind")
        obj = dict(document)
        if obj["kind"].endswith("List") and isinstance(obj.get("items"), list):
            for item in obj["items"]:
                self.take(item, number)
            return
        meta = obj.get("metadata") or {}
        where: Named = (meta.get("namespace") or self.namespace, meta.get("name") or meta.get("generateName") or "")
        kept = {
            "ResourceClaimTemplate": self.claim_templates,
            "ResourceClaim": self.claims,
            "PersistentVolumeClaim": self.volumes,
        }.get(obj["kind"])
        if kept is not None:
            kept[where] = obj
        elif obj["kind"] in ("TrainingRuntime", "ClusterTrainingRuntime"):
            self.runtimes[obj["kind"], where[1]] = obj
        else:
            self._workload(obj, where)

    def _workload(self, obj: Json, where: Named) -> None:
        title = f"{obj['kind']} {where[1]}"
        try:
            found = [(name, count, dict(each["spec"]), each) for name, count, each in self._templates(obj, where)]
        except KeyError as error:
            raise Usage(f"{self.place}: {title} is not what a {obj['kind']} looks like: it has no {error}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise Usage(f"{self.place}: {title} is not what a {obj['kind']} looks like: {error}") from error
        spec = obj.get("spec")
        if found and isinstance(spec, Mapping) and spec.get("suspend"):
            self.remarks.append(f"{title} is suspended: this is about the moment it is resumed")
        for name, count, pod, template in found:
            meta = {**(template.get("metadata") or {}), "namespace": where[0]}
            self._group(title, name or where[1], count, meta, pod)

    def _group(self, title: str, name: str, count: int, meta: Json, spec: Json) -> None:
        containers = spec.get("containers")
        if not isinstance(containers, list) or not containers or not all(isinstance(c, Mapping) for c in containers):
            raise Usage(f"{self.place}: the pods of {title} have no containers")
        insist({"metadata": meta, "spec": spec}, f"{self.place}: {title}")
        if count < 0:
            raise Usage(f"{self.place}: {title} asks for {count} pods")
        if spec.pop("nodeName", None):
            self.remarks.append(f"{title} names its node itself, past the scheduler: it is looked at as if it did not")
        if spec.get("schedulingGates"):
            gates = ", ".join(gate.get("name", "") for gate in spec.pop("schedulingGates"))
            self.remarks.append(f"{title} is gated by {gates}: this is about the moment the gate opens")
        if spec.get("schedulerName", "default-scheduler") != "default-scheduler":
            self.remarks.append(f"{title} is for {spec['schedulerName']}, which may decide otherwise")
        if any(key in (meta.get("annotations") or {}) for key in (*_EXCLUSIVE, *_TOPOLOGY)):
            self.remarks.append(f"the topology annotation of {title} is not looked at")
        if count:
            self.groups.append(Group(name, count, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}))
        else:
            self.remarks.append(f"{name} of {title} has no replicas")

    # --- kinds --------------------------------------------------------------------------------------------------------

    def _templates(self, obj: Json, where: Named) -> Iterator[Template]:
        kind, spec = obj["kind"], obj.get("spec") or {}
        match kind:
            case "Pod":
                yield "", 1, obj
            case "Job" if "tasks" not in spec:  # with tasks it is Volcano's
                yield from _job("", spec)
            case "CronJob":
                yield from _job("", spec["jobTemplate"]["spec"])
            case "JobSet":
                yield from _jobset(spec)
            case "LeaderWorkerSet":
                yield from _leaders(spec)
            case "StatefulSet":
                yield "", count_of(spec.get("replicas"), 1), _with_volumes(spec)
            case "RayCluster":
                yield from _ray(spec)
            case "RayJob":
                yield from _ray(spec["rayClusterSpec"])
            case "RayService":
                yield from _ray(spec.get("rayClusterConfig") or spec["rayClusterSpec"])
            case "TrainJob":
                yield from self._training(obj, spec, where)
            case "DaemonSet":
                raise Usage(
                    f"{self.place}: DaemonSet {where[1]} starts a pod on every node, which is not a number of pods",
                    "leave it out of the file",
                )
            case _:
                yield from _found(spec, "")

    def _training(self, obj: Json, spec: Json, where: Named) -> Iterator[Template]:
        """A TrainJob's nodes: its runtime's template with the trainer's numbers; without the runtime the numbers."""
        reference, trainer = spec.get("runtimeRef") or {}, spec.get("trainer") or {}
        kind, name = reference.get("kind") or "ClusterTrainingRuntime", reference.get("name") or ""
        found = self.runtimes.get((kind, name)) or (self.runtime(kind, where[0], name) if self.runtime else None)
        if found is None:
            self.remarks.append(
                f"runtime {name} of TrainJob {where[1]} is unknown: the job's own numbers are looked at"
            )
            container = {"name": "node", "resources": trainer.get("resourcesPerNode") or {}}
            yield "node", count_of(trainer.get("numNodes"), 1), {"spec": {"containers": [container]}}
            return
        runtime = found.get("spec") or {}
        nodes = count_of(trainer.get("numNodes"), count_of((runtime.get("mlPolicy") or {}).get("numNodes"), 1))
        jobs = ((runtime.get("template") or {}).get("spec") or {}).get("replicatedJobs") or ()
        for job in jobs:
            step = (((job.get("template") or {}).get("metadata") or {}).get("labels") or {}).get(_TRAINER)
            if step == "trainer" or (step is None and job.get("name") in _NODE):
                template = job["template"]["spec"]["template"]
                yield job["name"], nodes, _with_resources(template, trainer.get("resourcesPerNode"))


def _job(name: str, spec: Json) -> Iterator[Template]:
    at_once = count_of(spec.get("parallelism"), 1)
    if spec.get("completions") is not None:
        at_once = min(at_once, count_of(spec["completions"], 1))
    yield name, at_once, spec["template"]


def _jobset(spec: Json) -> Iterator[Template]:
    for replicated in spec["replicatedJobs"]:
        for name, count, template in _job(replicated["name"], replicated["template"]["spec"]):
            yield name, count * count_of(replicated.get("replicas"), 1), template


def _leaders(spec: Json) -> Iterator[Template]:
    """Each replica is a leader and `size` - 1 workers."""
    group = spec["leaderWorkerTemplate"]
    replicas, size = count_of(spec.get("replicas"), 1), count_of(group.get("size"), 1)
    worker = group["workerTemplate"]
    yield "leader", replicas, group.get("leaderTemplate") or worker
    if size > 1:
        yield "worker", replicas * (size - 1), worker


def _ray(spec: Json) -> Iterator[Template]:
    yield "head", 1, spec["headGroupSpec"]["template"]
    for workers in spec.get("workerGroupSpecs") or ():
        if not workers.get("suspend"):
            replicas = count_of(workers.get("replicas"), count_of(workers.get("minReplicas"), 0))
            yield (
                workers.get("groupName", "workers"),
                replicas * count_of(workers.get("numOfHosts"), 1),
                workers["template"],
            )


def _with_volumes(spec: Json) -> Json:
    """Claims made per pod are what an ephemeral volume is too: a claim of its own from a template."""
    template = spec["template"]
    made = [
        {"name": claim["metadata"]["name"], "ephemeral": {"volumeClaimTemplate": {"spec": claim["spec"]}}}
        for claim in spec.get("volumeClaimTemplates") or ()
    ]
    if not made:
        return dict(template)
    pod = {**template["spec"], "volumes": [*(template["spec"].get("volumes") or ()), *made]}
    return {**template, "spec": pod}


def _with_resources(template: Json, resources: Json | None) -> Json:
    """The template whose training container asks for these resources."""
    if not resources:
        return template
    containers = template["spec"]["containers"]
    chosen = next((c for c in containers if c.get("name") in _NODE), containers[0])
    changed = [{**c, "resources": resources} if c is chosen else c for c in containers]
    return {**template, "spec": {**template["spec"], "containers": changed}}


def _found(tree: Any, name: str) -> Iterator[Template]:
    """Every pod template of a kind that is not known, times the number of replicas written beside it."""
    if isinstance(tree, list):
        for item in tree:
            yield from _found(item, name)
    if not isinstance(tree, Mapping):
        return
    template = tree.get("template")
    said = tree.get("name")
    name = said if isinstance(said, str) else name
    if isinstance(template, dict) and _is_template(template):
        count = next((tree[key] for key in ("replicas", "parallelism", "numNodes") if tree.get(key) is not None), 1)
        yield name, count_of(count, 1), template
        return
    for key, value in tree.items():
        yield from _found(value, name if key in ("template", "spec") else key)


def _is_template(value: Json) -> bool:
    return isinstance(value.get("spec"), Mapping) and "containers" in value["spec"]


def count_of(value: Any, default: int) -> int:
    """How many pods, replicas or nodes a manifest says. Raises ValueError."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a number of pods")
    return value
