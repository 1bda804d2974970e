"""Rows about nodes and pods, made when somebody looks at them."""

from k8sai.fleet.answers import Figures, NodeRow, PodRow, Resource
from k8sai.fleet.books import FRACTION, Books
from k8sai.fleet.chart import product_of
from k8sai.fleet.dra import Allocations
from k8sai.fleet.identity import devices, pod_holder
from k8sai.fleet.ledger import Worth
from k8sai.fleet.meters import Meters, named
from k8sai.fleet.nodes import Line, NodeEntry
from k8sai.fleet.pods import PodEntry
from k8sai.fleet.shares import CARD, cards
from k8sai.fleet.slots import slots


def node_row(entry: NodeEntry, dra: Allocations, meters: Meters) -> NodeRow:
    """Everything a line about the node says."""
    by_pod = {id(pod): pod_holder(pod) for pod in present(entry)}
    holders = tuple(by_pod.values())
    found = devices(entry, by_pod, dra, meters.on(entry.name))
    places, found = named(slots(entry, holders, found), found)
    return NodeRow(
        name=entry.name,
        product=product_of(entry),
        ready=entry.ready,
        schedulable=entry.schedulable and entry.known,
        taints=entry.taints,
        zone=entry.zone,
        clique=entry.clique,
        figures=_figures(entry),
        largest_free=cards(entry.largest),
        resources=tuple(_resource(line, entry.known) for _, line in sorted(entry.lines.items())),
        slots=meters.on_slots(places, found),
        holders=holders,
        created=entry.created,
        gone=not entry.known,
        labels=tuple(sorted(entry.labels.items())),
        devices=meters.gauged(found),
        utilization=meters.utilization(entry.name),
    )


def pod_row(books: Books, dra: Allocations, pod: PodEntry, worth: Worth) -> PodRow:
    """Everything a line about the pod says."""
    reason, message = pod.reason, pod.message
    if reason == "NoVerdict" and (missing := sorted(name for _, name in pod.claim_keys() - dra.claims.keys())):
        reason, message = "ClaimMissing", f"there is no claim {', '.join(missing)}"
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
        cards=cards(pod.held if pod.held or pod.node else _asked(books, dra, pod, worth)),
        requests=_requests(books, dra, pod),
        since=pod.since,
        reason=reason,
        message=message,
    )


def _asked(books: Books, dra: Allocations, pod: PodEntry, worth: Worth) -> int:
    """What it waits for, in shares of a card, valued as the totals value it."""
    asks = list(books.counted(pod))
    if pod.fraction is not None:
        asks.append((FRACTION, pod.fraction.on(0)))
    for key in pod.claim_keys() & dra.claims.keys():
        asks += dra.claims[key].demands
    return sum(round(amount * worth.of(name)) for name, amount in asks)


def _requests(books: Books, dra: Allocations, pod: PodEntry) -> tuple[tuple[str, float], ...]:
    """What it asks for in native units; of a claim the cards per driver, or the devices per class while it waits."""
    asked = [(name, float(amount)) for name, amount in books.counted(pod)]
    if pod.fraction is not None:
        asked.append((FRACTION, cards(pod.fraction.on(0) if pod.fraction.share else pod.booked)))
    for key in sorted(pod.claim_keys() & dra.claims.keys()):
        claim = dra.claims[key]
        shares: dict[str, int] = {}
        for result, share in zip(claim.results, claim.shares, strict=True):
            shares[result.driver] = shares.get(result.driver, 0) + share
        asked += [(driver, cards(share)) for driver, share in shares.items()]
        if claim.gpu and not claim.allocated:
            asked += [(name, float(count)) for name, count in claim.asks]
    return tuple(asked)


def held_since(entry: NodeEntry) -> dict[str, str]:
    """By uid of the node's pods: since when they hold what they hold."""
    return {pod.uid: pod.since for pod in entry.pods if pod.gpu}


def present(entry: NodeEntry) -> list[PodEntry]:
    """Who holds or reserves GPUs on the node: holders in order of start, ghosts after them."""
    return sorted((pod for pod in entry.pods if pod.gpu), key=_order)


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
        leaked=cards(entry.leaked),
    )


def _resource(line: Line, known: bool) -> Resource:
    """One line of the node; on a node that is gone nothing is free, whatever pods still hold."""
    unit = line.unit
    scale = CARD if unit.dra else 1
    free = (line.free if unit.dra else line.allocatable - line.used) if known else 0
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


def _order(pod: PodEntry) -> tuple[bool, str, str, str]:
    return (not pod.node, pod.since, pod.namespace, pod.name)
