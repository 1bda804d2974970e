"""What is reserved, by whom: summed from the Workloads, because the status of a queue trails by a second.

Source: Kueue writes the status of ClusterQueues in batches of one second; a Workload with QuotaReserved=True holds its
quota also while it is evicted, until its pods are gone. See `Workload.held` for what of it counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from k8sai.queues.facts import Share
from k8sai.queues.quota import Tree
from k8sai.queues.setting import WORKLOADS, Setting


@dataclass(frozen=True, slots=True)
class Differs:
    """A queue whose status says otherwise than its Workloads; in Kueue's units."""

    queue: str
    share: Share
    status: int
    workloads: int


def by_workloads(setting: Setting) -> dict[str, dict[Share, int]]:
    """Reserved per ClusterQueue and share, from what its Workloads hold."""
    found: dict[str, dict[Share, int]] = {name: {} for name in setting.cluster_queues}
    for name, workloads in setting.reserving.items():
        total = found.setdefault(name, {})
        for workload in workloads:
            for share, amount in workload.held.items():
                total[share] = total.get(share, 0) + amount
    return found


def reserved(setting: Setting) -> Mapping[str, Mapping[Share, int]]:
    """What to count with: the Workloads' sum; the queues' own status where Workloads may not be read."""
    if setting.blind(WORKLOADS):
        return {name: queue.reserved for name, queue in setting.cluster_queues.items()}
    return by_workloads(setting)


def differences(setting: Setting) -> tuple[Differs, ...]:
    """Where the two sources disagree; none where Workloads may not be read."""
    if setting.blind(WORKLOADS):
        return ()
    sums = by_workloads(setting)
    return tuple(
        Differs(queue.name, share, queue.reserved.get(share, 0), sums[queue.name].get(share, 0))
        for queue in setting.cluster_queues.values()
        for share in dict.fromkeys((*queue.reserved, *sums[queue.name]))
        if queue.reserved.get(share, 0) != sums[queue.name].get(share, 0)
    )


def tree(setting: Setting) -> Tree:
    """The tree of a setting, filled with what is reserved now."""
    return Tree(setting.cluster_queues.values(), setting.cohorts.values(), reserved(setting))
