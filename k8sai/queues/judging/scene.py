"""A tree on which workloads are taken away and put back, to see what would fit without them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from k8sai.queues.facts import ClusterQueue, Preemption, Share
from k8sai.queues.judging.topology import Ask, Found, Rooms
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import Workload

# The default of Kueue's configuration fairSharing.preemptionStrategies, which no object tells.
STRATEGIES = ("LessThanOrEqualToFinalShare", "LessThanInitialShare")


@dataclass(frozen=True)
class Need:
    """What a workload needs of each share, and which of those somebody would have to give back (`contested`)."""

    workload: Workload
    queue: Node
    amounts: Mapping[Share, int]
    contested: frozenset[Share]
    asks: tuple[Ask, ...] = ()  # what has to find room in a topology

    @property
    def policy(self) -> Preemption:
        """Whom its ClusterQueue may evict."""
        owner = self.queue.owner
        return owner.preemption if isinstance(owner, ClusterQueue) else Preemption()


@dataclass(frozen=True, slots=True)
class Holder:
    """A workload that holds quota; `shares` are the flavors it was given, also those of which it uses nothing."""

    workload: Workload
    queue: Node
    held: Mapping[Share, int]
    shares: frozenset[Share]

    evicted: bool  # it is already on its way out
    rank: tuple[int, float, str]  # who goes first among equals: the least important, the latest, by UID


class Scene:
    """Change it as you like: it works on a copy of the tree."""

    def __init__(
        self,
        setting: Setting,
        tree: Tree | None = None,
        land: Land | None = None,
        sharing: tuple[str, ...] | None = None,
    ) -> None:
        self.setting, self._sharing = setting, sharing
        self.tree = (tree or tree_of(setting)).copy()
        self.rooms = Rooms(land, (one for one in setting.workloads.values() if one.held)) if land else None
        self._holders: dict[str, dict[str, Holder]] = {}  # by ClusterQueue, then namespace/name

    def holders(self, queue: Node) -> Collection[Holder]:
        """The workloads that hold quota of a ClusterQueue."""
        if queue.name not in self._holders:
            reserving = self.setting.reserving.get(queue.name, ())
            self._holders[queue.name] = {one.ref: _holder(one, queue) for one in reserving if one.active}
        return self._holders[queue.name].values()

    def follow(self, setting: Setting, changed: Iterable[Workload]) -> None:
        """The setting has become this one, in which only these were given quota or lost it: for good."""
        before, self.setting = self.setting, setting
        for one in changed:
            self._leaves(before.workloads[one.ref])
            self._enters(setting.workloads[one.ref])

    def _leaves(self, workload: Workload) -> None:
        queue = self._queue_of(workload)
        if queue is not None:
            self.tree.remove(queue, workload.held)
            self._holders.get(queue.name, {}).pop(workload.ref, None)
        if self.rooms is not None and workload.held:
            self.rooms.give(workload)

    def _enters(self, workload: Workload) -> None:
        queue = self._queue_of(workload)
        if queue is not None:
            self.tree.add(queue, workload.held)
            if queue.name in self._holders and workload.active:
                self._holders[queue.name][workload.ref] = _holder(workload, queue)
        if self.rooms is not None and workload.held:
            self.rooms.take(workload)

    def _queue_of(self, workload: Workload) -> Node | None:
        """Where it holds quota."""
        if workload.admission is None or not workload.reserves:
            return None
        return self.tree.queues.get(workload.admission.cluster_queue)

    @cached_property
    def sharing(self) -> tuple[str, ...]:
        """Kueue's strategies of fair sharing; none without it: then the status of queues has no weighted shares."""
        if self._sharing is not None:
            return self._sharing
        queues = (one.weighted_share for one in self.setting.cluster_queues.values())
        cohorts = (one.weighted_share for one in self.setting.cohorts.values())
        return STRATEGIES if any(share is not None for share in (*queues, *cohorts)) else ()

    def take(self, holder: Holder) -> None:
        """As if it had given its quota back."""
        self.tree.remove(holder.queue, holder.held)
        if self.rooms is not None:
            self.rooms.give(holder.workload)

    def restore(self, holders: Iterable[Holder]) -> None:
        """They have it again."""
        for holder in holders:
            self.tree.add(holder.queue, holder.held)
            if self.rooms is not None:
                self.rooms.take(holder.workload)

    def room(self, queue: Node, share: Share) -> int:
        """What fits now; never less than nothing, as Kueue has it."""
        return max(0, self.tree.available(queue, share))

    def fits(self, need: Need, *, borrowing: bool = True) -> bool:
        """All of it, within its own nominal quota if it may not borrow."""
        for share, amount in need.amounts.items():
            used, nominal = self.tree.used(need.queue, share), need.queue.quota(share).nominal
            if amount > self.room(need.queue, share) or (not borrowing and used + amount > nominal):
                return False
        return self.obstacle(need.asks) is None

    def obstacle(self, asks: Sequence[Ask], *, empty: bool = False) -> Found | None:
        """The first pod set that finds no room close enough together; `empty`: as if no workload held any."""
        found = self.rooms.place(asks, empty=empty) if self.rooms is not None and asks else ()
        return next((one for one in found if not one.fits), None)

    def within(self, node: Node, shares: Iterable[Share]) -> bool:
        """It uses no more than its own quota of any of these."""
        return all(self.tree.used(node, share) <= self.tree.subtree(node, share) for share in shares)

    def spares(self, node: Node, amounts: Mapping[Share, int]) -> bool:
        """So much more is still within the node's own quota."""
        return all(
            self.tree.used(node, share) + amount <= self.tree.subtree(node, share) for share, amount in amounts.items()
        )

    def beyond(self, node: Node, amounts: Mapping[Share, int]) -> dict[Share, int]:
        """What of it the node's guaranteed part does not cover: it comes from above."""
        return {share: max(0, amount - self.tree.local(node, share)) for share, amount in amounts.items()}

    def fewest(self, need: Need, taken: Sequence[Holder], *, borrowing: bool) -> list[Holder]:
        """Of those taken away so far, which must stay away; the others are put back, the last taken first."""
        kept = list(taken)
        for number in range(len(kept) - 2, -1, -1):
            self.restore([kept[number]])
            if self.fits(need, borrowing=borrowing):
                kept[number] = kept[-1]
                kept.pop()
            else:
                self.take(kept[number])
        return kept


def _holder(workload: Workload, queue: Node) -> Holder:
    given = workload.admission.pod_sets if workload.admission else ()
    shares = frozenset(Share(flavor, resource) for one in given for resource, flavor in one.flavors.items())
    reserved = workload.condition("QuotaReserved")
    since = reserved.at if reserved else 0.0
    return Holder(
        workload, queue, workload.held, shares, workload.holds("Evicted"), (workload.priority, -since, workload.uid)
    )
