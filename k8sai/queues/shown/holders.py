"""Who holds the most of a queue's quota, and who may evict them under the policies as they are.

Another queue takes only what is borrowed from it: whoever is within its own quota is left alone.
Source: pkg/scheduler/preemption of Kueue 0.19.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from k8sai.queues import words
from k8sai.queues.facts import Amounts, ClusterQueue, Share
from k8sai.queues.nodes import Node
from k8sai.queues.quota import Tree
from k8sai.queues.why.holders import since
from k8sai.queues.workload import Workload

USER_LABELS = ("user", "owner", "k8sai.dev/user", "app.kubernetes.io/created-by")
_NAMED = 3  # queues


@dataclass(frozen=True, slots=True)
class Holder:
    """`amounts` by resource; `since` in seconds since 1970, 0 where it is not known; `evicted_by` in words."""

    workload: Workload
    queue: str
    amounts: Amounts
    since: float
    user: str
    admitted: bool
    evicted_by: str

    @property
    def gpus(self) -> int:
        """All it holds."""
        return sum(amount for resource, amount in self.amounts.items() if words.gpu(resource))


def holders(tree: Tree, workloads: Iterable[Workload]) -> tuple[Holder, ...]:
    """The most GPUs first, then the most of everything else."""
    found = [_holder(tree, one) for one in workloads if one.admission is not None]
    return tuple(sorted(found, key=lambda one: (-one.gpus, -sum(one.amounts.values()), one.workload.ref)))


def _holder(tree: Tree, workload: Workload) -> Holder:
    usage = workload.admission.usage if workload.admission else {}
    total: dict[str, int] = {}
    for share, amount in usage.items():
        total[share.resource] = total.get(share.resource, 0) + amount
    name = workload.admission.cluster_queue if workload.admission else ""
    node = tree.queues.get(name)
    return Holder(
        workload,
        name,
        total,
        since(workload),
        user(workload),
        workload.holds("Admitted"),
        evicted_by(tree, node, workload, usage) if node else "",
    )


def user(workload: Workload) -> str:
    """Who it is for, by the label that says so: its own, then its pods'."""
    labels = [workload.labels]
    for one in (workload.object.get("spec") or {}).get("podSets") or ():
        labels.append(((one.get("template") or {}).get("metadata") or {}).get("labels") or {})
    return next((str(known[key]) for known in labels for key in USER_LABELS if known.get(key)), "")


def evicted_by(tree: Tree, node: Node, workload: Workload, usage: Iterable[Share]) -> str:
    """`its own queue above priority 10; serving, explore`; `nobody`."""
    ways = [*_own_queue(node, workload), *_others(tree, node, workload, tuple(usage))]
    return "; ".join(ways) or "nobody"


def _own_queue(node: Node, workload: Workload) -> Iterator[str]:
    within = node.owner.preemption.within if isinstance(node.owner, ClusterQueue) else "Never"
    if within == "LowerPriority":
        yield f"its own queue above priority {workload.priority}"
    elif within == "LowerOrNewerEqualPriority":
        yield f"its own queue from priority {workload.priority} if older"


def _others(tree: Tree, node: Node, workload: Workload, usage: tuple[Share, ...]) -> Iterator[str]:
    borrowed = [share for share in usage if tree.borrowed(node, share) > 0]
    if not borrowed:
        return
    others = [one for one in node.path[-1].leaves if one is not node and any(one.owner.quota(s) for s in borrowed)]
    yield from _named(others, "Any", "")
    yield from _named(others, "LowerPriority", f" above priority {workload.priority}")


def _named(others: Iterable[Node], policy: str, more: str) -> Iterator[str]:
    found = sorted(
        one.name for one in others if isinstance(one.owner, ClusterQueue) and one.owner.preemption.reclaim == policy
    )
    if found:
        rest = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        yield f"{', '.join(found[:_NAMED])}{rest}{more}, taking back what is theirs"
