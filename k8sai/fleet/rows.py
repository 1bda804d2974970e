"""Rows about nodes and pods, made when somebody looks at them."""

from k8sai.fleet.answers import Figures, Holder, NodeRow, PodRow, Resource
from k8sai.fleet.books import Books
from k8sai.fleet.nodes import Line, NodeEntry
from k8sai.fleet.pods import PodEntry
from k8sai.fleet.shares import CARD, cards
from k8sai.fleet.slots import slots


def node_row(books: Books, entry: NodeEntry) -> NodeRow:
    """Everything a line about the node says."""
    holders = tuple(holder(pod) for pod in sorted(entry.pods, key=_order))
    return NodeRow(
        name=entry.name,
        product=entry.product or _product(entry),
        ready=entry.ready,
        schedulable=entry.schedulable,
        taints=entry.taints,
        zone=entry.zone,
        clique=entry.clique,
        figures=_figures(entry),
        largest_free=cards(entry.largest),
        resources=tuple(_resource(line) for _, line in sorted(entry.lines.items())),
        slots=slots(entry, holders, ()),
        holders=holders,
        created=entry.created,
        gone=not entry.known,
        labels=tuple(sorted(entry.labels.items())),
    )


def pod_row(books: Books, pod: PodEntry) -> PodRow:
    """Everything a line about the pod says."""
    return PodRow(
        namespace=pod.namespace,
        name=pod.name,
        uid=pod.uid,
        node=pod.node,
        phase=pod.phase,
        terminating=pod.terminating,
        nominated=pod.nominated,
        owner=pod.owner,
        queue=pod.queue,
        priority=pod.priority,
        cards=cards(pod.booked),
        requests=tuple((name, float(amount)) for name, amount in pod.amounts),
        since=pod.since,
        reason=pod.reason,
        message=pod.message,
    )


def holder(pod: PodEntry) -> Holder:
    return Holder(
        namespace=pod.namespace,
        name=pod.name,
        uid=pod.uid,
        share=cards(pod.booked),
        phase=pod.phase,
        terminating=pod.terminating,
        nominated=not pod.node,
        owner=pod.owner,
        queue=pod.queue,
    )


def _figures(entry: NodeEntry) -> Figures:
    return Figures(
        capacity=cards(entry.capacity),
        allocatable=cards(entry.allocatable),
        used=cards(entry.used),
        free=cards(entry.free),
        unhealthy=cards(entry.unhealthy),
        blocked=0.0 if entry.usable else cards(sum(max(line.free, 0) for line in entry.lines.values() if _tells(line))),
        reserved=cards(entry.reserved),
        terminating=cards(entry.terminating),
    )


def _resource(line: Line) -> Resource:
    unit = line.unit
    scale = CARD if unit.dra else 1
    free = line.free if unit.dra else line.allocatable - line.used
    return Resource(
        resource=unit.resource,
        kind=unit.kind,
        family=unit.family,
        capacity=_native(line.capacity, scale),
        allocatable=_native(line.allocatable, scale),
        used=_native(line.used, scale),
        free=_native(free, scale),
        unhealthy=_native(line.capacity - line.allocatable, scale),
        reserved=_native(line.reserved, scale),
        cards_each=1.0 if unit.dra else cards(unit.weight),
    )


def _native(amount: int, scale: int) -> float:
    return cards(amount) if scale == CARD else float(amount)


def _tells(line: Line) -> bool:
    """The line counts its silicon itself."""
    return not line.unit.primary


def _product(entry: NodeEntry) -> str:
    return next((line.unit.product for line in entry.lines.values() if line.unit.product), "")


def _order(pod: PodEntry) -> tuple[bool, str, str, str]:
    """Holders in order of start, ghosts after them."""
    return (not pod.node, pod.since, pod.namespace, pod.name)
