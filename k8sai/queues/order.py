"""The order in which Kueue takes the waiting workloads of a ClusterQueue, and who stands in whose way.

Source: pkg/cache/queue/cluster_queue.go and pkg/workload of Kueue 0.19. A preempted workload keeps its place: only
with the gate PrioritySortingWithinCohort off it would not.
"""

from collections.abc import Callable
from math import inf

from k8sai.queues.facts import Amounts, ClusterQueue, LocalQueue
from k8sai.queues.setting import Setting
from k8sai.queues.workload import Workload

_USAGE_BASED = "UsageBasedAdmissionFairSharing"
_TO_THE_BACK = ("PodsReadyTimeout", "AdmissionCheck")  # evictions after which the place in line is a new one
_STICKY = "Pending the preemption of"

Place = tuple[float, bool, int, float, str]


def line(setting: Setting, queue_name: str) -> tuple[Workload, ...]:
    """The workloads that wait in line at a ClusterQueue, first the one Kueue would take next."""
    standing = (one for one in setting.waiting.get(queue_name, ()) if in_line(one, setting.at))
    return tuple(sorted(standing, key=place_in(setting, queue_name)))


def in_line(workload: Workload, at: float) -> bool:
    """It takes part: not deactivated, gated, put on hold, backing off, holding quota or finished."""
    return workload.waits and workload.active and not workload.admission_gates and not _held_back(workload, at)


def place_in(setting: Setting, queue_name: str) -> Callable[[Workload], Place]:
    """What to sort the workloads of a ClusterQueue by."""
    queue = setting.cluster_queues.get(queue_name)
    sticky = queue is not None and queue.strategy == "BestEffortFIFO"

    def place(workload: Workload) -> Place:
        used = _fair_usage(setting, queue, workload)
        first = sticky and preempting(workload)
        return used, not first, -workload.priority, queued_at(workload), workload.uid

    return place


def queued_at(workload: Workload) -> float:
    """Since when it waits in the eyes of Kueue: its creation, or the eviction that sent it to the back."""
    evicted = workload.condition("Evicted")
    return evicted.at if evicted and evicted.holds and evicted.reason in _TO_THE_BACK else workload.created


def preempting(workload: Workload) -> bool:
    """It waits for workloads that were evicted for it; in a BestEffortFIFO queue it goes first until it has quota."""
    found = workload.condition("QuotaReserved")
    return found is not None and not found.holds and _STICKY in found.message


def ahead(setting: Setting, workload: Workload) -> tuple[Workload, ...]:
    """Those in front of it in its ClusterQueue; all that stand in line where it does not."""
    queue = setting.cluster_queue_of(workload)
    if queue is None:
        return ()
    standing = line(setting, queue.name)
    found = next((number for number, one in enumerate(standing) if one.ref == workload.ref), len(standing))
    return standing[:found]


def blocking_head(setting: Setting, workload: Workload) -> Workload | None:
    """Who must go first, fit or not, because the queue is StrictFIFO. None: nobody."""
    queue = setting.cluster_queue_of(workload)
    if queue is None or queue.strategy != "StrictFIFO":
        return None
    return next(iter(ahead(setting, workload)), None)


def fair_usage(queue: LocalQueue) -> float:
    """What admission fair sharing sorts by: decayed usage over all resources, by weight; weight 0 comes last."""
    return _plain(queue.consumed) / queue.weight if queue.weight > 0 else inf


def _fair_usage(setting: Setting, queue: ClusterQueue | None, workload: Workload) -> float:
    local = setting.local_queues.get(f"{workload.namespace}/{workload.queue}")
    return fair_usage(local) if local and queue and queue.afs == _USAGE_BASED else 0.0


def _plain(amounts: Amounts) -> float:
    """Cores, bytes and devices in one sum, as Kueue adds them where no resource weights are configured."""
    return sum(amount / 1000 if resource == "cpu" else amount for resource, amount in amounts.items())


def _held_back(workload: Workload, at: float) -> bool:
    reserved = workload.condition("QuotaReserved")
    if reserved is not None and not reserved.holds and reserved.reason == "OnHold":
        return True
    return workload.requeue_at is not None and workload.requeue_at > at
