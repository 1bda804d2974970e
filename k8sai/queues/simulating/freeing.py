"""Who would have to end before a waiting workload fits: a likely sequence, and what each of them gives back."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.quota import Node
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import Workload

_MOST_TRIED = 50  # each costs a judgement of its own


@dataclass(frozen=True, slots=True)
class Freed:
    """A workload that holds what is missing. `left` is how long it may run at most, in seconds; None: no limit."""

    workload: Workload
    queue: str
    amounts: dict[Share, int]
    left: float | None


def freeing(
    setting: Setting, workload: Workload, queue: ClusterQueue, shares: Set[Share], land: Land | None = None
) -> tuple[Freed, ...]:
    """The fewest in a row of those that end first; () where even all of them together do not make room.

    Those with a time limit first, the one that has least left before the others; then the ones that run longest.
    """
    tree = tree_of(setting)
    node = tree.queues.get(queue.name)
    holders = sorted(_holders(setting, node, shares), key=lambda one: _likely(setting, one)) if node and shares else []

    def fits(gone: Sequence[Freed]) -> bool:
        names = {freed.workload.ref for freed in gone}
        left = {ref: one for ref, one in setting.workloads.items() if ref not in names}
        judge = Judge(replace(setting, workloads=left), tree.without(one.workload for one in gone), rooms=land)
        return judge.of(workload, queue, reasons=False).fits

    if not holders or not fits(holders):
        return ()
    count = bisect_left(range(len(holders)), True, lo=1, key=lambda number: fits(holders[:number]))
    return _needed(holders[:count], fits)


def _holders(setting: Setting, node: Node, shares: Set[Share]) -> Iterable[Freed]:
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


def _needed(taken: list[Freed], fits: Callable[[Sequence[Freed]], bool]) -> tuple[Freed, ...]:
    """Without those whose end would not matter, the last to end dropped last; of very many all stay."""
    for one in list(taken[:-1]) if len(taken) <= _MOST_TRIED else ():
        rest = [other for other in taken if other is not one]
        if fits(rest):
            taken = rest
    return tuple(taken)
