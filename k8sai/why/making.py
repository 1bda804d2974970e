"""How pods come to be: the template of whoever makes them, how many there should be, and why the API refused one."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from k8sai.cluster.reading import Json, holds
from k8sai.facts import Pod
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity
from k8sai.why.case import Case
from k8sai.why.subject import Owner

_REFUSED: Final = ("FailedCreate", "JobCreationFailed", "FailedCreation", "GroupsUpdating", "PodCreationFailed")
# What comes before the API server's own reason in a controller's words.
_HEAD: Final = re.compile(r'^.*?(?:Error creating(?:: )?|pods? "[^"]*" is (?:forbidden|invalid): )')


def refusal(case: Case) -> str:
    """Why the API server took no pod of it, in its own words; empty where nobody said so, or none is missing."""
    if not case.missing:
        return ""
    for owner in case.owners:
        failing = holds(owner.object, "ReplicaFailure")
        if failing is not None:
            return " ".join((failing.get("message") or "").split())
    for event in case.owner_events:
        if event.get("reason") in _REFUSED and event.get("type") == "Warning":
            return " ".join((event.get("message") or "").split())
    return ""


def short(said: str) -> str:
    """The API server's reason without what a controller wrote before it."""
    while (match := _HEAD.match(said)) is not None and match.end() < len(said):
        said = said[match.end() :]
    return said.rstrip(".")


def templates(case: Case) -> Iterator[tuple[Owner, Json]]:
    """Who makes the pods that are missing, and their spec: the innermost owners there are."""
    for owner in (*case.subject.below, case.subject.it):
        for template in of_owner(owner):
            yield owner, template


def of_owner(owner: Owner) -> list[Json]:
    """The pod specs an object makes pods from, each once."""
    spec = owner.object.get("spec") or {}
    kind = owner.kind.kind
    if kind == "CronJob":
        return _specs(((spec.get("jobTemplate") or {}).get("spec") or {}).get("template"))
    if kind == "JobSet":
        return _specs(*(job["template"]["spec"].get("template") for job in spec.get("replicatedJobs") or ()))
    if kind == "LeaderWorkerSet":
        both = spec.get("leaderWorkerTemplate") or {}
        return _specs(both.get("leaderTemplate"), both.get("workerTemplate"))
    if kind in ("RayCluster", "RayJob"):
        ray = spec if kind == "RayCluster" else spec.get("rayClusterSpec") or {}
        groups = [(ray.get("headGroupSpec") or {}).get("template")]
        return _specs(*groups, *(group.get("template") for group in ray.get("workerGroupSpecs") or ()))
    replicas = next((spec[key] for key in spec if key.endswith("ReplicaSpecs")), None)
    if isinstance(replicas, dict):
        return _specs(*(each.get("template") for each in replicas.values()))
    return _specs(spec.get("template"))


def _specs(*found: Json | None) -> list[Json]:
    return [template["spec"] for template in found if template and template.get("spec")]


def wanted(owner: Owner) -> int | None:
    """How many pods there should be now; None where the kind does not tell."""
    spec, status = owner.object.get("spec") or {}, owner.object.get("status") or {}
    match owner.kind.kind:
        case "Job" if owner.kind.group == "batch":
            return _job(spec, status)
        case "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "Rollout":
            return int(spec.get("replicas", 1))
        case "DaemonSet":
            return int(status.get("desiredNumberScheduled", 0))
        case "JobSet":
            return sum(
                int(job.get("replicas", 1)) * _job(job["template"]["spec"], {}) for job in spec["replicatedJobs"]
            )
        case "LeaderWorkerSet":
            return int(spec.get("replicas", 1)) * int((spec.get("leaderWorkerTemplate") or {}).get("size", 1))
        case "RayCluster":
            groups = spec.get("workerGroupSpecs") or ()
            return 1 + sum(int(group.get("replicas", 0)) * int(group.get("numOfHosts", 1)) for group in groups)
    replicas = next((spec[key] for key in spec if key.endswith("ReplicaSpecs")), None)
    if isinstance(replicas, dict):
        return sum(int(each.get("replicas", 1)) for each in replicas.values())
    return None


def _job(spec: Json, status: Json) -> int:
    parallel = int(spec.get("parallelism", 1))
    completions = spec.get("completions")
    if completions is None:
        return parallel
    return min(parallel, max(0, int(completions) - int(status.get("succeeded", 0))))


def requests(spec: Json) -> dict[str, int]:
    """What one pod of the template takes. Empty where its quantities are malformed: the API server says so itself."""
    try:
        return effective(msgspec.convert({"metadata": {}, "spec": spec}, Pod))
    except (BadQuantity, msgspec.ValidationError):
        return {}
