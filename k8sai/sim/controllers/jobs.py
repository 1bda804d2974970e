"""Jobs: pods until enough of them succeeded, or too many failed."""

from dataclasses import dataclass, field

from k8sai.ages import epoch
from k8sai.sim.controllers.desk import (
    JOBS,
    PODS,
    Desk,
    Key,
    condition,
    finished,
    from_template,
    key_of,
    leaving,
    own,
    ready,
    with_condition,
)
from k8sai.sim.controllers.jobrules import failure_action, index_of, ranges, waits, wanted_active
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, controller_of
from k8sai.sim.status import ApiFailure

_BY = "job-controller"
_FIRST_DELAY, _LONGEST_DELAY = 10.0, 600.0  # seconds between a failure and its replacement


@dataclass(slots=True)
class _Tally:
    """What a Job has seen of its pods, each counted once, also when it is gone since."""

    succeeded: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)  # removed by the controller, or by a rule that says so
    done: set[int] = field(default_factory=set)  # completed indexes
    fatal: str = ""  # the message of a FailJob rule
    in_a_row: int = 0
    not_before: float = 0.0  # no new pods until then


class Jobs:
    """One key per Job."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("jobs", self.sync)
        self._tallies: dict[str, _Tally] = {}

    def on_event(self, event: Event) -> None:
        if event.resource is JOBS:
            if event.type == "DELETED":
                self._tallies.pop(event.obj["metadata"]["uid"], None)
            self._add(key_of(event.obj))
        elif event.resource is PODS:
            owner = controller_of(event.obj)
            if owner and owner["kind"] == "Job":
                key = (event.obj["metadata"]["namespace"], owner["name"])
                if finished(event.obj) or event.type == "DELETED" or leaving(event.obj):
                    self._count(key, owner["uid"], event.obj)
                self._add(key)

    def _count(self, key: Key, uid: str, pod: Obj) -> None:
        """Count a pod that ended; one that vanished without ending failed.

        So did one that is told to end, however it ends then, where the Job does not wait for that to replace it.
        """
        job = self._desk.find(JOBS, key)
        if job is None or job["metadata"]["uid"] != uid or (leaving(pod) and not finished(pod) and waits(job["spec"])):
            return
        tally = self._tallies.setdefault(uid, _Tally())
        me = pod["metadata"]["uid"]
        if me in tally.succeeded or me in tally.failed or me in tally.ignored:
            return
        if (pod.get("status") or {}).get("phase") == "Succeeded":
            tally.succeeded.add(me)
            tally.done.add(index_of(pod))
            tally.in_a_row = 0
            return
        action, message = failure_action(job, pod)
        if action == "Ignore":
            tally.ignored.add(me)
            return
        tally.failed.add(me)
        if action == "FailJob":
            tally.fatal = message
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2**tally.in_a_row)
        tally.in_a_row += 1
        tally.not_before = self._desk.clock.now() + delay

    def sync(self, key: Key) -> None:
        job = self._desk.find(JOBS, key)
        if (
            job is None
            or job["spec"].get("managedBy", "kubernetes.io/job-controller") != "kubernetes.io/job-controller"
        ):
            return
        uid = job["metadata"]["uid"]
        tally = self._tallies.setdefault(uid, _Tally())
        pods = [p for p in self._desk.pods.owned(uid) if not finished(p)]
        if _ended(job):
            self._remove([p for p in pods if not leaving(p)], tally)
            self._expire(job)
            return
        if leaving(job):
            return
        active = [p for p in pods if not leaving(p)]
        gone = [p for p in pods if leaving(p)]
        verdict = self._verdict(job, tally, active, gone)
        if verdict or job["spec"].get("suspend"):
            self._remove(active, tally)
            gone, active = gone + active, []
        else:
            active = self._scale(job, tally, active, gone)
        self._report(job, tally, active, [p for p in gone if not finished(p)], verdict)

    def _verdict(self, job: Obj, tally: _Tally, active: list[Obj], gone: list[Obj]) -> Obj | None:
        """The terminal condition, without its times, or None while it goes on."""
        spec, now = job["spec"], self._desk.clock.now()
        if tally.fatal:
            return _failed("PodFailurePolicy", tally.fatal)
        limit = spec.get("backoffLimit", 6)
        if len(tally.failed) > limit or self._restarts(spec, active) > limit:
            return _failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        started, deadline = (job.get("status") or {}).get("startTime"), spec.get("activeDeadlineSeconds")
        if deadline is not None and started and not spec.get("suspend"):
            left = epoch(started) + deadline - now
            if left <= 0:
                return _failed("DeadlineExceeded", "Job was active longer than specified deadline")
            self._desk.clock.after(left, lambda: self._add(key_of(job)))
        completions = spec.get("completions")
        succeeded = len(tally.done) if spec.get("completionMode") == "Indexed" else len(tally.succeeded)
        enough = succeeded >= completions if completions is not None else bool(succeeded and not active and not gone)
        if enough:
            message = "Reached expected number of succeeded pods"
            return {"type": "Complete", "status": "True", "reason": "CompletionsReached", "message": message}
        return None

    def _restarts(self, spec: Obj, active: list[Obj]) -> int:
        """Restarts in place count as failures where the kubelet restarts."""
        if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
            return 0
        statuses = (s for p in active for s in (p.get("status") or {}).get("containerStatuses") or ())
        return sum(s.get("restartCount", 0) for s in statuses)

    def _scale(self, job: Obj, tally: _Tally, active: list[Obj], gone: list[Obj]) -> list[Obj]:
        wanted = wanted_active(job["spec"], len(tally.succeeded), len(tally.done), len(active))
        if wanted < len(active):
            extra = sorted(active, key=lambda p: (ready(p), p["metadata"]["creationTimestamp"]))[: len(active) - wanted]
            self._remove(extra, tally)
            return [p for p in active if p not in extra]
        replaces_late = waits(job["spec"])
        missing = wanted - len(active) - (len(gone) if replaces_late else 0)
        if missing <= 0:
            return active
        wait = tally.not_before - self._desk.clock.now()
        if wait > 0:
            self._desk.clock.after(wait, lambda: self._add(key_of(job)))
            return active
        return active + self._create(job, tally, active, gone if replaces_late else [], missing)

    def _create(self, job: Obj, tally: _Tally, active: list[Obj], gone: list[Obj], missing: int) -> list[Obj]:
        indexed = job["spec"].get("completionMode") == "Indexed"
        busy = tally.done | {index_of(p) for p in [*active, *gone]}
        free = iter(i for i in range(job["spec"].get("completions") or 0) if i not in busy)
        made = []
        for _ in range(missing):
            index = next(free, None) if indexed else None
            if indexed and index is None:
                break
            try:
                pod = self._desk.store.create(PODS, pod_of_job(job, index))
            except ApiFailure as failure:
                self._desk.recorder.say(job, "FailedCreate", f"Error creating: {failure.message}", by=_BY, warning=True)
                break
            self._desk.recorder.say(job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", by=_BY)
            made.append(pod)
        return made

    def _remove(self, pods: list[Obj], tally: _Tally) -> None:
        for pod in pods:
            tally.ignored.add(pod["metadata"]["uid"])
            self._desk.delete(PODS, pod)

    def _report(self, job: Obj, tally: _Tally, active: list[Obj], gone: list[Obj], verdict: Obj | None) -> None:
        old, now = job.get("status") or {}, self._desk.stamp()
        suspended = bool(job["spec"].get("suspend"))
        status: Obj = {
            "active": len(active),
            "ready": sum(ready(p) for p in active),
            "terminating": len(gone),
            "succeeded": len(tally.done) if job["spec"].get("completionMode") == "Indexed" else len(tally.succeeded),
            "failed": len(tally.failed),
            "completedIndexes": ranges(tally.done) if job["spec"].get("completionMode") == "Indexed" else "",
        }
        status = {k: v for k, v in status.items() if v or k in ("ready", "terminating")}
        status["uncountedTerminatedPods"] = {}
        conditions = self._suspension(job, suspended, now)
        if not suspended and (old.get("startTime") is None or _resumed(job)):
            status["startTime"] = now
        elif old.get("startTime") and not suspended:
            status["startTime"] = old["startTime"]
        if verdict:
            first = "SuccessCriteriaMet" if verdict["type"] == "Complete" else "FailureTarget"
            conditions = with_condition(conditions, {**verdict, "type": first, "lastProbeTime": now}, now)
            conditions = with_condition(conditions, {**verdict, "lastProbeTime": now}, now)
            if verdict["type"] == "Complete":
                status["completionTime"] = now
        if conditions:
            status["conditions"] = conditions
        if self._desk.put_status(JOBS, job, status) is not None and verdict:
            self._announce(job, verdict)

    def _suspension(self, job: Obj, suspended: bool, now: str) -> list[Obj]:
        conditions = list((job.get("status") or {}).get("conditions") or ())
        known = condition(job, "Suspended")
        if suspended == bool(known and known["status"] == "True"):
            return conditions
        word = "Suspended" if suspended else "Resumed"
        self._desk.recorder.say(job, word, f"Job {word.lower()}", by=_BY)
        new = {"type": "Suspended", "status": str(suspended), "reason": f"Job{word}", "message": f"Job {word.lower()}"}
        return with_condition(conditions, {**new, "lastProbeTime": now}, now)

    def _announce(self, job: Obj, verdict: Obj) -> None:
        if verdict["type"] == "Complete":
            self._desk.recorder.say(job, "Completed", "Job completed", by=_BY)
        else:
            self._desk.recorder.say(job, verdict["reason"], verdict["message"], by=_BY, warning=True)

    def _expire(self, job: Obj) -> None:
        """ttlSecondsAfterFinished."""
        seconds = job["spec"].get("ttlSecondsAfterFinished")
        if seconds is None or leaving(job):
            return
        end = condition(job, "Complete") or condition(job, "Failed")
        left = epoch(end["lastTransitionTime"]) + seconds - self._desk.clock.now() if end else 0.0
        if left <= 0:
            self._desk.delete(JOBS, job)
        else:
            self._desk.clock.after(left, lambda: self._add(key_of(job)))


def _ended(job: Obj) -> bool:
    return any((condition(job, kind) or {}).get("status") == "True" for kind in ("Complete", "Failed"))


def _resumed(job: Obj) -> bool:
    known = condition(job, "Suspended")
    return bool(known and known["status"] == "True") and not job["spec"].get("suspend")


def _failed(reason: str, message: str) -> Obj:
    return {"type": "Failed", "status": "True", "reason": reason, "message": message}


def pod_of_job(job: Obj, index: int | None) -> Obj:
    """A pod of the Job, with the labels that the API server and the controller give it."""
    meta = job["metadata"]
    prefix = f"{meta['name']}-" if index is None else f"{meta['name']}-{index}-"
    pod = from_template(job["spec"]["template"], meta["namespace"], own(job, JOBS), prefix=prefix)
    pod["metadata"]["labels"] |= {
        "batch.kubernetes.io/controller-uid": meta["uid"],
        "batch.kubernetes.io/job-name": meta["name"],
        "controller-uid": meta["uid"],
        "job-name": meta["name"],
    }
    if index is not None:
        mark = {"batch.kubernetes.io/job-completion-index": str(index)}
        pod["metadata"]["labels"] |= mark
        pod["metadata"]["annotations"] |= mark
        pod["spec"] = {"hostname": f"{meta['name']}-{index}", **pod["spec"]}
    return pod
