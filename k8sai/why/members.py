"""Pods that are not there yet although nothing forbids them: one is made after the other, or a controller is slow."""

from typing import Final

from k8sai.cluster.reading import Json, holds
from k8sai.view import several
from k8sai.why.case import Case, listed
from k8sai.why.kinds import POD, POD_GROUPS
from k8sai.why.making import wanted
from k8sai.why.subject import Owner
from k8sai.why.suspension import suspended
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "members"


def check(case: Case) -> Layer:
    if case.pod is not None:
        return no_matter(LAYER)
    if case.reading.blind(POD.resource):
        return unseen(LAYER, "its pods may not be read")
    if not case.missing:
        return fine(LAYER)
    it = case.subject.it
    if it.kind in POD_GROUPS:
        return reason(LAYER, "MembersWait", "no pod names it", next=case.kubectl("describe", it.said))
    if any(map(suspended, (it, *case.subject.above))):
        return fine(LAYER, "its controller makes none while it is suspended")
    for owner in (it, *case.subject.below):
        message = _in_order(case, owner)
        if message:
            return reason(LAYER, "MembersWait", message, next=case.kubectl("describe", it.said))
    made = _made(case)
    asked = wanted(it)
    much = f"{made} of {several(asked, 'pod')}" if asked is not None else several(made, "pod")
    message = f"its controller has made {much}, and nothing that we can see forbids the rest"
    describe = case.kubectl("describe", it.said)
    if case.seconds_since(it.object["metadata"].get("creationTimestamp")) < 10:
        return reason(LAYER, "JustCreated", f"it was created just now; {message}", next=describe)
    return reason(LAYER, "MembersWait", f"{message}; is its controller running?", next=describe)


def _made(case: Case) -> int:
    return len(case.subject.pods)


def _in_order(case: Case, owner: Owner) -> str:
    """Controllers that make one pod or group only when those before it are ready."""
    spec = owner.object.get("spec") or {}
    if owner.kind.kind == "StatefulSet" and spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady":
        behind = [pod["metadata"]["name"] for pod in case.subject.pods if holds(pod, "Ready") is None]
        return f"it makes its pods one after the other, and {behind[0]} is not ready" if behind else ""
    if owner.kind.kind == "JobSet":
        return _jobs_in_order(case, spec)
    if owner.kind.kind == "LeaderWorkerSet" and spec.get("startupPolicy") == "LeaderReady":
        return "its workers are made when their leader is ready"
    return ""


def _jobs_in_order(case: Case, spec: Json) -> str:
    made = {
        child.object["metadata"].get("labels", {}).get("jobset.sigs.k8s.io/replicatedjob-name")
        for child in case.subject.below
    }
    later = [job["name"] for job in spec.get("replicatedJobs") or () if job["name"] not in made]
    ordered = (spec.get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder"
    if later and (ordered or any(job.get("dependsOn") for job in spec["replicatedJobs"])):
        return f"its jobs start one after the other, and {listed(later)} must wait"
    return ""
