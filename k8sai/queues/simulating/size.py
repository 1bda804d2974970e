"""The largest size of a workload that would fit now: more pods of the same, or more GPUs for each of them. Tried."""

from dataclasses import dataclass, replace
from typing import Final

from k8sai.fit.search import largest
from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.quota import Node, Tree
from k8sai.queues.resized import with_amount, with_count
from k8sai.queues.setting import Setting
from k8sai.queues.words import gpu
from k8sai.queues.workload import PodSet, Workload

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """Of the pod set with the most GPUs. `pods` of the size asked for would fit, or as many as asked with `each`.

    0: not even one. `each` counts `resource` per pod by quota alone; 0 too where a pod asks for no single kind of GPU.
    """

    pod_set: str
    pods: int
    each: int
    resource: str = ""


def size(
    setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree, land: Land | None = None
) -> Size | None:
    """None for a workload that asks for nothing."""
    workload = _whole(workload)
    node, pod_set, judge = tree.queues.get(queue.name), _main(workload), Judge(setting, tree, rooms=land)
    if node is None or pod_set is None:
        return None

    def fits(sized: Workload) -> bool:
        return judge.of(sized, queue, reasons=False).fits

    pods = largest(_bound(tree, node, queue, pod_set), lambda count: fits(with_count(workload, pod_set, count)))
    devices = [name for name in pod_set.requests if gpu(name)]
    if len(devices) != 1 or not pod_set.count:
        return Size(pod_set.name, pods, 0)
    most = _most(tree, node, queue, devices[0]) // pod_set.count
    each = largest(min(most, _MOST), lambda amount: fits(with_amount(workload, pod_set, devices[0], amount)))
    return Size(pod_set.name, pods, each, devices[0])


def _whole(workload: Workload) -> Workload:
    """All of its pods or none: a size that is admitted in part does not fit."""
    return replace(workload, pod_sets=tuple(replace(one, min_count=None) for one in workload.pod_sets))


def _main(workload: Workload) -> PodSet | None:
    """The pod set with the most GPUs, else the one with the most pods."""
    asking = [one for one in workload.pod_sets if one.requests and one.count]
    if not asking:
        return None

    def weight(one: PodSet) -> tuple[int, int]:
        return sum(amount for name, amount in one.total.items() if gpu(name)), one.count

    return max(asking, key=weight)


def _bound(tree: Tree, node: Node, queue: ClusterQueue, pod_set: PodSet) -> int:
    """No more could fit of the scarcest resource if the tree were empty."""
    counts = [_most(tree, node, queue, name) // amount for name, amount in pod_set.requests.items() if amount]
    return min(_MOST, max(0, min(counts, default=0)))


def _most(tree: Tree, node: Node, queue: ClusterQueue, resource: str) -> int:
    group = queue.group_of(resource)
    flavors = [name for name, _ in group.flavors] if group else []
    return max((tree.potential(node, Share(name, resource)) for name in flavors), default=0)
