"""Kueue's hold on Jobs and JobSets: a Workload for each, started when that is admitted, stopped when it is evicted.

One key per object; the steps are those of Kueue's reconciler, in its order.
Source: pkg/controller/jobframework/reconciler.go of Kueue 0.19.
"""

from collections.abc import Mapping
from typing import Final

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import JOBS, Desk, condition, leaving, own
from k8sai.sim.controllers.jobsets import JOBSETS
from k8sai.sim.controllers.kueue_book import CLASSES, WORKLOADS, Book
from k8sai.sim.controllers.kueue_conditions import Standing
from k8sai.sim.controllers.kueue_podsets import QUEUE, changed, injected, pod_sets, restored, size, workload_name
from k8sai.sim.controllers.kueue_words import JOB_UID
from k8sai.sim.controllers.kueue_workloads import GATED_BY
from k8sai.sim.kinds import Resource
from k8sai.sim.kueue_hooks import held
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

PRIORITIES = kinds.find("scheduling.k8s.io", "priorityclasses")
_BY: Final = {"Job": "batch/job-kueue-controller", "JobSet": "jobset.x-k8s.io/jobset-kueue-controller"}
_STOPPING: Final = "kueue.x-k8s.io/stopping"
_CLASS: Final = "kueue.x-k8s.io/priority-class"
_LONGEST: Final = "kueue.x-k8s.io/max-exec-time-seconds"
_ENDS: Final = {"Job": ("Complete", "Failed"), "JobSet": ("Completed", "Failed")}
Place = tuple[str, str, str]  # kind, namespace, name


class HeldJobs:
    """Reconciles Jobs and JobSets that name a queue."""

    def __init__(self, desk: Desk, book: Book) -> None:
        self._desk = desk
        self._book = book
        self.add = desk.queue("kueue-jobs", self.sync)

    def sync(self, place: Place) -> None:
        resource = JOBS if place[0] == "Job" else JOBSETS
        job = self._desk.find(resource, place[1:])
        if job is None or leaving(job) or not held(job):
            return
        workload = self._workload_of(job, resource)
        if workload is not None and _holds(workload, "Finished"):
            return
        ended = next(
            (one for kind in _ENDS[place[0]] if (one := condition(job, kind)) and one["status"] == "True"), None
        )
        if ended is not None:
            self._finish(job, resource, workload, ended)
        elif workload is None:
            self._begin(job, resource)
        elif not self._ready(job, workload):
            self._steer(job, resource, workload)

    def _workload_of(self, job: Obj, resource: Resource) -> Obj | None:
        """Its Workload, brought in line with a Job that was changed while it waited."""
        found = next(iter(self._book.of_owner.get(job["metadata"]["uid"], {}).values()), None)
        if found is None:
            return None
        obj, wanted = found.object, pod_sets(job)
        if _suspended(job) and not found.holds("QuotaReserved") and obj["spec"]["podSets"] != wanted:
            obj = self._desk.store.update(WORKLOADS, {**obj, "spec": {**obj["spec"], "podSets": wanted}})
            text = f"Updated not matching Workload for suspended job: {found.ref}"
            self._say(job, resource, "UpdatedWorkload", text)
        return self._follow_class(job, resource, obj)

    def _follow_class(self, job: Obj, resource: Resource, workload: Obj) -> Obj:
        wanted = (job["metadata"].get("labels") or {}).get(_CLASS, "")
        known = workload["spec"].get("priorityClassRef") or {}
        fixed = _holds(workload, "QuotaReserved") and not known
        if (
            not wanted
            or fixed
            or (known and known.get("kind") != "WorkloadPriorityClass")
            or known.get("name") == wanted
        ):
            return workload
        priority = priority_of(self._desk.store, job, workload["spec"]["podSets"])
        if priority is None:
            return workload
        done = self._desk.store.update(WORKLOADS, {**workload, "spec": {**workload["spec"], **priority}})
        meta = done["metadata"]
        self._say(
            job, resource, "UpdatedWorkload", f"Updated workload priority class: {meta['namespace']}/{meta['name']}"
        )
        return done

    def _finish(self, job: Obj, resource: Resource, workload: Obj | None, ended: Obj) -> None:
        if workload is None:
            return
        now = Standing.of(workload, self._desk.clock.now())
        reason = "Failed" if ended["type"] == "Failed" else "Succeeded"
        now.say("Finished", True, reason, ended.get("message", ""))
        if self._desk.put_status(WORKLOADS, workload, now.status) is not None:
            meta = workload["metadata"]
            text = f"Workload '{meta['namespace']}/{meta['name']}' is declared finished"
            self._say(job, resource, "FinishedWorkload", text)

    def _begin(self, job: Obj, resource: Resource) -> None:
        if not _suspended(job):
            self._stop(job, resource, None, "Missing Workload; unable to restore pod templates")
            return
        if _active(job):
            return
        workload = new_workload(self._desk.store, job, resource)
        if workload is None:
            return
        try:
            made = self._desk.store.create(WORKLOADS, workload)
        except ApiFailure as failure:
            if failure.reason != "AlreadyExists":
                raise
            return
        meta = made["metadata"]
        self._say(job, resource, "CreatedWorkload", f"Created Workload: {meta['namespace']}/{meta['name']}")

    def _ready(self, job: Obj, workload: Obj) -> bool:
        """Whether its pods are ready is told, one word at a time; true where that was written."""
        now = Standing.of(workload, self._desk.clock.now())
        known = now.find("PodsReady") or {}
        reason, message = "WaitForStart", "Not all pods are ready or succeeded"
        if now.holds("Admitted") and _pods_ready(job):
            recovered = known.get("reason") in ("WaitForRecovery", "Recovered")
            reason = "Recovered" if recovered else "Started"
            message = "All pods reached readiness and the workload is running"
        elif now.holds("Admitted") and (known.get("status") == "True" or known.get("reason") == "WaitForRecovery"):
            reason, message = "WaitForRecovery", "At least one pod has failed, waiting for recovery"
        ready = reason in ("Started", "Recovered")
        if known.get("reason") == reason and known.get("status") == str(ready):
            return False
        now.say("PodsReady", ready, reason, message)
        return self._desk.put_status(WORKLOADS, workload, now.status) is not None

    def _steer(self, job: Obj, resource: Resource, workload: Obj) -> None:
        evicted = condition(workload, "Evicted")
        if evicted is not None and evicted["status"] == "True":
            self._stop(job, resource, workload, evicted["message"])
            self._release(job, resource, workload, evicted)
        elif not _suspended(job):
            if not _holds(workload, "Admitted"):
                self._stop(job, resource, workload, "Not admitted by cluster queue")
        elif _holds(workload, "Admitted"):
            self._start(job, resource, workload)
        else:
            self._follow_queue(job, workload)

    def _release(self, job: Obj, resource: Resource, workload: Obj, evicted: Obj) -> None:
        """Its pods are gone: it gives up its quota. Only who was preempted may come again by itself."""
        meta = job["metadata"]
        current = self._desk.find(resource, (meta["namespace"], meta["name"]))
        if not _holds(workload, "QuotaReserved") or current is None or _active(current):
            return
        now = Standing.of(workload, self._desk.clock.now())
        now.requeue(evicted["reason"] in ("Preempted", "NodeFailures"), evicted["reason"], evicted["message"])
        now.unreserve("Pending", evicted["message"])
        self._desk.put_status(WORKLOADS, workload, now.status)

    def _start(self, job: Obj, resource: Resource, workload: Obj) -> None:
        pods = workload["status"]["admission"]["podSetAssignments"][0].get("count")
        spec = changed(job, injected(workload, self._book.flavors), suspend=False, pods=pods)
        self._desk.store.update(resource, {**job, "spec": spec})
        queue = workload["status"]["admission"]["clusterQueue"]
        self._say(job, resource, "Started", f"Admitted by clusterQueue {queue}")

    def _stop(self, job: Obj, resource: Resource, workload: Obj | None, message: str) -> None:
        """Suspend it and put its templates back; of a Job in two writes, the first marked `stopping`."""
        if _suspended(job):
            return
        change = restored(workload) if workload is not None else _as_it_is
        pods = workload["spec"]["podSets"][0]["count"] if workload is not None else None
        if resource is JOBS:
            notes = {**(job["metadata"].get("annotations") or {}), _STOPPING: "true"}
            meta = {**job["metadata"], "annotations": notes}
            job = self._desk.store.update(resource, {**job, "metadata": meta, "spec": {**job["spec"], "suspend": True}})
            began = {key: value for key, value in (job.get("status") or {}).items() if key != "startTime"}
            job = self._desk.put_status(resource, job, began) or job
            meta = {**meta, "annotations": {key: one for key, one in notes.items() if key != _STOPPING}}
            meta["resourceVersion"] = job["metadata"]["resourceVersion"]
            self._desk.store.update(
                resource, {**job, "metadata": meta, "spec": changed(job, change, suspend=True, pods=pods)}
            )
        else:
            self._desk.store.update(resource, {**job, "spec": changed(job, change, suspend=True)})
        self._say(job, resource, "Stopped", message)

    def _follow_queue(self, job: Obj, workload: Obj) -> None:
        wanted = job["metadata"]["labels"][QUEUE]
        if workload["spec"].get("queueName") == wanted:
            return
        try:
            self._desk.store.update(WORKLOADS, {**workload, "spec": {**workload["spec"], "queueName": wanted}})
        except ApiFailure as failure:
            if failure.code != 422:  # it holds quota: it follows when it has lost it
                raise

    def _say(self, job: Obj, resource: Resource, reason: str, message: str) -> None:
        self._desk.recorder.say(job, reason, message, by=_BY[resource.kind], action=reason)


def new_workload(store: Store, job: Obj, resource: Resource) -> Obj | None:
    """The Workload that stands for it; None while its priority class does not exist."""
    meta, sets = job["metadata"], pod_sets(job)
    priority = priority_of(store, job, sets)
    if priority is None:
        return None
    metadata: Obj = {
        "name": workload_name(job, resource),
        "namespace": meta["namespace"],
        "labels": {JOB_UID: meta["uid"]},
        "ownerReferences": [own(job, resource)],
    }
    gate = (meta.get("annotations") or {}).get(GATED_BY)
    if gate:
        metadata["annotations"] = {GATED_BY: gate}
    spec: Obj = {"active": True, "podSets": sets, "queueName": meta["labels"][QUEUE], **priority}
    longest = meta["labels"].get(_LONGEST, "")
    if longest.isdigit():
        spec["maximumExecutionTimeSeconds"] = int(longest)
    return {"metadata": metadata, "spec": spec}


def priority_of(store: Store, job: Obj, sets: list[Obj]) -> Obj | None:
    """`priority` and `priorityClassRef`: by Kueue's class, else by that of the pods, else the default one."""
    name = (job["metadata"].get("labels") or {}).get(_CLASS, "")
    if name:
        return _by_class(store.find(CLASSES, "", name), CLASSES, name)
    name = next((one for each in sets if (one := each["template"]["spec"].get("priorityClassName"))), "")
    if name:
        return _by_class(store.find(PRIORITIES, "", name), PRIORITIES, name)
    usual = next((one for one in store.list(PRIORITIES) if one.get("globalDefault")), None)
    return _by_class(usual, PRIORITIES, usual["metadata"]["name"]) if usual else {"priority": 0}


def _by_class(found: Mapping[str, object] | None, resource: Resource, name: str) -> Obj | None:
    if found is None:
        return None
    return {
        "priority": found.get("value", 0),
        "priorityClassRef": {"group": resource.group, "kind": resource.kind, "name": name},
    }


def _as_it_is(_: str, template: Obj) -> Obj:
    return template


def _holds(obj: Obj, kind: str) -> bool:
    return (condition(obj, kind) or {}).get("status") == "True"


def _suspended(job: Obj) -> bool:
    stopping = (job["metadata"].get("annotations") or {}).get(_STOPPING) == "true"
    return bool(job["spec"].get("suspend")) and not stopping


def _active(job: Obj) -> bool:
    status = job.get("status") or {}
    return bool(status.get("active") or any(one.get("active") for one in status.get("replicatedJobsStatus") or ()))


def _pods_ready(job: Obj) -> bool:
    status = job.get("status") or {}
    if "replicatedJobs" not in job["spec"]:
        return bool(status.get("succeeded", 0) + status.get("ready", 0) >= size(job))
    done = sum(one.get("ready", 0) + one.get("succeeded", 0) for one in status.get("replicatedJobsStatus") or ())
    return bool(done == sum(one.get("replicas", 1) for one in job["spec"]["replicatedJobs"]))
