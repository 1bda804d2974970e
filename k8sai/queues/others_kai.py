"""Queues of the KAI scheduler, and why its PodGroups wait, in its own words. Read only.

Source: pkg/apis/scheduling/v2 (Queue: CPU in thousandths, memory in megabytes, -1 unlimited) and v2alpha2 (PodGroup).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from k8sai.quantity import BadQuantity, parse
from k8sai.queues.facts import Json

QUEUES: Final = "queues.scheduling.run.ai"
POD_GROUPS: Final = "podgroups.scheduling.run.ai"

_KINDS: Final = ("gpu", "cpu", "memory")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "gpu": ("nvidia.com/gpu", "gpu"),
    "cpu": ("cpu",),
    "memory": ("memory",),
}
_UNIT: Final[Mapping[str, Decimal]] = {"gpu": Decimal(1), "cpu": Decimal("0.001"), "memory": Decimal(10**6)}
_PRIORITY: Final = 100  # without one of its own

Amount = Decimal | None  # None: unlimited, or not said


@dataclass(frozen=True, slots=True)
class Share:
    """One resource of a queue: cores, bytes, GPUs (with fractions)."""

    resource: str
    quota: Amount
    limit: Amount
    weight: Decimal  # of what is over quota
    allocated: Decimal
    fixed: Decimal  # of that, what may not be preempted
    requested: Decimal


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    title: str
    parent: str
    priority: int
    shares: tuple[Share, ...]
    waiting: int = 0  # PodGroups of its own that could not be scheduled

    @property
    def shown(self) -> tuple[Share, ...]:
        """What it has a say in: GPUs always, the rest where something is set or used."""
        said = (one for one in self.shares if one.quota or one.limit or one.allocated or one.requested)
        return tuple(one for one in said) or self.shares[:1]


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


def queues(objects: Iterable[Json], groups: Iterable[Waiting] = ()) -> tuple[Queue, ...]:
    """Of Queue objects."""
    waiting: dict[str, int] = {}
    for group in groups:
        waiting[group.queue] = waiting.get(group.queue, 0) + 1
    return tuple(_queue(obj, waiting.get(obj["metadata"]["name"], 0)) for obj in objects)


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
    over = (
        bool(bound) and _amount(bound) >= 0 and _amount(asked) > 0 and _amount(used) + _amount(asked) > _amount(bound)
    )
    return f"{name}: asks {asked}, {used} allocated, ", bound, over


def _queue(obj: Json, waiting: int) -> Queue:
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    return Queue(
        meta["name"],
        str(spec.get("displayName") or meta["name"]),
        str(spec.get("parentQueue") or ""),
        _PRIORITY if spec.get("priority") is None else int(spec["priority"]),
        tuple(_share(kind, (spec.get("resources") or {}).get(kind) or {}, status) for kind in _KINDS),
        waiting,
    )


def _share(kind: str, spec: Json, status: Json) -> Share:
    """What is not set is 0 and no more: KAI's own default."""

    def said(key: str) -> Amount:
        value = Decimal(str(spec.get(key, 0)))
        return None if value < 0 else value * _UNIT[kind]

    def now(key: str) -> Decimal:
        amounts = status.get(key) or {}
        return next((_amount(amounts[name]) for name in _NAMES[kind] if name in amounts), Decimal(0))

    weight = Decimal(str(spec.get("overQuotaWeight", 0)))
    return Share(
        kind, said("quota"), said("limit"), weight, now("allocated"), now("allocatedNonPreemptible"), now("requested")
    )


def _amount(raw: Any) -> Decimal:
    try:
        return parse(raw)
    except BadQuantity:
        return Decimal(0)
