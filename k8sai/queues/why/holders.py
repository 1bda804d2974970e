"""Who holds what is short: its own ClusterQueue, and those in the same tree that use more than they have."""

from collections.abc import Iterator
from dataclasses import dataclass

from k8sai.queues.facts import Share
from k8sai.queues.nodes import Node
from k8sai.queues.why.look import Look
from k8sai.queues.workload import Workload


@dataclass(frozen=True, slots=True)
class Holder:
    """A workload that holds some of a share; `amount` in Kueue's units, `since` in seconds since 1970, 0: unknown."""

    workload: Workload
    queue: str
    amount: int
    since: float


@dataclass(frozen=True, slots=True)
class Held:
    """A ClusterQueue that counts: what of the share is reserved there, how much of that is over its own."""

    queue: str
    reserved: int
    over: int
    holders: tuple[Holder, ...]


def held(look: Look, share: Share) -> tuple[Held, ...]:
    """Its own ClusterQueue first, then the others by how far they are over their own; the largest holders first."""
    own = look.tree.queues.get(look.queue.name) if look.queue is not None else None
    if own is None:
        return ()
    others = [node for node in own.path[-1].leaves if node is not own and look.tree.borrowed(node, share) > 0]
    others.sort(key=lambda node: -look.tree.borrowed(node, share))
    return tuple(one for node in (own, *others) if (one := _held(look, node, share)).reserved)


def _held(look: Look, node: Node, share: Share) -> Held:
    tree = look.tree
    holders = sorted(_holders(look, node.name, share), key=lambda one: (-one.amount, one.workload.ref))
    return Held(node.name, tree.used(node, share), tree.borrowed(node, share), tuple(holders))


def _holders(look: Look, queue: str, share: Share) -> Iterator[Holder]:
    for workload in look.setting.reserving.get(queue, ()):
        amount = workload.admission.usage.get(share, 0) if workload.admission is not None else 0
        if amount:
            yield Holder(workload, queue, amount, since(workload))


def since(workload: Workload) -> float:
    """When it was admitted, else when its quota was reserved."""
    found = workload.condition("Admitted") or workload.condition("QuotaReserved")
    return found.at if found is not None and found.holds else 0.0
