"""One node of the tree in full: quota as sums, policies, checks, holders, evictions, and where the sources differ."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k8sai.queues.acting.stopping import AT, BY, REASON
from k8sai.queues.facts import ClusterQueue, Cohort, LocalQueue, Share
from k8sai.queues.nodes import Node
from k8sai.queues.quota import Tree
from k8sai.queues.rows import Row, rows
from k8sai.queues.setting import CHECKS, Setting
from k8sai.queues.shown.evictions import Eviction, evictions
from k8sai.queues.shown.holders import Holder, holders
from k8sai.queues.shown.named import Named
from k8sai.queues.shown.policies import policies
from k8sai.queues.sums import Sum, explain
from k8sai.queues.usage import Differs, differences
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.why.managers import writer_of
from k8sai.queues.workload import Workload
from k8sai.scheduling.selectors import labels_match


@dataclass(frozen=True, slots=True)
class Stop:
    """`policy` is None, Hold or HoldAndDrain; the rest is empty where nobody has written it down."""

    policy: str
    reason: str = ""
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """An AdmissionCheck that is asked for. `active` None: nobody has said so; `states` count workloads by its word."""

    name: str
    there: bool
    active: bool | None
    controller: str
    message: str
    flavors: tuple[str, ...]
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Description:
    """`below` are the rows under it. `sums` are of each share it can use; a LocalQueue has those of its ClusterQueue.

    `admits` of a LocalQueue: whether its namespace is one that the ClusterQueue lets in; None where that is not known.
    """

    row: Row
    below: tuple[Row, ...]
    path: tuple[str, ...]
    node: Node | None
    tree: Tree
    sums: tuple[Sum, ...]
    policies: tuple[tuple[str, str], ...]
    stop: Stop | None
    checks: tuple[CheckSeen, ...]
    holders: tuple[Holder, ...]
    evictions: tuple[Eviction, ...]
    differences: tuple[Differs, ...]
    admits: bool | None = None


def describe(setting: Setting, one: Named) -> Description:
    """Of a node that is there."""
    tree = tree_of(setting)
    every = rows(setting, tree)
    at = next(number for number, row in enumerate(every) if row.key == one.key)
    row = every[at]
    queue = _queue(setting, row)
    node = tree.queues.get(queue.name) if queue else tree.cohorts.get(row.name)
    held, waiting = _workloads(setting, row, node)
    return Description(
        row,
        tuple(_below(every, at)),
        tuple(above.name for above in node.path[1:]) if node else (),
        node,
        tree,
        tuple(explain(tree, node, share) for share in _shares(every, row, queue)) if node else (),
        tuple(policies(queue)) if queue and row.kind == "cq" else (),
        None if isinstance(row.owner, Cohort) else stop_of(row.owner),
        tuple(_checks(setting, queue, (*held, *waiting))) if queue else (),
        holders(tree, held),
        evictions(setting, (*held, *waiting)),
        tuple(found for found in differences(setting) if queue and found.queue == queue.name and row.kind == "cq"),
        _admits(setting, row.owner, queue) if isinstance(row.owner, LocalQueue) else None,
    )


def stop_of(owner: ClusterQueue | LocalQueue) -> Stop:
    """What the annotations beside a stop say, else who wrote it."""
    notes = (owner.object.get("metadata") or {}).get("annotations") or {}
    if owner.stop == "None":
        return Stop("None")
    writer = writer_of(owner.object, "spec", "stopPolicy")
    return Stop(
        owner.stop, str(notes.get(REASON) or ""), str(notes.get(BY) or writer.manager), str(notes.get(AT) or "")
    )


def _queue(setting: Setting, row: Row) -> ClusterQueue | None:
    if isinstance(row.owner, LocalQueue):
        return setting.cluster_queues.get(row.owner.cluster_queue)
    return row.owner if isinstance(row.owner, ClusterQueue) else None


def _shares(every: tuple[Row, ...], row: Row, queue: ClusterQueue | None) -> tuple[Share, ...]:
    """A LocalQueue has no shares of its own: it uses its ClusterQueue's."""
    if row.kind == "lq" and queue is not None:
        return next((_figured(one) for one in every if one.key == f"cq/{queue.name}"), ())
    return _figured(row)


def _figured(row: Row) -> tuple[Share, ...]:
    return tuple(figures.share for figures in row.figures)


def _below(every: tuple[Row, ...], at: int) -> Iterator[Row]:
    for row in every[at + 1 :]:
        if row.depth <= every[at].depth:
            return
        yield row


def _workloads(setting: Setting, row: Row, node: Node | None) -> tuple[tuple[Workload, ...], tuple[Workload, ...]]:
    """Those that hold quota through it, and those that wait for some."""
    if row.kind == "lq":
        mine = [one for one in setting.workloads.values() if f"{one.namespace}/{one.queue}" == row.name]
        return tuple(one for one in mine if one.reserves), tuple(one for one in mine if one.waits)
    names = [leaf.name for leaf in node.leaves] if node else [row.name]
    held = (one for name in names for one in setting.reserving.get(name, ()))
    return tuple(held), tuple(one for name in names for one in setting.waiting.get(name, ()))


def _checks(setting: Setting, queue: ClusterQueue, workloads: tuple[Workload, ...]) -> Iterator[CheckSeen]:
    for asked in queue.checks:
        found = setting.checks.get(asked.name)
        states = Counter(state.state for one in workloads for state in one.checks if state.name == asked.name)
        yield CheckSeen(
            asked.name,
            found is not None or setting.blind(CHECKS),
            found.active.holds if found and found.active else None,
            found.controller if found else "",
            found.active.message if found and found.active and not found.active.holds else "",
            asked.flavors,
            dict(states),
        )


def _admits(setting: Setting, owner: LocalQueue, queue: ClusterQueue | None) -> bool | None:
    """Whether the ClusterQueue lets the namespace in."""
    if queue is None:
        return None
    labels = setting.namespaces.get(owner.namespace)
    if labels is None and queue.selector:
        return None
    return labels_match(queue.selector, labels or {})
