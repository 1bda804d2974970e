"""JobSets: the Jobs of every replicated job, restarted together, done together."""

import hashlib
from typing import NamedTuple

from k8sai.sim import kinds
from k8sai.sim.controllers.desk import JOBS, Desk, Key, condition, key_of, leaving, own, with_condition
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

JOBSETS = kinds.find("jobset.x-k8s.io", "jobsets")
SERVICES = kinds.find("", "services")
_BY = "jobset-controller"
_L = "jobset.sigs.k8s.io/"
_DIRECTIVES = ("nodeSelector", "tolerations", "schedulingGates")


class Restarts(NamedTuple):
    """How often a JobSet began anew, and how many of these its policy counts."""

    all: int
    counted: int


class JobSets:
    """One key per JobSet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("jobsets", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is JOBSETS:
            self._add(key_of(event.obj))
        elif event.resource is JOBS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "JobSet":
                self._add((event.obj["metadata"]["namespace"], owner["name"]))

    def sync(self, key: Key) -> None:
        jobset = self._desk.find(JOBSETS, key)
        if (
            jobset is None
            or leaving(jobset)
            or jobset["spec"].get("managedBy", "jobset.sigs.k8s.io/jobset-controller")
            != ("jobset.sigs.k8s.io/jobset-controller")
        ):
            return
        restarts = _restarts(jobset)
        jobs = self._jobs(jobset)
        for stale in [j for j in jobs if _attempt(j) < restarts.all and not leaving(j)]:
            self._remove(stale)
        jobs = [j for j in jobs if _attempt(j) >= restarts.all]
        if _terminal(jobset):
            for job in jobs:
                if not _ended(job) and not leaving(job):
                    self._desk.delete(JOBS, job)
            return
        verdict, after = self._verdict(jobset, jobs, restarts)
        if verdict is None:
            self._service(jobset)
            self._create(jobset, after.all)
            self._suspend(jobset, jobs)
            jobs = [j for j in self._jobs(jobset) if _attempt(j) >= after.all]
        self._report(jobset, jobs, verdict, after)

    def _jobs(self, jobset: Obj) -> list[Obj]:
        uid = jobset["metadata"]["uid"]
        found = self._desk.store.list(JOBS, jobset["metadata"]["namespace"])
        return [j for j in found if (controller_of(j) or {}).get("uid") == uid]

    def _verdict(self, jobset: Obj, jobs: list[Obj], restarts: Restarts) -> tuple[Obj | None, Restarts]:
        """The terminal condition or None, and the restart count, one higher when the set starts over."""
        broken = next((j for j in jobs if _ended(j) == "Failed"), None)
        if broken is not None:
            return self._failure(jobset, broken, restarts)
        policy = jobset["spec"].get("successPolicy") or {}
        targets = policy.get("targetReplicatedJobs") or [r["name"] for r in jobset["spec"]["replicatedJobs"]]
        needed = sum(r.get("replicas", 1) for r in jobset["spec"]["replicatedJobs"] if r["name"] in targets)
        done = sum(
            _ended(j) == "Complete" and j["metadata"]["labels"][_L + "replicatedjob-name"] in targets for j in jobs
        )
        if done and (done >= needed or policy.get("operator") == "Any"):
            return _condition("Completed", "AllJobsCompleted", "jobset completed successfully"), restarts
        return None, restarts

    def _failure(self, jobset: Obj, broken: Obj, restarts: Restarts) -> tuple[Obj | None, Restarts]:
        policy = jobset["spec"].get("failurePolicy")
        name = broken["metadata"]["name"]
        if policy is None:
            message = f"jobset failed due to one or more job failures (first failed job: {name})"
            return _condition("Failed", "FailedJobs", message), restarts
        action = _action(policy, broken)
        if action == "FailJobSet":
            message = f"applying FailJobSet failure policy action (first failed job: {name})"
            return _condition("Failed", "FailJobSetFailurePolicyAction", message), restarts
        counts = action == "RestartJobSet"
        if counts and restarts.counted >= policy.get("maxRestarts", 0):
            message = f"jobset failed due to reaching max number of restarts (first failed job: {name})"
            return _condition("Failed", "ReachedMaxRestarts", message), restarts
        message = f"applying {action} failure policy action (first failed job: {name})"
        self._desk.recorder.say(jobset, f"{action}FailurePolicyAction", message, by=_BY, warning=True)
        return None, Restarts(restarts.all + 1, restarts.counted + counts)

    def _remove(self, job: Obj) -> None:
        """Its name is free again when the last of its pods has gone."""
        namespace, name = key_of(job)
        self._desk.store.delete(JOBS, namespace, name, uid=job["metadata"]["uid"], propagation="Foreground")

    def _service(self, jobset: Obj) -> None:
        """The headless service that gives the pods their host names."""
        network = jobset["spec"].get("network") or {}
        if network.get("enableDNSHostnames", True) is False:
            return
        meta = jobset["metadata"]
        name = network.get("subdomain") or meta["name"]
        if self._desk.store.find(SERVICES, meta["namespace"], name) is not None:
            return
        spec = {
            "clusterIP": "None",
            "selector": {_L + "jobset-name": meta["name"]},
            "publishNotReadyAddresses": network.get("publishNotReadyAddresses", True),
        }
        metadata = {"name": name, "namespace": meta["namespace"], "ownerReferences": [own(jobset, JOBSETS)]}
        try:
            self._desk.store.create(SERVICES, {"metadata": metadata, "spec": spec})
        except ApiFailure as failure:
            self._desk.recorder.say(jobset, "HeadlessServiceCreationFailed", failure.message, by=_BY, warning=True)

    def _create(self, jobset: Obj, restarts: int) -> None:
        there = self._jobs(jobset)
        have = {j["metadata"]["name"] for j in there}
        strategy = (jobset["spec"].get("failurePolicy") or {}).get("restartStrategy", "Recreate")
        if strategy == "BlockingRecreate" and any(_attempt(j) < restarts for j in there):
            return
        number = 0
        for replicated in jobset["spec"]["replicatedJobs"]:
            for index in range(replicated.get("replicas", 1)):
                job = child_job(jobset, replicated, index, number, restarts)
                number += 1
                if job["metadata"]["name"] in have:
                    continue
                try:
                    self._desk.store.create(JOBS, job)
                except ApiFailure as failure:
                    self._desk.recorder.say(jobset, "JobCreationFailed", failure.message, by=_BY, warning=True)

    def _suspend(self, jobset: Obj, jobs: list[Obj]) -> None:
        """Jobs follow; one that is resumed gets what the JobSet's pod templates say by then of where to run."""
        suspended = bool(jobset["spec"].get("suspend"))
        for job in jobs:
            if bool(job["spec"].get("suspend")) != suspended and not _ended(job):
                spec = {**job["spec"], "suspend": suspended}
                if not suspended:
                    spec["template"] = _with_directives(spec["template"], _template_of(jobset, job))
                self._desk.store.update(JOBS, {**job, "spec": spec})

    def _report(self, jobset: Obj, jobs: list[Obj], verdict: Obj | None, restarts: Restarts) -> None:
        old, now = jobset.get("status") or {}, self._desk.stamp()
        status: Obj = {
            "restarts": restarts.all,
            **({"restartsCountTowardsMax": restarts.counted} if restarts.counted else {}),
            "replicatedJobsStatus": [_summary(r, jobs) for r in jobset["spec"]["replicatedJobs"]],
        }
        suspended = bool(jobset["spec"].get("suspend"))
        conditions = list(old.get("conditions") or ())
        known = condition(jobset, "Suspended")
        if suspended != bool(known and known["status"] == "True"):
            reason, message = (
                ("SuspendedJobs", "jobset is suspended") if suspended else ("ResumeJobs", "jobset is resumed")
            )
            new = {"type": "Suspended", "status": str(suspended), "reason": reason, "message": message}
            conditions = with_condition(conditions, new, now)
            self._desk.recorder.say(jobset, reason, message, by=_BY)
        if verdict:
            conditions = with_condition(conditions, verdict, now)
            status["terminalState"] = verdict["type"]
        if conditions:
            status["conditions"] = conditions
        written = self._desk.put_status(JOBSETS, jobset, status)
        if written is not None and verdict:
            failed = verdict["type"] == "Failed"
            self._desk.recorder.say(jobset, verdict["reason"], verdict["message"], by=_BY, warning=failed)


def _template_of(jobset: Obj, job: Obj) -> Obj:
    """The pod template that the JobSet has for a Job."""
    name = job["metadata"]["labels"][_L + "replicatedjob-name"]
    found = next(one for one in jobset["spec"]["replicatedJobs"] if one["name"] == name)
    template: Obj = found["template"]["spec"]["template"]
    return template


def _with_directives(template: Obj, wanted: Obj) -> Obj:
    """A pod template with the scheduling directives, labels and annotations of another."""
    meta, more = template.get("metadata") or {}, wanted.get("metadata") or {}
    metadata = {key: {**(meta.get(key) or {}), **(more.get(key) or {})} for key in ("labels", "annotations")}
    spec = {key: value for key, value in template["spec"].items() if key not in _DIRECTIVES}
    spec |= {key: wanted["spec"][key] for key in _DIRECTIVES if wanted["spec"].get(key)}
    return {**template, "metadata": {**meta, **metadata}, "spec": spec}


def _condition(kind: str, reason: str, message: str) -> Obj:
    return {"type": kind, "status": "True", "reason": reason, "message": message}


def _restarts(jobset: Obj) -> Restarts:
    status = jobset.get("status") or {}
    return Restarts(status.get("restarts", 0), status.get("restartsCountTowardsMax", 0))


def _attempt(job: Obj) -> int:
    return int(job["metadata"]["labels"].get(_L + "restart-attempt", "0"))


def _ended(job: Obj) -> str:
    """ "Complete", "Failed" or ""."""
    return next((k for k in ("Complete", "Failed") if (condition(job, k) or {}).get("status") == "True"), "")


def _terminal(jobset: Obj) -> bool:
    return any((condition(jobset, k) or {}).get("status") == "True" for k in ("Completed", "Failed"))


def _action(policy: Obj, job: Obj) -> str:
    """The first failure policy rule about this Job, else a restart."""
    reason = (condition(job, "Failed") or {}).get("reason", "")
    for rule in policy.get("rules") or ():
        reasons, targets = rule.get("onJobFailureReasons") or (), rule.get("targetReplicatedJobs") or ()
        about = not targets or job["metadata"]["labels"][_L + "replicatedjob-name"] in targets
        if about and (not reasons or reason in reasons):
            return str(rule["action"])
    return "RestartJobSet"


def _summary(replicated: Obj, jobs: list[Obj]) -> Obj:
    """One entry of status.replicatedJobsStatus."""
    mine = [j for j in jobs if j["metadata"]["labels"][_L + "replicatedjob-name"] == replicated["name"]]
    out: Obj = {"name": replicated["name"], "active": 0, "failed": 0, "ready": 0, "succeeded": 0, "suspended": 0}
    for job in mine:
        ended, status = _ended(job), job.get("status") or {}
        if ended:
            out["succeeded" if ended == "Complete" else "failed"] += 1
            continue
        size = min(
            job["spec"].get("parallelism", 1), job["spec"].get("completions") or job["spec"].get("parallelism", 1)
        )
        out["ready"] += status.get("ready", 0) + status.get("succeeded", 0) >= size
        out["active"] += bool(status.get("active"))
        out["suspended"] += bool(job["spec"].get("suspend"))
    return out


def _in_group(jobset: Obj, replicated: Obj, index: int) -> tuple[str, int, int]:
    """A Job's group, the group's size and the Job's place in it."""
    name = replicated.get("groupName") or "default"
    members = [r for r in jobset["spec"]["replicatedJobs"] if (r.get("groupName") or "default") == name]
    before = members[: [r["name"] for r in members].index(replicated["name"])]
    return name, sum(r.get("replicas", 1) for r in members), sum(r.get("replicas", 1) for r in before) + index


def child_job(jobset: Obj, replicated: Obj, index: int, number: int, restarts: int) -> Obj:
    """A child Job, labelled and annotated (its pods too) as the JobSet controller does."""
    meta, template = jobset["metadata"], replicated["template"]
    name = f"{meta['name']}-{replicated['name']}-{index}"
    group, size, place = _in_group(jobset, replicated, index)
    total = sum(r.get("replicas", 1) for r in jobset["spec"]["replicatedJobs"])
    marks = {
        _L + "jobset-name": meta["name"],
        _L + "jobset-uid": meta["uid"],
        _L + "replicatedjob-name": replicated["name"],
        _L + "replicatedjob-replicas": str(replicated.get("replicas", 1)),
        _L + "group-name": group,
        _L + "group-replicas": str(size),
        _L + "job-group-index": str(place),
        _L + "global-replicas": str(total),
        _L + "job-index": str(index),
        _L + "job-global-index": str(number),
        _L + "job-key": hashlib.sha1(f"{meta['namespace']}/{name}".encode(), usedforsecurity=False).hexdigest(),
        _L + "restart-attempt": str(restarts),
    }
    own_meta = template.get("metadata") or {}
    pod_template = template["spec"]["template"]
    pod_meta = pod_template.get("metadata") or {}
    pod_spec = dict(pod_template["spec"])
    network = jobset["spec"].get("network") or {}
    if network.get("enableDNSHostnames", True) is not False:
        pod_spec["subdomain"] = network.get("subdomain") or meta["name"]
    return {
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": {**(own_meta.get("labels") or {}), **marks},
            "annotations": {**(own_meta.get("annotations") or {}), **marks},
            "ownerReferences": [own(jobset, JOBSETS)],
        },
        "spec": {
            **template["spec"],
            "suspend": bool(jobset["spec"].get("suspend")),
            "template": {
                "metadata": {
                    "labels": {**(pod_meta.get("labels") or {}), **marks},
                    "annotations": {**(pod_meta.get("annotations") or {}), **marks},
                },
                "spec": pod_spec,
            },
        },
    }
