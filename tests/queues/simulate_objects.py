"""Kueue objects for what-ifs: the tree of prod and research on one flavor of GPUs, and what else a question needs."""

import json
import os
from pathlib import Path
from typing import Any

from k8sai.ages import epoch
from k8sai.queues import parse, parse_workload
from k8sai.queues.setting import Setting

Json = dict[str, Any]
NOW = "2026-11-03T12:00:00Z"
GPU = "nvidia.com/gpu"
API = "kueue.x-k8s.io/v1beta2"


def made(kind: str, name: str, spec: Json, namespace: str = "", status: Json | None = None, **meta: Any) -> Json:
    where = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **where, "uid": f"uid-{name}", "creationTimestamp": "2026-11-03T08:00:00Z", **meta}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec, "status": status or {}}


def group(*flavors: tuple[str, Json]) -> list[Json]:
    """One resource group; each flavor with its quota of GPUs."""
    return [
        {
            "coveredResources": [GPU],
            "flavors": [{"name": name, "resources": [{"name": GPU, **quota}]} for name, quota in flavors],
        }
    ]


def cluster_queue(name: str, nominal: int, cohort: str = "", flavor: str = "h100", **more: Any) -> Json:
    """`borrow` and `lend` are limits; everything else goes into the spec."""
    quota: Json = {"nominalQuota": nominal}
    quota |= {"borrowingLimit": more.pop("borrow")} if "borrow" in more else {}
    quota |= {"lendingLimit": more.pop("lend")} if "lend" in more else {}
    spec: Json = {"namespaceSelector": {}, "resourceGroups": group((flavor, quota)), **more}
    spec |= {"cohortName": cohort} if cohort else {}
    return made("ClusterQueue", name, spec)


def cohort(name: str, parent: str = "", **quota: Any) -> Json:
    spec: Json = {"parentName": parent} if parent else {}
    spec |= {"resourceGroups": group(("h100", quota))} if quota else {}
    return made("Cohort", name, spec)


def local_queue(namespace: str, queue: str, name: str = "main", **spec: Any) -> Json:
    return made("LocalQueue", name, {"clusterQueue": queue, **spec}, namespace)


def flavor(name: str, **spec: Any) -> Json:
    return made("ResourceFlavor", name, spec)


def pod_spec(gpus: int, **more: Any) -> Json:
    container = {"name": "c", "image": "x", "resources": {"limits": {GPU: gpus}}}
    return {"containers": [container], "restartPolicy": "Never", **more}


def workload(
    namespace: str, name: str, gpus: int, *, pods: int = 1, held: str = "", priority: int = 0, **more: Any
) -> Json:
    """Of a Job of the same name; `held` is the ClusterQueue in which it holds its GPUs."""
    flavor_name, created = more.pop("flavor", "h100"), more.pop("created", "2026-11-03T10:00:00Z")
    template = {"spec": pod_spec(gpus)}
    pod_sets = [{"name": "main", "count": pods, "template": template}]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": f"job-{name}"}
    status: Json = {}
    if held:
        given = {"name": "main", "flavors": {GPU: flavor_name}, "resourceUsage": {GPU: gpus * pods}, "count": pods}
        conditions = [
            {"type": kind, "status": "True", "reason": kind, "message": "", "lastTransitionTime": created}
            for kind in ("QuotaReserved", "Admitted")
        ]
        status = {"admission": {"clusterQueue": held, "podSetAssignments": [given]}, "conditions": conditions}
    spec = {"queueName": more.pop("queue", "main"), "priority": priority, "podSets": pod_sets, **more}
    found = made("Workload", f"job-{name}", spec, namespace, status, ownerReferences=[owner])
    found["metadata"]["creationTimestamp"] = created
    return found


def gpu_tree(**finetune: Any) -> list[Json]:
    """ai(0){prod(8, lend 4){serving 32 lend 8 U20, finetune 16 borrow 8 U22}, research(0, borrow 16){explore 16 U16,
    students 0 borrow 4 U2}}: finetune has 2 left, its most is 24."""
    return [
        flavor("h100"),
        cohort("prod", "ai", nominalQuota=8, lendingLimit=4),
        cohort("research", "ai", nominalQuota=0, borrowingLimit=16),
        cluster_queue("serving", 32, "prod", lend=8),
        cluster_queue("finetune", 16, "prod", **{"borrow": 8, **finetune}),
        cluster_queue("explore", 16, "research"),
        cluster_queue("students", 0, "research", borrow=4),
        *(local_queue(f"ns-{name}", name) for name in ("serving", "finetune", "explore", "students")),
        *(namespace(f"ns-{name}") for name in ("serving", "finetune", "explore", "students")),
        workload("ns-serving", "chat", 20, held="serving", created="2026-11-02T12:00:00Z"),
        workload("ns-finetune", "sft-70b", 8, pods=2, held="finetune", priority=100, created="2026-11-03T07:00:00Z"),
        workload("ns-finetune", "eval-grid", 6, held="finetune", priority=50, created="2026-11-03T11:20:00Z"),
        workload("ns-explore", "search", 16, held="explore", created="2026-11-03T09:00:00Z"),
        workload("ns-students", "lab", 2, held="students", created="2026-11-03T11:00:00Z"),
    ]


def namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


_READ = {
    "ClusterQueue": ("cluster_queues", parse.cluster_queue),
    "Cohort": ("cohorts", parse.cohort),
    "LocalQueue": ("local_queues", parse.local_queue),
    "ResourceFlavor": ("flavors", parse.flavor),
    "Workload": ("workloads", parse_workload.workload),
    "Topology": ("topologies", parse.topology),
    "WorkloadPriorityClass": ("classes", parse.priority_class),
}


def setting(objects: list[Json]) -> Setting:
    """As it is read of a cluster that has them."""
    found: Any = {field: {} for field, _ in _READ.values()}
    names: dict[str, Any] = {}
    for obj in objects:
        if obj["kind"] == "Namespace":
            names[obj["metadata"]["name"]] = obj["metadata"].get("labels") or {}
        elif obj["kind"] in _READ:
            field, read = _READ[obj["kind"]]
            one: Any = read(obj)
            found[field][getattr(one, "ref", one.name)] = one
    return Setting(**found, namespaces=names, at=epoch(NOW))


def recorded(objects: list[Json], folder: Path) -> Path:
    """What `kubectl get … -o json` prints of them, at the time NOW."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-1", "uid": "gpu-1"}, "spec": {}, "status": {}}
    file = folder / "queues.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [node, *objects]}))
    os.utime(file, (epoch(NOW), epoch(NOW)))
    return file
