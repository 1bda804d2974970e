"""Kueue's objects of a scenario: flavors, cohorts, queues, and the Workloads of jobs that are older than the cluster.

What runs already holds its quota from the start. Everything else is left to the controller (controllers/kueue.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from k8sai.ages import stamp
from k8sai.queues import parse, parse_workload
from k8sai.queues.facts import Flavor
from k8sai.sim.controllers.kueue_admission import admission
from k8sai.sim.controllers.kueue_book import CLUSTER_QUEUES, COHORTS, FLAVORS, LOCAL_QUEUES
from k8sai.sim.controllers.kueue_conditions import Standing
from k8sai.sim.controllers.kueue_jobs import new_workload
from k8sai.sim.controllers.kueue_podsets import changed, injected
from k8sai.sim.controllers.kueue_words import preempted_for
from k8sai.sim.hardware import INSTANCE
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.scenario import Queue, Scenario, Workload
from k8sai.sim.store import Store

_API: Final = "kueue.x-k8s.io/v1beta2"
_USUAL: Final = "gpus"  # the flavor of queues that name none
_ROOM: Final = {"cpu": "10000", "memory": "100Ti"}  # quota of what nobody is short of
_KINDS: Final = ("Job", "JobSet")  # what Kueue holds


def held(scenario: Scenario, workload: Workload) -> bool:
    """Kueue holds it: a Job or JobSet that names a queue of the scenario."""
    return workload.kind in _KINDS and workload.queue in scenario.queues


def queue_objects(scenario: Scenario) -> Iterator[tuple[Resource, Obj]]:
    """Flavors, cohorts, ClusterQueues, and a LocalQueue in each namespace whose workloads name one."""
    for name in dict.fromkeys(flavor for queue in _all(scenario).values() for flavor in _flavors(queue)):
        yield FLAVORS, _object("ResourceFlavor", name, _flavor_spec(scenario, name))
    for name, parent in scenario.cohorts.items():
        yield COHORTS, _object("Cohort", name, {"parentName": parent} if parent else {})
    for name, queue in _all(scenario).items():
        made = _object("ClusterQueue", name, _spec(scenario, name, queue))
        if queue.stop_reason:
            made["metadata"]["annotations"] = {"k8sai.dev/stop-reason": queue.stop_reason}
        yield CLUSTER_QUEUES, made
    places = dict.fromkeys((one.namespace, one.queue) for one in scenario.workloads if one.queue in scenario.queues)
    for namespace, name in places:
        made = _object("LocalQueue", name, {"clusterQueue": name})
        made["metadata"]["namespace"] = namespace
        yield LOCAL_QUEUES, made


def _object(kind: str, name: str, spec: Obj) -> Obj:
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _all(scenario: Scenario) -> dict[str, Queue]:
    """Each in its long form."""
    return {name: one if isinstance(one, Queue) else Queue(devices=one) for name, one in scenario.queues.items()}


def _users(scenario: Scenario, name: str) -> list[Workload]:
    return [one for one in scenario.workloads if one.queue == name and one.kind in _KINDS]


def _quotas(queue: Queue) -> dict[str, int]:
    return queue.devices if isinstance(queue.devices, dict) else {_USUAL: queue.devices}


def _flavors(queue: Queue) -> list[str]:
    return list(_quotas(queue))


def _flavor_spec(scenario: Scenario, name: str) -> Obj:
    """The nodes of a group, where the flavor stands for one."""
    group = scenario.flavors.get(name, "")
    return {"nodeLabels": {INSTANCE: group}} if group else {}


def _spec(scenario: Scenario, name: str, queue: Queue) -> Obj:
    users = _users(scenario, name)
    usual = queue.resource or _resource(users)
    devices = list(dict.fromkeys([usual, *sorted({one.resource for one in users if one.gpus})]))
    limits = {"borrowingLimit": queue.borrow, "lendingLimit": queue.lend}
    flavors = []
    for flavor, number in _quotas(queue).items():
        quotas = [{"name": key, "nominalQuota": value} for key, value in _ROOM.items()]
        there = [one for one in users if one.group == scenario.flavors.get(flavor)]
        mine = queue.resource or (_resource(there) if there else usual)
        for resource in devices:
            rest = 0 if flavor in scenario.flavors else _asked(users, resource)
            nominal = number if resource == mine else rest
            said = {
                key: str(min(value, nominal)) if key == "lendingLimit" else str(value)
                for key, value in limits.items()
                if value is not None
            }
            quotas.append({"name": resource, "nominalQuota": str(nominal), **said})
        flavors.append({"name": flavor, "resources": quotas})
    spec: Obj = {
        "namespaceSelector": {},
        "queueingStrategy": queue.strategy,
        "stopPolicy": queue.stop,
        "preemption": {"withinClusterQueue": queue.within, "reclaimWithinCohort": queue.reclaim},
        "resourceGroups": [{"coveredResources": [*_ROOM, *devices], "flavors": flavors}],
    }
    return spec | ({"cohortName": queue.cohort} if queue.cohort else {})


def _asked(users: Sequence[Workload], resource: str) -> int:
    return sum(one.count * one.jobs * one.pods * one.gpus for one in users if one.resource == resource)


def _resource(users: Sequence[Workload]) -> str:
    """What most of their devices are called."""
    names = [one.resource for one in users if one.gpus]
    return max(names, key=lambda name: _asked(users, name), default="nvidia.com/gpu")


class Quotas:
    """Gives quota to what has been running before the cluster was there, and remembers who was made room for."""

    def __init__(self, scenario: Scenario, store: Store) -> None:
        self._scenario = scenario
        self._store = store
        self._flavors: dict[str, Flavor] = {}
        self._made: dict[str, Obj] = {}  # title -> Workload

    def workload(self, workload: Workload, top: Obj, resource: Resource, at: float) -> Obj | None:
        """The Workload of a job made at that time, with what Kueue said of it then; None where it has none."""
        made = new_workload(self._store, top, resource)
        if made is None:
            return None
        name = top["metadata"]["name"]
        metadata = {
            **made["metadata"],
            "uid": str(uuid5(NAMESPACE_URL, f"{top['metadata']['uid']}/{name}")),
            "creationTimestamp": stamp(at),
            "generation": 1,
        }
        made = {"apiVersion": _API, "kind": "Workload", **made, "metadata": metadata}
        if not workload.suspend:
            made["status"] = self._running(workload, made, at)
        elif workload.preempted_for:
            made["status"] = self._preempted(workload, made)
        self._made[name] = made
        return made

    def unsuspended(self, top: Obj, workload: Obj) -> Obj:
        """The job as Kueue has started it."""
        spec = changed(top, injected(workload, self._known()), suspend=False)
        return {**top, "spec": spec}

    def _known(self) -> Mapping[str, Flavor]:
        if not self._flavors:
            self._flavors = {one["metadata"]["name"]: parse.flavor(one) for one in self._store.list(FLAVORS)}
        return self._flavors

    def _running(self, workload: Workload, made: Obj, at: float) -> Obj:
        now, fact = Standing.of(made, at), parse_workload.workload(made)
        flavor = self._flavor(workload)
        assigned = {one.name: dict.fromkeys(one.requests, flavor) for one in fact.pod_sets}
        now.reserve(admission(fact, workload.queue, assigned))
        now.sync_admitted()
        if workload.placed:
            now.say("PodsReady", True, "Started", "All pods reached readiness and the workload is running")
        return now.status

    def _flavor(self, workload: Workload) -> str:
        """Of its node group, else the first that the queue has."""
        named = _flavors(_all(self._scenario)[workload.queue])
        fitting = (one for one in named if workload.group and self._scenario.flavors.get(one) == workload.group)
        return next(fitting, named[0])

    def _preempted(self, workload: Workload, made: Obj) -> Obj:
        """It ran until somebody else took its place."""
        preemptor = parse_workload.workload(self._made[workload.preempted_for])
        mine, other = workload.queue, (preemptor.admission.cluster_queue if preemptor.admission else "")
        right = "InClusterQueue" if mine == other else "InCohortReclamation"
        message = preempted_for(preemptor, right, self._path(other), self._path(mine))
        at = preemptor.conditions[0].at
        now = Standing.of(made, at)
        now.say("Preempted", True, right, message)
        now.evict("Preempted", message)
        now.requeue(True, "Preempted", message)
        now.say("Admitted", False, "NoReservation", "The workload has no reservation")
        return now.status

    def _path(self, queue: str) -> str:
        names, at = [queue], _all(self._scenario)[queue].cohort
        while at:
            names.append(at)
            at = self._scenario.cohorts.get(at, "")
        return "/" + "/".join(reversed(names))
