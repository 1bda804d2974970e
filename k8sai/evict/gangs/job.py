"""A batch Job: `suspend` deletes its pods with their grace, counts no failure and completes no index.

Source: pkg/controller/job of Kubernetes 1.37; podFailurePolicy of KEP-3329, podReplacementPolicy of KEP-3939.
"""

from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.gangs.form import Form, Seen, number, suspended_at, within
from k8sai.evict.gangs.kinds import JOB

_BACKOFF: Final = 6  # Kubernetes' default


def parallelism(job: Json) -> int:
    """The pods it has when whole: never more than are still to be completed."""
    spec, status = job.get("spec") or {}, job.get("status") or {}
    wide = number(spec.get("parallelism"), 1)
    if spec.get("completions") is None:
        return wide
    return max(0, min(wide, number(spec["completions"], wide) - number(status.get("succeeded"), 0)))


def over(job: Json) -> bool:
    """It is complete or has failed."""
    conditions = within(job, "status", "conditions") or ()
    return any(one.get("type") in ("Complete", "Failed") and one.get("status") == "True" for one in conditions)


def ignores(job: Json) -> bool:
    """Its podFailurePolicy does not count a pod that was evicted."""
    return any(
        rule.get("action") == "Ignore"
        and any(one.get("type") == "DisruptionTarget" for one in rule.get("onPodConditions") or ())
        for rule in within(job, "spec", "podFailurePolicy", "rules") or ()
    )


def replaces(job: Json) -> bool:
    """One evicted pod is made anew, and its peers go on."""
    limit = number(within(job, "spec", "backoffLimit"), _BACKOFF)
    return ignores(job) or limit > number(within(job, "status", "failed"), 0)


def completes(job: Json) -> bool:
    """An evicted rank that exits 0 counts as a completed index, and never comes back."""
    spec = job.get("spec") or {}
    return bool(spec.get("podFailurePolicy")) or spec.get("podReplacementPolicy") == "Failed"


def words(job: Json) -> str:
    """What evicting one of its pods does."""
    if not replaces(job):
        return "evicting one pod fails the Job: its backoffLimit is used up, and all its pods are deleted"
    counted = "is not counted" if ignores(job) else "counts against backoffLimit"
    complete = "; a rank that then exits 0 is complete for good" if completes(job) else ""
    return f"evicting one pod {counted}: it is made anew after 10 s or more while the others hang{complete}"


def _restarts(seen: Seen) -> str:
    return words(seen.top)


FORM: Final = Form(JOB, suspended_at("spec", "suspend"), lambda seen: parallelism(seen.top), _restarts)
