"""A namespace with a queue, and a workload in it that is asked about: few words for what a situation is about."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from k8sai.ages import epoch
from k8sai.cluster.reading import Reading
from k8sai.errors import Exit
from k8sai.queues.positions import Position
from k8sai.queues.setting import Setting, read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.look import Look
from k8sai.queues.why.result import Why
from k8sai.why.kinds import asked
from k8sai.why.queueing import asked_of
from k8sai.why.subject import find
from tests.why.cluster import Held
from tests.why.objects import GPU, NOW, SPACE, Json, job, obj, owned

KUEUE = "kueue.x-k8s.io/v1beta2"
KINDS = tuple(
    f"{plural}.kueue.x-k8s.io"
    for plural in (
        "clusterqueues", "localqueues", "cohorts", "resourceflavors", "workloads", "admissionchecks", "topologies",
        "workloadpriorityclasses", "multikueueconfigs", "multikueueclusters",
    )
)  # fmt: skip
_PLURALS = {"topologys": "topologies", "workloadpriorityclasss": "workloadpriorityclasses"}


class World(Held):
    """Kinds whose plural is not simply an s."""

    def __init__(self, objects: Iterable[Json], denied: Iterable[str] = (), served: Iterable[str] = ()) -> None:
        super().__init__(objects, denied, {*KINDS, *served})
        for wrong, right in _PLURALS.items():
            self._kinds[f"{right}.kueue.x-k8s.io"] = self._kinds.pop(f"{wrong}.kueue.x-k8s.io", [])


# --- queues -----------------------------------------------------------------------------------------------------------


def kueue(kind: str, name: str, spec: Json | None = None, *, namespace: str = "", **more: Any) -> Json:
    return obj(kind, name, KUEUE, namespace=namespace, spec=spec or {}, **more)


def flavor(name: str = "h100", **spec: Any) -> Json:
    return kueue("ResourceFlavor", name, spec)


def group(*flavors: tuple[str, Json], resource: str = GPU) -> Json:
    """`("h100", {"nominalQuota": 8})` each."""
    found = [{"name": name, "resources": [{"name": resource, **quota}]} for name, quota in flavors]
    return {"coveredResources": [resource], "flavors": found}


def cluster_queue(
    name: str = "gpus",
    nominal: int = 8,
    cohort: str = "",
    borrow: int | None = None,
    *,
    groups: list[Json] | None = None,
    status: Json | None = None,
    meta: Json | None = None,
    **spec: Any,
) -> Json:
    """Of 8 GPUs of flavor h100 unless said."""
    quota: Json = {"nominalQuota": nominal, **({} if borrow is None else {"borrowingLimit": borrow})}
    groups = (
        groups
        if groups is not None
        else [group(("h100", quota)), group(("h100-cpu", {"nominalQuota": 64}), resource="cpu")]
    )
    body = {"namespaceSelector": {}, "resourceGroups": groups, **({"cohortName": cohort} if cohort else {}), **spec}
    return kueue("ClusterQueue", name, body, status=status or {}, meta=meta or {})


def cohort(name: str, parent: str = "", **quota: int) -> Json:
    spec: Json = {"parentName": parent} if parent else {}
    spec |= {"resourceGroups": [group(("h100", quota))]} if quota else {}
    return kueue("Cohort", name, spec)


def local_queue(queue: str = "gpus", name: str = "research", **spec: Any) -> Json:
    return kueue("LocalQueue", name, {"clusterQueue": queue, **spec}, namespace=SPACE)


def base(*changed: Json) -> list[Json]:
    """A flavor, a ClusterQueue of 8 GPUs and the way to it; what is given stands in place of its like."""
    usual = [flavor(), flavor("h100-cpu"), cluster_queue(), local_queue(), obj("Namespace", SPACE, namespace="")]
    keys = {(one["kind"], one["metadata"]["name"]) for one in changed}
    return [*changed, *(one for one in usual if (one["kind"], one["metadata"]["name"]) not in keys)]


# --- workloads --------------------------------------------------------------------------------------------------------


def said(
    kind: str, reason: str = "", message: str = "", status: str = "True", at: str = "2026-11-21T11:50:00Z"
) -> Json:
    """A condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}


def unreserved(message: str, reason: str = "Pending", at: str = "2026-11-21T11:50:00Z") -> Json:
    return said("QuotaReserved", reason, message, "False", at)


MAIN = "couldn't assign flavors to pod set main: "


def more(number: int) -> Json:
    """Kueue's word, so many missing."""
    return unreserved(f"{MAIN}insufficient unused quota for nvidia.com/gpu in flavor h100, {number} more needed")


def training(gpus: int = 8, pods: int = 1, name: str = "train", queue: str = "research", **more: Any) -> Json:
    """A suspended Job in a queue."""
    meta = {"labels": {"kueue.x-k8s.io/queue-name": queue} if queue else {}, **more.pop("meta", {})}
    return job(name, pods, gpus, meta=meta, **{"suspend": True, **more})


def workload(
    of: Json,
    *conditions: Json,
    held: str = "",
    flavor: str = "h100",
    queue: str = "research",
    status: Json | None = None,
    meta: Json | None = None,
    since: str = "2026-11-21T11:00:00Z",
    pod_sets: list[Json] | None = None,
    **spec: Any,
) -> Json:
    """Of a Job; `held` is the ClusterQueue in which it is admitted and runs."""
    count, template = of["spec"]["parallelism"], of["spec"]["template"]
    sets = pod_sets or [{"name": "main", "count": count, "template": template}]
    state: Json = {"conditions": list(conditions), **(status or {})}
    if held:
        state |= {"admission": admission(of, held, flavor)}
        state["conditions"] = [said(kind, kind, at=since) for kind in ("QuotaReserved", "Admitted", "PodsReady")]
        state["conditions"] += conditions
    name = f"job-{of['metadata']['name']}-1"
    body = {"queueName": queue, "priority": 0, "podSets": sets, **spec}
    made = owned(kueue("Workload", name, body, namespace=SPACE, status=state, meta=meta or {}), of)
    made["metadata"].setdefault("labels", {})["kueue.x-k8s.io/job-uid"] = of["metadata"]["uid"]
    return made


def admission(of: Json, queue: str, flavor: str = "h100") -> Json:
    """All its GPUs in one flavor."""
    count = of["spec"]["parallelism"]
    limits = of["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    gpus = int(limits.get(GPU, 0)) * count
    usage = {GPU: str(gpus), "cpu": str(count)}
    flavors = {GPU: flavor, "cpu": "h100-cpu"}
    assigned = {"name": "main", "flavors": flavors, "resourceUsage": usage, "count": count}
    return {"clusterQueue": queue, "podSetAssignments": [assigned]}


def holding(name: str, gpus: int, queue: str = "gpus", *, local: str = "research", **more: Any) -> list[Json]:
    """A job that runs with so many GPUs."""
    made = training(gpus, name=name, queue=local, suspend=False)
    return [made, workload(made, held=queue, queue=local, **more)]


# --- asking -----------------------------------------------------------------------------------------------------------


def setting_of(*objects: Json | list[Json], denied: Iterable[str] = (), at: str = NOW) -> Setting:
    flat = [one for each in objects for one in (each if isinstance(each, list) else [each])]
    return replace(read_by(Reading(World(flat, denied)), SPACE), at=epoch(at))


def look(what: str, *objects: Json | list[Json], denied: Iterable[str] = (), served: Iterable[str] = ()) -> Look:
    flat = [one for each in objects for one in (each if isinstance(each, list) else [each])]
    reading = Reading(World(flat, denied, served))
    kind, name = asked((what,))
    subject = find(reading, kind, SPACE, name)
    setting = replace(read_by(reading, SPACE), at=epoch(NOW))
    return Look(setting, reading, asked_of(subject, name if what.startswith("workload/") else ""))


def ask(
    what: str,
    *objects: Json | list[Json],
    denied: Iterable[str] = (),
    served: Iterable[str] = (),
    position: Position | None = None,
) -> Why:
    """`ask("job/train", …)`: the answer in namespace ml."""
    return explain(look(what, *objects, denied=denied, served=served), position)


# --- reading an answer ------------------------------------------------------------------------------------------------


def told(why: Why) -> tuple[str, Exit, str]:
    return why.code, why.exit, why.verdict


def finding(why: Why, code: str) -> Finding:
    return next(one for one in (*why.blockers, *why.remarks) if one.code == code)
