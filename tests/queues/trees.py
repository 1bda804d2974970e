"""Trees of cohorts in few words, for tests of the arithmetic."""

from collections.abc import Mapping

from k8sai.queues.facts import ClusterQueue, Cohort, Group, Quota, Share
from k8sai.queues.quota import Tree

GPU = Share("h100", "nvidia.com/gpu")
CPU = Share("default", "cpu")


def groups(quota: Quota | Mapping[Share, Quota], share: Share = GPU) -> tuple[Group, ...]:
    """One group with a single flavor and resource, or one per share."""
    quotas = {share: quota} if isinstance(quota, Quota) else quota
    return tuple(Group((one.resource,), ((one.flavor, {one.resource: of}),)) for one, of in quotas.items())


def queue(
    name: str, cohort: str, nominal: int, borrow: int | None = None, lend: int | None = None, *, share: Share = GPU
) -> ClusterQueue:
    return ClusterQueue(name, cohort, groups(Quota(nominal, borrow, lend), share))


def cohort(
    name: str,
    parent: str = "",
    nominal: int = 0,
    borrow: int | None = None,
    lend: int | None = None,
    *,
    share: Share = GPU,
) -> Cohort:
    return Cohort(name, parent, groups(Quota(nominal, borrow, lend), share))


def grown(
    queues: list[ClusterQueue], cohorts: list[Cohort], used: Mapping[str, int] | None = None, share: Share = GPU
) -> Tree:
    """Used as said, of one share."""
    return Tree(queues, cohorts, {name: {share: amount} for name, amount in (used or {}).items()})


def available(tree: Tree, share: Share = GPU) -> dict[str, int]:
    return {name: tree.available(node, share) for name, node in tree.queues.items()}


def potential(tree: Tree, share: Share = GPU) -> dict[str, int]:
    return {name: tree.potential(node, share) for name, node in tree.queues.items()}


WORKED = {"serving": 20, "finetune": 22, "explore": 16, "students": 2}


def worked_queues(finetune: int = 16, borrow: int = 8) -> list[ClusterQueue]:
    """The ClusterQueues of the worked GPU tree: ai -> prod, research."""
    return [
        queue("serving", "prod", 32, lend=8),
        queue("finetune", "prod", finetune, borrow=borrow),
        queue("explore", "research", 16),
        queue("students", "research", 0, borrow=4),
    ]


def worked_cohorts() -> list[Cohort]:
    return [cohort("ai"), cohort("prod", "ai", 8, lend=4), cohort("research", "ai", 0, borrow=16)]
