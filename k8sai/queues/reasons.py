"""What Kueue itself says about a workload, as one of our codes and its numbers. Quoted beside our own arithmetic.

Its words may be older than the state, or those of a queue the workload has left: nothing is decided by them alone.
Source: apis/kueue/v1beta2/workload_types.go and pkg/scheduler/flavorassigner of Kueue 0.19; KEP-10852.
"""

import re
from dataclasses import dataclass
from typing import Final

from k8sai.queues.facts import Condition, Share
from k8sai.queues.values import quantity
from k8sai.queues.verdict import EXITS
from k8sai.queues.workload import Workload

_POD_SET: Final = re.compile(r"couldn't assign flavors to pod set (?P<name>[^\s:]+): ")
_PENDING: Final = re.compile(r"Pending the preemption of (\d+) workload\(s\)")
_MORE: Final = re.compile(
    r"insufficient unused quota for (?P<resource>\S+) in flavor (?P<flavor>[^\s,]+), (?P<more>\S+) more needed"
)
_MOST: Final = re.compile(
    r"insufficient quota for (?P<resource>\S+) in flavor (?P<flavor>[^\s,]+), previously considered podsets requests "
    r"\((?P<before>[^)]*)\) \+ current podset request \((?P<asked>[^)]*)\) > maximum capacity \((?P<most>[^)]*)\)"
)
_REFUSED: Final = (
    re.compile(r"untolerated taint (?P<why>\{[^}]*\}) in flavor (?P<flavor>[^\s,;]+)"),
    re.compile(r"flavor (?P<flavor>[^\s,;]+) (?P<why>doesn't match node affinity)"),
    re.compile(r"flavor (?P<flavor>[^\s,;]+) (?P<why>not found)"),
    re.compile(r'Flavor "(?P<flavor>[^"]+)" (?P<why>does not (?:support TopologyAwareScheduling|contain [^,;]*))'),
)
_UNCOVERED: Final = re.compile(r"resource (?P<resource>\S+) unavailable in ClusterQueue")
_TOPOLOGY: Final = re.compile(
    r'topology "(?P<name>[^"]+)" (?:allows to fit only (?P<fit>\d+) out of (?P<of>\d+) |doesn\'t allow to fit any of )'
)

# Whole sentences, the first that is in the message counts; what is more particular stands first.
_SENTENCES: Final = (
    ("The workload is deactivated due to AdmissionCheck in Rejected state", "AdmissionCheckRejected"),
    ("The workload is deactivated", "Deactivated"),
    ("workload namespace doesn't match ClusterQueue selector", "Misconfigured"),
    ("resources didn't satisfy LimitRange constraints", "LimitRange"),
    ("resources validation failed", "BadRequests"),
    ("is not mapped in DRA configuration", "DeviceMappingMissing"),
    ("Admission is gated by", "AdmissionGated"),
    ("The workload has failed admission checks", "UnsatisfiedAdmissionChecks"),
    ("Workload no longer fits after processing another workload", "WaitingForQuota"),
    ("Workload has overlapping preemption targets with another workload", "WaitingForQuota"),
    ("Bypassed scheduling evaluation because an equivalent workload recently failed", "PendingEvaluation"),
)
_OF_QUEUES: Final = (
    (re.compile(r"LocalQueue \S* ?doesn't exist"), "LocalQueueMissing"),
    (re.compile(r"ClusterQueue \S* ?(?:doesn't exist|not found)"), "ClusterQueueMissing"),
    (re.compile(r"(?:LocalQueue|ClusterQueue) \S* ?is (?:inactive|stopped)"), "Suspended"),
)
# Reasons that say less than the message, or what only older versions said.
_VAGUE: Final = {"Pending", "Inadmissible", "Waiting", "Misconfigured", "Suspended", "AdmissionGated", ""}
_EVICTED: Final = {
    "Preempted": "PendingEvaluation",
    "NodeFailures": "PendingEvaluation",
    "FlavorMigration": "PendingEvaluation",
    "PodsReadyTimeout": "RequeueBackoff",
    "AdmissionCheck": "RequeueBackoff",
    "ClusterQueueStopped": "Suspended",
    "LocalQueueStopped": "Suspended",
    "Deactivated": "Deactivated",
    "DeactivatedDueToAdmissionCheck": "AdmissionCheckRejected",
}
_INACTIVE: Final = {"Stopped": "Suspended", "ClusterQueueDoesNotExist": "ClusterQueueMissing", "Ready": "CohortCycle"}
# From best to worst: the best flavor speaks for a pod set, the worst pod set for the workload.
_ORDER: Final = (
    "WaitingForPreemptedWorkloads",
    "TopologyPlacementFailed",
    "WaitingForQuota",
    "ExceedsMaxQuota",
    "NoMatchingFlavor",
    "ResourceNotCovered",
)


@dataclass(frozen=True, slots=True)
class Part:
    """What was said of one flavor for one pod set; amounts in Kueue's units, None where none is named."""

    pod_set: str
    code: str
    share: Share
    more: int | None = None  # "N more needed", counted from what is available but never from less than 0
    most: int | None = None  # "maximum capacity"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """`at` in seconds since 1970, 0 where there is no time."""

    code: str
    reason: str
    message: str
    at: float = 0.0
    parts: tuple[Part, ...] = ()
    preempting: int = 0  # workloads it evicts for this one

    def about(self, share: Share) -> tuple[Part, ...]:
        """What it says of a share, for one pod set after the other."""
        return tuple(part for part in self.parts if part.share == share)


def of_workload(workload: Workload) -> Said | None:
    """Kueue's present word. None where it has said nothing, as of workloads behind the head of a StrictFIFO queue."""
    finished = workload.condition("Finished")
    if finished is not None and finished.holds:
        return _of(finished, "Finished")
    admitted = workload.condition("Admitted")
    if admitted is not None and admitted.holds and not workload.holds("Evicted"):
        return _of(admitted, "Admitted")
    return _not_admitted(workload)


def _not_admitted(workload: Workload) -> Said | None:
    reserved, evicted = workload.condition("QuotaReserved"), workload.condition("Evicted")
    going = workload.condition("DeactivationTarget")
    if going is not None and going.holds:
        return _of(going, "AdmissionCheckRejected" if going.reason == "AdmissionCheck" else "Deactivated")
    if evicted is not None and evicted.holds and (reserved is None or reserved.holds or _later(evicted, reserved)):
        return _of(evicted, eviction(evicted.reason))
    if reserved is None:
        return None
    if reserved.holds:
        return _of(reserved, "UnsatisfiedAdmissionChecks")
    return unreserved(reserved)


def _later(one: Condition, other: Condition) -> bool:
    """Deactivation and requeueing leave the older words of QuotaReserved where they are."""
    return one.reason.startswith(("Deactivated", "PodsReady")) or one.at > other.at


def _of(condition: Condition, code: str) -> Said:
    return Said(code, condition.reason, _line(condition.message), condition.at)


def unreserved(condition: Condition) -> Said:
    """Of QuotaReserved=False, with the reasons of any version."""
    message = _line(condition.message)
    found, parts = of_message(message)
    pending = _PENDING.search(message)
    code = found if condition.reason in _VAGUE else condition.reason
    if code not in EXITS or (code != found and found == "WaitingForPreemptedWorkloads"):
        code = found
    if code == "Unexplained" and condition.reason in EXITS:
        code = condition.reason
    return Said(code, condition.reason, message, condition.at, parts, int(pending.group(1)) if pending else 0)


def of_message(message: str) -> tuple[str, tuple[Part, ...]]:
    """The code of a message and what it names; `Unexplained` for words that are not known."""
    for words, code in _SENTENCES:
        if words in message:
            return code, ()
    for pattern, code in _OF_QUEUES:
        if pattern.search(message):
            return code, ()
    parts = tuple(part for name, text in _pod_sets(message) for part in _parts(name, text))
    if _PENDING.search(message):
        return "WaitingForPreemptedWorkloads", parts
    return _worst(parts), parts


def _worst(parts: tuple[Part, ...]) -> str:
    """A flavor counts by its worst resource, a pod set by its best flavor, a workload by its worst pod set."""
    pod_sets = dict.fromkeys(part.pod_set for part in parts)
    ranks = [_rank_of([part for part in parts if part.pod_set == name]) for name in pod_sets]
    return _ORDER[max(ranks)] if ranks else "Unexplained"


def _rank_of(pod_set: list[Part]) -> int:
    by_flavor: dict[str, int] = {}
    for part in pod_set:
        by_flavor[part.share.flavor] = max(by_flavor.get(part.share.flavor, 0), _ORDER.index(part.code))
    uncovered = _ORDER.index("ResourceNotCovered")  # whatever the flavor
    return uncovered if uncovered in by_flavor.values() else min(by_flavor.values())


def eviction(reason: str) -> str:
    """The code of an Evicted=True condition."""
    return _EVICTED.get(reason, "Deactivated" if reason.startswith("Deactivated") else "PendingEvaluation")


def inactive(condition: Condition) -> str:
    """The code of Active=False, of a ClusterQueue or LocalQueue.

    A cycle of cohorts reads `Ready` there: the reason of a condition that does not hold says the opposite.
    """
    return _INACTIVE.get(condition.reason, "ClusterQueueInactive")


def _pod_sets(message: str) -> list[tuple[str, str]]:
    """Each pod set with what is said of it."""
    found = list(_POD_SET.finditer(message))
    ends = [*(one.start() for one in found[1:]), len(message)][: len(found)]
    return [(one["name"], message[one.end() : end]) for one, end in zip(found, ends, strict=True)]


def _parts(pod_set: str, text: str) -> list[Part]:
    found: list[Part] = []
    for one in _MORE.finditer(text):
        more = quantity(one["resource"], one["more"])
        found.append(Part(pod_set, "WaitingForQuota", Share(one["flavor"], one["resource"]), more))
    for one in _MOST.finditer(text):
        most = quantity(one["resource"], one["most"])
        found.append(Part(pod_set, "ExceedsMaxQuota", Share(one["flavor"], one["resource"]), most=most))
    for pattern in _REFUSED:
        found += [
            Part(pod_set, "NoMatchingFlavor", Share(one["flavor"], ""), why=one["why"])
            for one in pattern.finditer(text)
        ]
    for one in _UNCOVERED.finditer(text):
        found.append(Part(pod_set, "ResourceNotCovered", Share("", one["resource"])))
    found += [Part(pod_set, "TopologyPlacementFailed", Share("", ""), why=one[0]) for one in _TOPOLOGY.finditer(text)]
    return found


def _line(text: str) -> str:
    return " ".join(text.split())
