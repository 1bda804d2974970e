"""What is asked of a queue before it exists: Workloads as Kueue would make them of a manifest or of flags.

They are objects, read by the same parser as those of a cluster, so that a probe can create the very same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final

from k8sai.ages import stamp
from k8sai.cluster.reading import Reading
from k8sai.errors import NotFound
from k8sai.fit.ask import Asked, pods
from k8sai.fit.manifests import Runtime
from k8sai.queues import parse_workload
from k8sai.queues.facts import Json
from k8sai.queues.setting import GROUP, Setting
from k8sai.queues.simulating.wish_pod_sets import PodSets, known
from k8sai.queues.simulating.wish_templates import Limits, completed
from k8sai.queues.workload import Workload

QUEUE: Final = f"{GROUP}/queue-name"
PRIORITY: Final = f"{GROUP}/priority-class"
_DEFAULT: Final = "default"  # the LocalQueue that takes what names none


@dataclass(frozen=True, slots=True)
class Wish:
    """One Workload that would come to be. `queue` "" where none is named and none is the default.

    `refusals` are sentences why Kueue would not take such pods at all (LimitRanges, requests above limits).
    """

    title: str  # `Job sft`
    workload: Workload
    remarks: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def queue(self) -> str:
        return self.workload.queue


@dataclass(frozen=True, slots=True)
class Wanted:
    """What flags say, before what the manifest says; "" leaves it to the manifest."""

    namespace: str
    queue: str = ""
    priority_class: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What else a Workload depends on: PriorityClasses, LimitRanges by namespace, overheads by RuntimeClass."""

    priorities: Mapping[str, int] = field(default_factory=dict)
    default_priority: int = 0
    limits: Mapping[str, Limits] = field(default_factory=dict)
    overheads: Mapping[str, Json] = field(default_factory=dict)
    runtime: Runtime = lambda *_: None


def surroundings(reading: Reading, namespaces: Iterable[str]) -> Surroundings:
    """As they are now."""
    classes = reading.list("priorityclasses.scheduling.k8s.io")
    runtimes = {
        one["metadata"]["name"]: (one.get("overhead") or {}).get("podFixed")
        for one in reading.list("runtimeclasses.node.k8s.io")
    }

    def runtime(kind: str, namespace: str, name: str) -> Json | None:
        plural = "clustertrainingruntimes" if kind == "ClusterTrainingRuntime" else "trainingruntimes"
        where = "" if kind == "ClusterTrainingRuntime" else namespace
        return reading.get(f"{plural}.trainer.kubeflow.org", where, name)

    return Surroundings(
        {one["metadata"]["name"]: int(one.get("value") or 0) for one in classes},
        next((int(one.get("value") or 0) for one in classes if one.get("globalDefault")), 0),
        {name: Limits.of(reading.list("limitranges", name)) for name in namespaces},
        {name: fixed for name, fixed in runtimes.items() if fixed},
        runtime,
    )


def of_flags(asked: Asked, wanted: Wanted, setting: Setting, around: Surroundings) -> Wish:
    """Of pods made from flags: one pod set, as of a Job."""
    (group,) = asked.groups
    obj = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "simulated", "namespace": wanted.namespace}}
    sets = [{"name": "main", "count": group.count, "template": {"spec": group.pod["spec"]}}]
    return replace(made(obj, sets, 0, 1, asked, wanted, setting, around), title=pods(group.count, asked.each))


# --- one workload -----------------------------------------------------------------------------------------------------


def made(
    obj: Json,
    sets: PodSets,
    number: int,
    count: int,
    asked: Asked,
    wanted: Wanted,
    setting: Setting,
    around: Surroundings,
) -> Wish:
    """The `number`th of `count` Workloads that Kueue makes of an object. Raises NotFound for a priority class."""
    meta = obj.get("metadata") or {}
    name, namespace = meta.get("name") or meta.get("generateName") or "", meta.get("namespace") or wanted.namespace
    labels = meta.get("labels") or {}
    title = f"{obj['kind']} {name}" + (f" ({number + 1} of {count})" if count > 1 else "")
    sets, refusals = completed(sets, around.limits.get(namespace, Limits()), around.overheads)
    queue = wanted.queue or labels.get(QUEUE) or _default(setting, namespace)
    spec: Json = {"queueName": queue, "podSets": sets, "active": True}
    spec |= _priority(wanted.priority_class or labels.get(PRIORITY, ""), obj, sets, setting, around)
    own = f"{obj['kind'].lower()}-{name}".rstrip("-") + (f"-{number}" if count > 1 else "")
    owner = {"apiVersion": obj.get("apiVersion", ""), "kind": obj["kind"], "name": name, "uid": "simulated"}
    workload = {
        "apiVersion": f"{GROUP}/v1beta2",
        "kind": "Workload",
        "metadata": {
            "name": f"simulated-{own}",
            "namespace": namespace,
            "uid": f"~{number:06}",  # after all that have one, where the same second is not enough
            "creationTimestamp": stamp(setting.at),
            "ownerReferences": [owner],
            "labels": labels,
            "annotations": meta.get("annotations") or {},
        },
        "spec": spec,
        "status": {},
    }
    return Wish(title, parse_workload.workload(workload), _remarks(obj, asked), refusals)


def _remarks(obj: Json, asked: Asked) -> tuple[str, ...]:
    """What fit does not look at, queues do; and what Kueue has no rule for."""
    kept = [one for one in asked.remarks if "topology annotation" not in one and "is suspended" not in one]
    if not known(obj["kind"]):
        kept.append(f"Kueue knows no {obj['kind']} by itself: every pod template in it is taken as a pod set")
    return tuple(dict.fromkeys(kept))


def _default(setting: Setting, namespace: str) -> str:
    return _DEFAULT if f"{namespace}/{_DEFAULT}" in setting.local_queues else ""


def _priority(name: str, obj: Json, sets: PodSets, setting: Setting, around: Surroundings) -> Json:
    """Kueue's own class first, then the class of pods, then the cluster's default. Raises NotFound."""
    if name and name in setting.classes:
        reference = {"group": GROUP, "kind": "WorkloadPriorityClass", "name": name}
        return {"priorityClassRef": reference, "priority": setting.classes[name].value}
    name = name or _class_of(obj, sets)
    if not name:
        return {"priority": around.default_priority}
    reference = {"group": "scheduling.k8s.io", "kind": "PriorityClass", "name": name}
    return {"priorityClassRef": reference, "priority": _of_pods(name, setting, around)}


def of_class(workload: Workload, name: str, setting: Setting, around: Surroundings) -> Workload:
    """A workload as if it had been given this class. Raises NotFound."""
    kueues = setting.classes.get(name)
    value = _of_pods(name, setting, around) if kueues is None else kueues.value
    return replace(workload, priority=value, priority_class=name)


def _of_pods(name: str, setting: Setting, around: Surroundings) -> int:
    """The value of a PriorityClass. Raises NotFound, with a near name of either kind."""
    if name not in around.priorities:
        known_names = sorted({*setting.classes, *around.priorities})
        near = get_close_matches(name, known_names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known_names) or 'none'}"
        raise NotFound(f"there is no priority class {name}", hint)
    return around.priorities[name]


def _class_of(obj: Json, sets: PodSets) -> str:
    """Of Kubeflow's own policy, else of the first pods that name one."""
    policy = ((obj.get("spec") or {}).get("runPolicy") or {}).get("schedulingPolicy") or {}
    named = (one["template"]["spec"].get("priorityClassName") for one in sets)
    return str(policy.get("priorityClass") or next(filter(None, named), ""))
