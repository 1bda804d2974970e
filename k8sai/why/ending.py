"""It ends or has ended: deleted and waiting for somebody, completed, failed, evicted, scaled to nothing."""

from typing import Final

from k8sai.cluster.reading import Json, condition, holds
from k8sai.why.case import Case, listed
from k8sai.why.subject import Owner
from k8sai.why.verdict import Layer, fine, reason

LAYER: Final = "ending"
_DONE: Final = ("Complete", "Completed", "Succeeded", "Finished")
_DISRUPTED: Final = {
    "PreemptionByScheduler": "it made room for a more important pod",
    "DeletionByTaintManager": "its node got a taint that it does not tolerate",
    "EvictionByEvictionAPI": "somebody evicted it, as a drain does",
    "DeletionByPodGC": "its node is gone",
    "TerminationByKubelet": "its node was short of something or went down",
    "DeletionByDeviceTaintManager": "its device got a taint that it does not tolerate",
}
_SCALED: Final = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "LeaderWorkerSet", "Rollout")


def check(case: Case) -> Layer:
    if case.pod is None:
        return _workload(case, case.subject.it)
    if case.leaving and not case.ended:
        return _leaving(case)
    if case.status.get("phase") == "Succeeded":
        return reason(LAYER, "Completed", "")
    if case.status.get("phase") == "Failed":
        return _failed(case)
    return fine(LAYER)


# --- pods -------------------------------------------------------------------------------------------------------------


def _leaving(case: Case) -> Layer:
    waited = case.seconds_since(case.meta["deletionTimestamp"])
    told = f"it was told to end and had time until {case.meta['deletionTimestamp']}"
    finalizers = case.meta.get("finalizers") or []
    if finalizers and (not case.node or _all_terminated(case.status)):
        message = f"it is kept by {'the finalizer' if len(finalizers) == 1 else 'the finalizers'} {listed(finalizers)}"
        return reason(LAYER, "Finalizers", message, told, next=case.kubectl("get", f"pod/{case.name}", "-o", "yaml"))
    if waited > 60 and case.node:
        message = (
            f"it should have ended {case.ago(case.meta['deletionTimestamp'])} ago; node {case.node} has not said so"
        )
        return reason(LAYER, "Terminating", message, told, next=f"kubectl describe node {case.node}")
    where = f" on {case.node}, where it still holds what it asked for" if case.node else ""
    return reason(LAYER, "Terminating", f"it was told to end{where}", told)


def _all_terminated(status: Json) -> bool:
    found = status.get("containerStatuses") or ()
    return bool(found) and all("terminated" in (one.get("state") or {}) for one in found)


def _failed(case: Case) -> Layer:
    word, message = str(case.status.get("reason") or ""), " ".join((case.status.get("message") or "").split())
    disrupted = holds(case.pod or {}, "DisruptionTarget")
    describe = case.kubectl("describe", f"pod/{case.name}")
    if word == "Evicted" or (disrupted is not None and not word):
        said = str((disrupted or {}).get("message", ""))
        why: str = message or _DISRUPTED.get((disrupted or {}).get("reason", ""), said)
        return reason(LAYER, "Evicted", why.rstrip("."), said, next=describe)
    if word == "DeadlineExceeded":
        return reason(LAYER, "DeadlineExceeded", message or "it was active longer than its deadline", next=describe)
    if word:
        where = f"{case.node} said " if case.node else ""
        return reason(LAYER, "Rejected", f"{where}{word}: {message}".rstrip(": ."), next=describe)
    return _exited(case)


def _exited(case: Case) -> Layer:
    logs = case.kubectl("logs", case.name)
    for one in (*(case.status.get("initContainerStatuses") or ()), *(case.status.get("containerStatuses") or ())):
        ended = (one.get("state") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            if ended.get("reason") == "OOMKilled":
                return reason(LAYER, "Failed", f"container {one['name']} ran out of memory (OOMKilled)", next=logs)
            said = f"container {one['name']} ended with exit code {ended['exitCode']}"
            return reason(LAYER, "Failed", said, ended.get("message", ""), next=f"{logs} -c {one['name']}")
    return reason(LAYER, "Failed", "", next=case.kubectl("describe", f"pod/{case.name}"))


# --- workloads --------------------------------------------------------------------------------------------------------


def _workload(case: Case, owner: Owner) -> Layer:
    obj = owner.object
    describe = case.kubectl("describe", owner.said)
    if obj["metadata"].get("deletionTimestamp"):
        kept = listed(obj["metadata"].get("finalizers") or ())
        return reason(
            LAYER, "Terminating", "it is being deleted" + (f", kept by {kept}" if kept else ""), next=describe
        )
    for word in _DONE:
        if holds(obj, word):
            return reason(LAYER, "Completed", "")
    failed = holds(obj, "Failed") or holds(obj, "FailureTarget")
    if failed is not None:
        word, message = failed.get("reason") or "", (failed.get("message") or "").rstrip(".")
        code = "DeadlineExceeded" if word == "DeadlineExceeded" else "Failed"
        said = f"{word}: {message}" if word and message else word or message
        return reason(LAYER, code, said, *_failed_children(case), next=case.kubectl("logs", owner.said))
    if (obj.get("status") or {}).get("jobStatus") in ("FAILED", "SUCCEEDED"):  # Ray
        done = obj["status"]["jobStatus"] == "SUCCEEDED"
        said = "" if done else str(obj["status"].get("message") or obj["status"].get("reason") or "")
        return reason(LAYER, "Completed" if done else "Failed", said, next="" if done else describe)
    if owner.kind.kind in _SCALED and (obj.get("spec") or {}).get("replicas") == 0:
        scale = case.kubectl("scale", owner.said, "--replicas=1")
        return reason(LAYER, "ScaledToZero", "it is scaled to 0 replicas", next=scale)
    if owner.kind.kind == "DaemonSet" and (obj.get("status") or {}).get("desiredNumberScheduled") == 0:
        return reason(LAYER, "ScaledToZero", "no node matches it", next=describe)
    if owner.kind.kind == "CronJob" and not case.subject.pods:
        return reason(LAYER, "ScaledToZero", "it runs nothing now", next=describe)
    return fine(LAYER)


def _failed_children(case: Case) -> list[str]:
    """The jobs below a job set that failed, and why."""
    found = []
    for child in case.subject.below:
        failed = condition(child.object, "Failed")
        if failed is not None and failed.get("status") == "True":
            found.append(f"{child.said}: {failed.get('reason', '')}: {failed.get('message', '')}")
    return found
