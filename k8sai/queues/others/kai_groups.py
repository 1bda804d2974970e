"""Why PodGroups of the KAI scheduler wait, in its own words. Read only.

Source: pkg/apis/scheduling/v2alpha2 (PodGroup).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.queues.facts import Json
from k8sai.queues.others.amounts import amount

POD_GROUPS: Final = "podgroups.scheduling.run.ai"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why KAI has not scheduled a PodGroup: OverLimit, NonPreemptibleOverQuota, …

    `queue` is "" where it is not about one. The amounts are the queue's at that time; what was not said is not in them.
    """

    code: str
    message: str
    queue: str = ""
    requested: Mapping[str, str] = field(default_factory=dict)  # by the PodGroup
    deserved: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    allocated: Mapping[str, str] = field(default_factory=dict)
    allocated_fixed: Mapping[str, str] = field(default_factory=dict)

    def numbers(self) -> str:
        """`nvidia.com/gpu: asks 8, 12 allocated, limit 16`; what the reason is about, "" without numbers."""
        bounds, used, word = (
            (self.deserved, self.allocated_fixed, "quota")
            if self.code == "NonPreemptibleOverQuota"
            else (self.limits, self.allocated, "limit")
        )
        told = [_told(name, asked, used.get(name, "0"), bounds.get(name, "")) for name, asked in self.requested.items()]
        return "; ".join(f"{text}{word} {bound}" for text, bound, over in told if over and bound)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A PodGroup that KAI could not schedule."""

    namespace: str
    name: str
    queue: str
    reasons: tuple[Reason, ...]


def pending(objects: Iterable[Json]) -> tuple[Waiting, ...]:
    """The PodGroups among these that could not be scheduled."""
    found = ((obj, reasons(obj)) for obj in objects)
    return tuple(
        Waiting(
            obj["metadata"].get("namespace", ""),
            obj["metadata"]["name"],
            str((obj.get("spec") or {}).get("queue") or ""),
            why,
        )
        for obj, why in found
        if why
    )


def reasons(group: Json) -> tuple[Reason, ...]:
    """Of a PodGroup; none where it is scheduled or has not been looked at. Of older ones one reason without details."""
    found: list[Reason] = []
    for condition in (group.get("status") or {}).get("schedulingConditions") or ():
        if condition.get("type") != "UnschedulableOnNodePool" or condition.get("status") != "True":
            continue
        told = condition.get("reasons") or ()
        found += [_reason(one) for one in told]
        if not told and (condition.get("reason") or condition.get("message")):
            found.append(Reason(str(condition.get("reason") or "Unschedulable"), _flat(condition.get("message"))))
    return tuple(found)


def _reason(one: Json) -> Reason:
    details = ((one.get("details") or {}).get("queueDetails")) or {}

    def of(key: str) -> dict[str, str]:
        return {str(name): str(amount) for name, amount in (details.get(key) or {}).items()}

    return Reason(
        str(one.get("reason") or "Unschedulable"),
        _flat(one.get("message")),
        str(details.get("name") or ""),
        of("podGroupRequestedResources"),
        of("queueDeservedResources"),
        of("queueResourceLimits"),
        of("queueAllocatedResources"),
        of("queueAllocatedNonPreemptibleResources"),
    )


def _flat(text: Any) -> str:
    return " ".join(str(text or "").split())


def _told(name: str, asked: str, used: str, bound: str) -> tuple[str, str, bool]:
    """Whether this resource is the one that is over."""
    over = bool(bound) and amount(bound) >= 0 and amount(asked) > 0 and amount(used) + amount(asked) > amount(bound)
    return f"{name}: asks {asked}, {used} allocated, ", bound, over
