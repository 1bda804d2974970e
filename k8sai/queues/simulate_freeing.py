"""Who would have to end before a waiting workload fits: a likely sequence, and what each of them gives back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8sai.queues.facts import ClusterQueue, Share, Workload
from k8sai.queues.judge import Judge
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Line


@dataclass(frozen=True, slots=True)
class Freed:
    """A workload that holds what is missing. `left` is how long it may run at most, in seconds; None: no limit."""

    workload: Workload
    queue: str
    amounts: dict[Share, int]
    left: float | None


def freeing(setting: Setting, workload: Workload, queue: ClusterQueue, short: Iterable[Line]) -> tuple[Freed, ...]:
    """The fewest in a row of those that end first; () where even all of them together do not make room.

    Those with a time limit first, the one that has least left before the others; then the ones that run longest.
    """
    tree = tree_of(setting)
    node = tree.queues.get(queue.name)
    shares = {line.share for line in short}
    if node is None or not shares:
        return ()
    holders = sorted(_holders(setting, node, shares), key=lambda one: _likely(setting, one))
    taken: list[Freed] = []
    for one in holders:
        taken.append(one)
        if _fits(setting, workload, queue, tree, taken):
            return _needed(setting, workload, queue, tree, taken)
    return ()


def _holders(setting: Setting, node: Node, shares: set[Share]) -> Iterable[Freed]:
    for leaf in node.path[-1].leaves:
        for one in setting.reserving.get(leaf.name, ()):
            held = {share: amount for share, amount in one.held.items() if share in shares and amount}
            if held:
                yield Freed(one, leaf.name, held, time_left(setting, one))


def time_left(setting: Setting, workload: Workload) -> float | None:
    """By its maximumExecutionTimeSeconds, from the moment it was admitted; None without one."""
    if workload.max_seconds is None:
        return None
    return max(0.0, since(workload) + workload.max_seconds - setting.at)


def since(workload: Workload) -> float:
    """When it was admitted, or was given quota; seconds since 1970."""
    found = workload.condition("Admitted") or workload.condition("QuotaReserved")
    return found.at if found and found.at else workload.created


def _likely(setting: Setting, one: Freed) -> tuple[bool, float, float, str]:
    return one.left is None, one.left or 0.0, since(one.workload), one.workload.ref


def _fits(setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree, gone: Sequence[Freed]) -> bool:
    left = tree.without(one.workload for one in gone)
    return Judge(setting, left).of(workload, queue, reasons=False).fits


def _needed(
    setting: Setting, workload: Workload, queue: ClusterQueue, tree: Tree, taken: list[Freed]
) -> tuple[Freed, ...]:
    """Without those whose end would not matter, the last to end dropped last."""
    for one in list(taken[:-1]):
        rest = [other for other in taken if other is not one]
        if _fits(setting, workload, queue, tree, rest):
            taken = rest
    return tuple(taken)
