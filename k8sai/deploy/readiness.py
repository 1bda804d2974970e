"""Is an object what its writer wanted: ready, on its way, or failed. Pure: an object in, a sentence out.

A status that is about an older generation says nothing. Rules: kubectl `rollout status`, kstatus, and the conditions
that each kind of AI workload documents.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from k8sai.deploy.paths import Json

Level = Literal["ready", "progress", "failed"]

_QUEUE = "kueue.x-k8s.io/queue-name"
# Kinds that tell by a condition of their own; without that condition nothing is known yet.
_TELLS: Mapping[str, str] = {
    "CustomResourceDefinition": "Established",
    "APIService": "Available",
    "LeaderWorkerSet": "Available",
    "Workload": "Admitted",
    "ClusterQueue": "Active",
    "LocalQueue": "Active",
    "AdmissionCheck": "Active",
    "InferenceService": "Ready",
    "LLMInferenceService": "Ready",
    "RayService": "Ready",
    "Gateway": "Programmed",
    "Certificate": "Ready",
    "ScaledObject": "Ready",
}
_USUAL = ("Ready", "Available")  # what most operators call it


@dataclass(frozen=True, slots=True)
class State:
    """`text` is a few words: `2 of 5 available`. `queued`: it waits in order, and nobody is at fault."""

    level: Level
    text: str = ""
    queued: bool = False


READY = State("ready", "ready")
COMPLETE = State("ready", "complete")


def readiness(obj: Json) -> State:
    """Of one object as the server has it now."""
    meta, status = obj.get("metadata") or {}, obj.get("status") or {}
    if meta.get("deletionTimestamp"):
        return State("failed", "it is being deleted")
    rule = _RULES.get(str(obj.get("kind")))
    seen = status.get("observedGeneration")
    stale = seen is not None and seen < (meta.get("generation") or 0)
    if stale or (seen is None and rule in _COUNTED):
        return State("progress", "its controller has not seen it yet")
    return rule(obj) if rule else _told(obj)


def condition(obj: Json, name: str) -> Json | None:
    """A condition by its type."""
    listed = (obj.get("status") or {}).get("conditions") or ()
    return next((one for one in listed if one.get("type") == name), None)


def _is(obj: Json, name: str) -> bool:
    return (condition(obj, name) or {}).get("status") == "True"


def _why(obj: Json, name: str) -> str:
    found = condition(obj, name) or {}
    return str(found.get("message") or found.get("reason") or name.lower())


# --- what tells by a condition ----------------------------------------------------------------------------------------


def _told(obj: Json) -> State:
    if _is(obj, "Failed"):
        return State("failed", _why(obj, "Failed"))
    wanted = _TELLS.get(str(obj.get("kind")))
    names = (wanted,) if wanted else tuple(name for name in _USUAL if condition(obj, name))
    for name in names:
        if not _is(obj, name):
            queued = obj.get("kind") == "Workload"
            return State("progress", _why(obj, name) if condition(obj, name) else f"not {name.lower()} yet", queued)
    return READY


# --- what counts pods -------------------------------------------------------------------------------------------------


def _deployment(obj: Json) -> State:
    status, wanted = obj.get("status") or {}, _number((obj.get("spec") or {}).get("replicas"), 1)
    progressing = condition(obj, "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return State("failed", str(progressing.get("message") or "it made no progress in time"))
    updated, all_of_it = _number(status.get("updatedReplicas")), _number(status.get("replicas"))
    if updated < wanted:
        return State("progress", f"{updated} of {wanted} new pods")
    if all_of_it > updated:
        return State("progress", f"old pods to end: {all_of_it - updated}")
    return _of(_number(status.get("availableReplicas")), wanted, "available")


def _stateful(obj: Json) -> State:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    wanted, strategy = _number(spec.get("replicas"), 1), spec.get("updateStrategy") or {}
    partition = _number((strategy.get("rollingUpdate") or {}).get("partition"))
    if strategy.get("type") != "OnDelete" and status.get("updateRevision") != status.get("currentRevision"):
        updated = _number(status.get("updatedReplicas"))
        if updated < wanted - partition:
            return State("progress", f"{updated} of {wanted - partition} new pods")
    return _of(_number(status.get("readyReplicas")), wanted, "ready")


def _daemon(obj: Json) -> State:
    status = obj.get("status") or {}
    wanted, updated = _number(status.get("desiredNumberScheduled")), _number(status.get("updatedNumberScheduled"))
    if updated < wanted:
        return State("progress", f"{updated} of {wanted} new pods")
    return _of(_number(status.get("numberAvailable")), wanted, "available")


def _replicas(obj: Json) -> State:
    wanted = _number((obj.get("spec") or {}).get("replicas"), 1)
    return _of(_number((obj.get("status") or {}).get("readyReplicas")), wanted, "ready")


def _of(have: int, wanted: int, word: str) -> State:
    return READY if have >= wanted else State("progress", f"{have} of {wanted} {word}")


# --- what runs to its end ---------------------------------------------------------------------------------------------


def _job(obj: Json) -> State:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    ended = _ended(obj, "Complete")
    if ended:
        return ended
    at_once = _number(spec.get("parallelism"), 1)
    if spec.get("completions") is not None:
        at_once = min(at_once, _number(spec["completions"]) - _number(status.get("succeeded")))
    running = _number(status.get("ready"))
    return State("ready", "running") if running >= at_once else State("progress", f"{running} of {at_once} pods ready")


def _jobset(obj: Json) -> State:
    ended = _ended(obj, "Completed")
    if ended:
        return ended
    jobs = (obj.get("spec") or {}).get("replicatedJobs") or ()
    wanted = {one.get("name"): _number(one.get("replicas"), 1) for one in jobs}
    return _jobs(wanted, (obj.get("status") or {}).get("replicatedJobsStatus") or ())


def _trainjob(obj: Json) -> State:
    ended = _ended(obj, "Complete")
    if ended:
        return ended
    told = (obj.get("status") or {}).get("jobsStatus") or ()
    return _jobs({one.get("name"): 1 for one in told} or {"": 1}, told)


def _jobs(wanted: Mapping[Any, int], told: Any) -> State:
    going = {one.get("name"): _number(one.get("ready")) + _number(one.get("succeeded")) for one in told}
    count, have = sum(wanted.values()), sum(min(going.get(name, 0), number) for name, number in wanted.items())
    return State("ready", "running") if have >= count else State("progress", f"{have} of {count} jobs running")


def _ended(obj: Json, complete: str) -> State | None:
    """Failed, complete, or held back; None where it is on its way."""
    if _is(obj, "Failed"):
        return State("failed", _why(obj, "Failed"))
    if _is(obj, complete):
        return COMPLETE
    if (obj.get("spec") or {}).get("suspend"):
        queue = ((obj.get("metadata") or {}).get("labels") or {}).get(_QUEUE)
        return State("progress", f"queued in LocalQueue {queue}" if queue else "suspended", queued=True)
    return None


def _ray_job(obj: Json) -> State:
    status = obj.get("status") or {}
    word = str(status.get("jobDeploymentStatus") or "")
    if word == "Failed" or status.get("jobStatus") == "FAILED":
        return State("failed", str(status.get("message") or "failed"))
    if (obj.get("spec") or {}).get("suspend"):
        return _ended(obj, "Complete") or State("progress", "suspended", queued=True)
    return State("ready", word.lower()) if word in ("Running", "Complete") else State("progress", word.lower() or "new")


def _ray_cluster(obj: Json) -> State:
    word = str((obj.get("status") or {}).get("state") or "new")
    if (obj.get("spec") or {}).get("suspend"):
        return State("progress", "suspended", queued=True)
    return READY if word == "ready" else State("failed" if word == "failed" else "progress", word)


# --- pods, claims, namespaces -----------------------------------------------------------------------------------------


def _pod(obj: Json) -> State:
    status = obj.get("status") or {}
    phase = str(status.get("phase") or "Pending")
    if phase == "Succeeded":
        return COMPLETE
    if phase == "Failed":
        return State("failed", str(status.get("message") or status.get("reason") or "failed"))
    if _is(obj, "Ready"):
        return READY
    for one in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return State("progress", f"{one.get('name')}: {waiting['reason']}")
    scheduled = condition(obj, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        gated = scheduled.get("reason") == "SchedulingGated"
        return State("progress", "gated" if gated else str(scheduled.get("message") or "no node yet"), queued=gated)
    return State("progress", phase.lower())


def _claim(obj: Json) -> State:
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    if phase == "Lost":
        return State("failed", "its volume is lost")
    return READY if phase == "Bound" else State("progress", "not bound yet")


def _namespace(obj: Json) -> State:
    return READY if (obj.get("status") or {}).get("phase") == "Active" else State("progress", "not active yet")


def _number(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else default


_RULES: Mapping[str, Callable[[Json], State]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful,
    "DaemonSet": _daemon,
    "ReplicaSet": _replicas,
    "Job": _job,
    "JobSet": _jobset,
    "TrainJob": _trainjob,
    "RayJob": _ray_job,
    "RayCluster": _ray_cluster,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Namespace": _namespace,
}
_COUNTED = (_deployment, _stateful, _daemon, _replicas)  # their controllers always say which generation they saw
