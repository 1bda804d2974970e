"""Queues of the KAI scheduler. Read only.

Source: pkg/apis/scheduling/v2 (Queue: CPU in thousandths, memory in megabytes, -1 unlimited).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from k8sai.queues.facts import Json
from k8sai.queues.others.amounts import amount
from k8sai.queues.others.kai_groups import Waiting

QUEUES: Final = "queues.scheduling.run.ai"

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


def queues(objects: Iterable[Json], groups: Iterable[Waiting] = ()) -> tuple[Queue, ...]:
    """Of Queue objects."""
    waiting: dict[str, int] = {}
    for group in groups:
        waiting[group.queue] = waiting.get(group.queue, 0) + 1
    return tuple(_queue(obj, waiting.get(obj["metadata"]["name"], 0)) for obj in objects)


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
        return next((amount(amounts[name]) for name in _NAMES[kind] if name in amounts), Decimal(0))

    weight = Decimal(str(spec.get("overQuotaWeight", 0)))
    return Share(
        kind, said("quota"), said("limit"), weight, now("allocated"), now("allocatedNonPreemptible"), now("requested")
    )
