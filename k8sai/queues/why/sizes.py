"""What of a workload would fit now: fewer pods, or fewer GPUs per pod. Tried, not reckoned."""

from collections.abc import Callable

from k8sai.queues.resized import with_amount, with_count
from k8sai.queues.why.finding import Fix
from k8sai.queues.why.look import Look
from k8sai.queues.words import gpu
from k8sai.queues.workload import Workload


def smaller(look: Look, pod_set_name: str) -> tuple[Fix, ...]:
    """At most one way: the most pods of that pod set that fit now, of a single pod the most GPUs."""
    workload = look.workload
    pod_set = next((one for one in workload.pod_sets if one.name == pod_set_name), None) if workload else None
    if workload is None or pod_set is None:
        return ()
    devices = [resource for resource in pod_set.requests if gpu(resource)]
    if pod_set.count > 1:
        most = _most(look, pod_set.count - 1, lambda count: with_count(workload, pod_set, count))
        return (Fix("user", f"--pods {most} fits now"),) if most else ()
    if len(devices) == 1:
        resource = devices[0]
        asked = pod_set.requests[resource]
        most = _most(look, asked - 1, lambda amount: with_amount(workload, pod_set, resource, amount))
        return (Fix("user", f"--gpus {most} fits now"),) if most else ()
    return ()


def _most(look: Look, high: int, sized: Callable[[int], Workload]) -> int:
    """The largest size that fits, by halving: what fits at a size fits at every smaller one. 0 for none."""
    low, judge = 0, look.judge()
    while low < high and look.queue is not None:
        middle = (low + high + 1) // 2
        if judge.of(sized(middle), look.queue, reasons=False).fits:
            low = middle
        else:
            high = middle - 1
    return low
