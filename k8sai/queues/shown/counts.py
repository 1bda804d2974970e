"""How many workloads wait and run at a queue, and which of the waiting ones Kueue has put aside.

Source: pkg/cache/queue/cluster_queue.go of Kueue 0.19: a BestEffortFIFO queue parks what it could not admit until
something in its cohort changes; a StrictFIFO queue parks nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.queues.order import in_line
from k8sai.queues.setting import WORKLOADS, Setting
from k8sai.queues.workload import Workload


@dataclass(frozen=True, slots=True)
class Counts:
    """Workloads. `pending` stand in line: `active` ones Kueue will look at, `parked` ones wait for a change.

    `out` wait and stand in no line: deactivated, gated, backing off. `oldest` is when the one that waits longest was
    created. Where Workloads may not be read, the status of queues says `pending`, `reserving` and `running` alone.
    """

    pending: int
    active: int | None = None
    parked: int | None = None
    out: int | None = None
    reserving: int = 0
    running: int = 0
    oldest: float | None = None


def counts(
    setting: Setting,
    waiting: Collection[Workload],
    held: Collection[Workload],
    owner: ClusterQueue | LocalQueue,
    queue: ClusterQueue | None,
) -> Counts:
    """Of a queue with these workloads; `queue` is the ClusterQueue that they wait at, None where it is not seen."""
    if setting.blind(WORKLOADS) and not _all_seen(setting, owner):
        return Counts(owner.pending or 0, reserving=owner.reserving or 0, running=owner.running or 0)
    standing = [one for one in waiting if in_line(one, setting.at)]
    idle = sum(1 for one in standing if parked(one, queue))
    return Counts(
        len(standing),
        len(standing) - idle,
        idle,
        len(waiting) - len(standing),
        len(held),
        sum(1 for one in held if one.holds("Admitted")),
        min((one.created for one in standing), default=None),
    )


def _all_seen(setting: Setting, owner: ClusterQueue | LocalQueue) -> bool:
    """Those of a LocalQueue are where the Workloads of its namespace may be read."""
    return isinstance(owner, LocalQueue) and setting.within.get(WORKLOADS) == owner.namespace


def parked(workload: Workload, queue: ClusterQueue | None) -> bool:
    """Kueue has tried it and put it aside until something changes."""
    if queue is not None and queue.strategy == "StrictFIFO":
        return False
    tried = workload.condition("QuotaReserved")
    return tried is not None and not tried.holds


def together(parts: Iterable[Counts]) -> Counts:
    """Of all of them. What is not known of one is not known of the sum."""
    each = tuple(parts)
    return Counts(
        sum(one.pending for one in each),
        _known(one.active for one in each),
        _known(one.parked for one in each),
        _known(one.out for one in each),
        sum(one.reserving for one in each),
        sum(one.running for one in each),
        min((one.oldest for one in each if one.oldest is not None), default=None),
    )


def _known(values: Iterable[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total
