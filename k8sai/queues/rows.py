"""One row per node of the tree of queues, as `queue list`, its document and the screen show it.

Cohorts before queues, by name, each below its parent; then members of cycles; then LocalQueues that lead nowhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from k8sai.queues import words
from k8sai.queues.acting.stopping import REASON
from k8sai.queues.facts import ClusterQueue, Cohort, Condition, LocalQueue
from k8sai.queues.judging.judge import Judge
from k8sai.queues.order import in_line, line
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import CLUSTER_QUEUES, Setting
from k8sai.queues.shown.counts import Counts, counts, together
from k8sai.queues.shown.figures import Accounts, Figures, summed
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import Workload

Kind = Literal["cohort", "cq", "lq"]
Activity = tuple[bool | None, str, str]

CYCLE = "CohortCycle"
_SETTLES = 5.0  # seconds in which Kueue may simply not have looked yet


@dataclass(frozen=True, slots=True)
class Row:
    """A Cohort, a ClusterQueue, or a LocalQueue (`namespace/name`); `depth` is 0 for a root.

    `active` None: nobody has said so; of a cohort only a cycle makes it False. `blocked_head` would have room by quota
    and waits all the same: topology, an admission check or something else is in its way.
    """

    kind: Kind
    name: str
    depth: int
    parent: str  # key of the row above, "" for a root
    owner: ClusterQueue | Cohort | LocalQueue
    figures: tuple[Figures, ...]
    counts: Counts
    demand: Mapping[str, int]  # what its line asks for, by resource
    active: bool | None = None
    reason: str = ""
    message: str = ""
    weighted_share: int | None = None  # as Kueue's status says it; None where fair sharing is off
    blocked_head: Workload | None = None

    @property
    def key(self) -> str:
        """`cohort/ai`, `cq/finetune`, `lq/ft/main`."""
        return f"{self.kind}/{self.name}"

    @property
    def gpus_wanted(self) -> int:
        """GPUs that its line asks for."""
        return sum(amount for resource, amount in self.demand.items() if words.gpu(resource))


def rows(setting: Setting, tree: Tree | None = None) -> tuple[Row, ...]:
    """Every node of the tree."""
    tree = tree or tree_of(setting)
    return tuple(_Forest(setting, tree, Accounts(setting, tree)).rows())


def activity(queue: ClusterQueue, tree: Tree) -> Activity:
    """Whether it admits; if not, the reason and its message. By the condition's status, never by its reason: in a cycle
    of cohorts Kueue writes Active=False with reason Ready and the message of a queue that is well.
    """
    if queue.cohort in tree.cycles:
        return False, CYCLE, f"Cohort {queue.cohort} is in a cycle of cohorts, or below one"
    if queue.stop != "None":
        return False, "Stopped", _stopped(queue)
    active, reason, message = _said(queue.active)
    if active is False and reason == "Ready":
        return False, CYCLE, "Kueue says that it is inactive and gives no reason, as it does in a cycle of cohorts"
    return active, reason, message


@dataclass(frozen=True)
class _Forest:
    """One pass over a setting; what several rows need is looked up once."""

    setting: Setting
    tree: Tree
    accounts: Accounts

    def rows(self) -> Iterator[Row]:
        for root in self.tree.roots:
            yield from self.below(root, 0, "")
        for name in sorted(self.tree.cycles):
            yield from self.in_cycle(name)
        for name, queues in self.local.items():
            if name not in self.setting.cluster_queues:
                yield from (self.local_queue(queue, 0, "", None) for queue in queues)

    def below(self, node: Node, depth: int, parent: str) -> Iterator[Row]:
        if isinstance(node.owner, ClusterQueue):
            yield from self.queue(node.owner, node, depth, parent)
            return
        yield self.cohort(node, node.owner, depth, parent)
        for child in sorted(node.children, key=lambda child: (child.leaf, child.name)):
            yield from self.below(child, depth + 1, f"cohort/{node.name}")

    def in_cycle(self, name: str) -> Iterator[Row]:
        """A cohort whose way up never ends, with its queues: there is no tree to hang it in."""
        owner = self.setting.cohorts.get(name) or Cohort(name, implied=True)
        message = f"its parent is {owner.parent}, and that way never ends"
        yield Row("cohort", name, 0, "", owner, (), Counts(0), {}, False, CYCLE, message)
        for queue in sorted(self.setting.cluster_queues.values(), key=lambda one: one.name):
            if queue.cohort == name:
                yield from self.queue(queue, None, 1, f"cohort/{name}")

    def cohort(self, node: Node, owner: Cohort, depth: int, parent: str) -> Row:
        demand = summed(self.demand(self.lines.get(leaf.name, ())) for leaf in node.leaves)
        return Row(
            "cohort",
            node.name,
            depth,
            parent,
            owner,
            self.accounts.of_cohort(node, demand),
            together(self.counts(leaf.owner) for leaf in node.leaves if isinstance(leaf.owner, ClusterQueue)),
            demand,
            weighted_share=owner.weighted_share,
        )

    def queue(self, owner: ClusterQueue, node: Node | None, depth: int, parent: str) -> Iterator[Row]:
        standing = self.lines.get(owner.name, ())
        demand = self.demand(standing)
        active, reason, message = activity(owner, self.tree)
        yield Row(
            "cq",
            owner.name,
            depth,
            parent,
            owner,
            self.accounts.of_queue(owner, node, demand),
            self.counts(owner),
            demand,
            active,
            reason,
            message,
            owner.weighted_share,
            self.blocked(owner, node, standing) if active is not False else None,
        )
        for local in self.local.get(owner.name, ()):
            yield self.local_queue(local, depth + 1, f"cq/{owner.name}", owner)

    def local_queue(self, owner: LocalQueue, depth: int, parent: str, queue: ClusterQueue | None) -> Row:
        waiting, held = self.waiting.get(owner.ref, ()), self.held.get(owner.ref, ())
        demand = self.demand(one for one in waiting if in_line(one, self.setting.at))
        return Row(
            "lq",
            owner.ref,
            depth,
            parent,
            owner,
            self.accounts.of_local_queue(owner, queue, held, demand),
            counts(self.setting, waiting, held, owner, queue),
            demand,
            *self.local_activity(owner, queue),
        )

    def counts(self, owner: ClusterQueue) -> Counts:
        waiting, held = self.setting.waiting.get(owner.name, ()), self.setting.reserving.get(owner.name, ())
        return counts(self.setting, waiting, held, owner, owner)

    def demand(self, workloads: Iterable[Workload]) -> dict[str, int]:
        return summed(one.asks() for one in workloads)

    def blocked(self, owner: ClusterQueue, node: Node | None, standing: tuple[Workload, ...]) -> Workload | None:
        head = standing[0] if standing else None
        if head is None or node is None or self.setting.at - head.created < _SETTLES:
            return None
        return head if self.judge.of(head, owner, reasons=False).fits else None

    @cached_property
    def judge(self) -> Judge:
        """By quota and flavors: nobody looks here whether pods find room close together."""
        return Judge(self.setting, self.tree)

    def local_activity(self, owner: LocalQueue, queue: ClusterQueue | None) -> Activity:
        if owner.stop != "None":
            return False, "Stopped", _stopped(owner)
        if queue is None and not self.setting.blind(CLUSTER_QUEUES):
            return False, "ClusterQueueDoesNotExist", f"there is no ClusterQueue {owner.cluster_queue}"
        if queue is not None and activity(queue, self.tree)[0] is False:
            return False, "ClusterQueueIsInactive", f"ClusterQueue {queue.name} is inactive"
        return _said(owner.active)

    @cached_property
    def lines(self) -> dict[str, tuple[Workload, ...]]:
        return {name: line(self.setting, name) for name in self.setting.waiting if name}

    @cached_property
    def local(self) -> dict[str, list[LocalQueue]]:
        """By ClusterQueue."""
        found: dict[str, list[LocalQueue]] = {}
        for queue in sorted(self.setting.local_queues.values(), key=lambda one: one.ref):
            found.setdefault(queue.cluster_queue, []).append(queue)
        return found

    @cached_property
    def held(self) -> dict[str, list[Workload]]:
        """Workloads that hold quota, by LocalQueue."""
        return _by_local_queue(self.setting.reserving.values())

    @cached_property
    def waiting(self) -> dict[str, list[Workload]]:
        """Workloads that wait, by LocalQueue."""
        return _by_local_queue(self.setting.waiting.values())


def _by_local_queue(groups: Iterable[Iterable[Workload]]) -> dict[str, list[Workload]]:
    found: dict[str, list[Workload]] = {}
    for group in groups:
        for workload in group:
            found.setdefault(f"{workload.namespace}/{workload.queue}", []).append(workload)
    return found


def _stopped(owner: ClusterQueue | LocalQueue) -> str:
    """With the reason that was written down, if any."""
    reason = ((owner.object.get("metadata") or {}).get("annotations") or {}).get(REASON)
    return f"stopPolicy {owner.stop}" + (f": {reason}" if reason else "")


def _said(active: Condition | None) -> Activity:
    if active is None:
        return None, "", ""
    return (True, "", "") if active.holds else (False, active.reason, active.message)
