"""What was evicted from a queue in the last 24 hours, as far as the Workloads still say so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.queues.setting import Setting
from k8sai.queues.why.history import Evicted, history
from k8sai.queues.workload import Workload

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Eviction:
    """One workload and one cause; `what.at` is 0 where only the count is known."""

    workload: Workload
    what: Evicted


def evictions(setting: Setting, workloads: Iterable[Workload]) -> tuple[Eviction, ...]:
    """The newest first, then those without a time. A Workload that is deleted takes its history with it."""
    found = [Eviction(one, what) for one in workloads for what in _recent(setting, one)]
    return tuple(sorted(found, key=lambda one: (-one.what.at, one.workload.ref)))


def _recent(setting: Setting, workload: Workload) -> Iterator[Evicted]:
    for one in history(setting, workload, ()).evictions:
        when = one.at or workload.created
        if setting.at - when <= DAY:
            yield one
