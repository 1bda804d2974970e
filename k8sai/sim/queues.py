"""Kueue's objects beside the workloads of a scenario: a ClusterQueue and LocalQueues for each of its `queues`.

Kueue itself is not played. What it says is worked out once, when the scenario is loaded: workloads that run are counted
as admitted; those that are suspended or held by a gate of Kueue get a Workload that says how they stand.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from k8sai.ages import stamp
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import own
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.scenario import Scenario, Workload

_API: Final = "kueue.x-k8s.io/v1beta2"
_GATES: Final = "kueue.x-k8s.io/"
_FLAVOR: Final = "gpus"
FLAVORS: Final = kinds.find("kueue.x-k8s.io", "resourceflavors")
CLUSTER_QUEUES: Final = kinds.find("kueue.x-k8s.io", "clusterqueues")
LOCAL_QUEUES: Final = kinds.find("kueue.x-k8s.io", "localqueues")
WORKLOADS: Final = kinds.find("kueue.x-k8s.io", "workloads")


def queue_objects(scenario: Scenario) -> Iterator[tuple[Resource, Obj]]:
    """The flavour, the queues and how full they are, each with its status."""
    if scenario.queues:
        yield FLAVORS, {"apiVersion": _API, "kind": "ResourceFlavor", "metadata": {"name": _FLAVOR}, "spec": {}}
    for name, quota in scenario.queues.items():
        users = [workload for workload in scenario.workloads if workload.queue == name]
        resource = _resource(users)
        covered = {"name": resource, "nominalQuota": str(quota)}
        yield (
            CLUSTER_QUEUES,
            {
                "apiVersion": _API,
                "kind": "ClusterQueue",
                "metadata": {"name": name},
                "spec": {
                    "namespaceSelector": {},
                    "resourceGroups": [
                        {"coveredResources": [resource], "flavors": [{"name": _FLAVOR, "resources": [covered]}]}
                    ],
                },
                "status": {**_counts(users), "flavorsUsage": _usage(users, resource)},
            },
        )
        for namespace in dict.fromkeys(workload.namespace for workload in users):
            here = [workload for workload in users if workload.namespace == namespace]
            metadata = {"name": name, "namespace": namespace}
            yield (
                LOCAL_QUEUES,
                {
                    "apiVersion": _API,
                    "kind": "LocalQueue",
                    "metadata": metadata,
                    "spec": {"clusterQueue": name},
                    "status": _counts(here),
                },
            )


def workload_object(scenario: Scenario, workload: Workload, top: Obj, resource: Resource, now: float) -> Obj | None:
    """What Kueue keeps about an object that it holds back; None where it does not."""
    if workload.queue not in scenario.queues or not (workload.suspend or workload.gate.startswith(_GATES)):
        return None
    name = top["metadata"]["name"]
    cards = workload.jobs * workload.pods
    metadata: Obj = {
        "name": f"{resource.kind.lower()}-{name}-{top['metadata']['uid'][:5]}",
        "namespace": workload.namespace,
        "ownerReferences": [own(top, resource)],
    }
    spec = {
        "queueName": workload.queue,
        "active": True,
        "podSets": [{"name": "main", "count": cards, "template": {"spec": {"containers": []}}}],
    }
    found = {"apiVersion": _API, "kind": "Workload", "metadata": metadata, "spec": spec}
    return found | {"status": _standing(scenario, workload, stamp(now))}


def _standing(scenario: Scenario, workload: Workload, at: str) -> Obj:
    """Its conditions: admitted and waiting for a place, or waiting for quota, and how much of it."""

    def condition(kind: str, status: str, reason: str, message: str) -> Obj:
        return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": at}

    queue = workload.queue
    if not workload.suspend:
        reserved = condition("QuotaReserved", "True", "QuotaReserved", f"Quota reserved in ClusterQueue {queue}")
        admitted = condition("Admitted", "True", "Admitted", f"The workload is admitted by ClusterQueue {queue}")
        assigned = {"name": "main", "flavors": {workload.resource: _FLAVOR}, "count": workload.jobs * workload.pods}
        return {
            "conditions": [reserved, admitted],
            "admission": {"clusterQueue": queue, "podSetAssignments": [assigned]},
        }
    users = [each for each in scenario.workloads if each.queue == queue]
    short = _cards(workload) - (scenario.queues[queue] - _used(users, workload.resource))
    message = f"couldn't assign flavors to pod set main: insufficient unused quota for {workload.resource} in flavor "
    message += f"{_FLAVOR}, {short} more needed" if short > 0 else f"{_FLAVOR}"
    return {"conditions": [condition("QuotaReserved", "False", "Pending", message)]}


def _counts(users: Sequence[Workload]) -> Obj:
    waiting = sum(workload.count for workload in users if workload.suspend)
    admitted = sum(workload.count for workload in users) - waiting
    return {"pendingWorkloads": waiting, "reservingWorkloads": admitted, "admittedWorkloads": admitted}


def _usage(users: Sequence[Workload], resource: str) -> list[Obj]:
    return [{"name": _FLAVOR, "resources": [{"name": resource, "total": str(_used(users, resource))}]}]


def _used(users: Sequence[Workload], resource: str) -> int:
    return sum(_cards(each) * each.count for each in users if each.resource == resource and not each.suspend)


def _cards(workload: Workload) -> int:
    return workload.jobs * workload.pods * workload.gpus


def _resource(users: Sequence[Workload]) -> str:
    """What most of its cards are called."""
    return max((each.resource for each in users), key=lambda name: _used(users, name), default="nvidia.com/gpu")
