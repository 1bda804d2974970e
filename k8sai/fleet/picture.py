"""Everything one look at the fleet shows, taken at one moment: what documents and tables are made from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import nan
from typing import Any

from msgspec.structs import replace

from k8sai.cluster.sources import METERS, Source
from k8sai.errors import Forbidden, NotFound
from k8sai.fleet.answers import Figures, NodeRow, PodRow, Problem, Total, Workload
from k8sai.fleet.answers import Kind as UnitKind
from k8sai.fleet.idle import Idleness
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import NodeQuery, PodQuery
from k8sai.fleet.workloads import WorkloadQuery


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for. `product` (a part of its name) and `names` narrow the nodes further than their query does.

    A namespace narrows the pods listed, never the totals.
    """

    nodes: NodeQuery = field(default_factory=NodeQuery)
    pods: PodQuery = field(default_factory=PodQuery)
    product: str = ""
    names: tuple[str, ...] = ()

    @property
    def narrows_nodes(self) -> bool:
        """Whether the totals are of the nodes listed rather than of the cluster."""
        return bool(self.names or self.product or self.nodes.labels or self.nodes.product or self.nodes.text)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What could not be read, why, what that means for the reader ("{} are not shown"), and the next command."""

    what: str
    why: str
    meaning: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """`at` is the ISO time of the data. `pods` are bound and hold GPUs, `pending` have no node yet.

    A figure that nobody knows, because nodes or pods could not be read, is NaN: "?" in a table, null in a document.
    """

    context: str
    at: str
    scope: Scope
    sources: tuple[Source, ...]
    hidden: tuple[Hidden, ...]
    problems: tuple[Problem, ...]
    totals: Figures
    by_kind: dict[UnitKind, Figures]
    products: tuple[Total, ...]
    namespaces: tuple[Total, ...]
    queues: tuple[Total, ...]
    nodes: tuple[NodeRow, ...]
    workloads: tuple[Workload, ...]
    pods: tuple[PodRow, ...]
    pending: tuple[PodRow, ...]
    node_count: int  # nodes known, with and without GPUs
    idle: Idleness | None = None  # of the pods shown; None where no meter showed it

    @property
    def shows_gpus(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.nodes) if self.scope.narrows_nodes else bool(self.nodes or self.pods or self.pending)

    @property
    def complete(self) -> bool:
        """Nothing was hidden and everything read could be counted."""
        return not self.hidden and not self.problems


def take(fleet: Fleet, *, context: str, at: str, sources: Iterable[Source] = (), scope: Scope | None = None) -> Picture:
    """The picture of the fleet as it is now.

    Raises Forbidden where neither nodes nor pods may be read, NotFound where a node named in the scope does not exist.
    """
    scope = scope or Scope()
    known = tuple(sources)
    _insist_on_something(known)
    unknown = unknown_figures(known)
    nodes = tuple(masked_row(row, unknown) for row in _rows(fleet, scope))
    pods = tuple(pod for pod in fleet.pods(scope.pods) if pod.node)
    pending = tuple(pod for pod in fleet.pending() if scope.pods.namespace in ("", pod.namespace))
    idle = fleet.idle()
    if idle is not None:
        idle = idle.only(scope.pods.namespace, {node.name for node in nodes} if scope.narrows_nodes else None)
    workloads = fleet.workloads(WorkloadQuery(namespace=scope.pods.namespace))
    if scope.narrows_nodes:
        shown = {node.name for node in nodes}
        pods = tuple(pod for pod in pods if pod.node in shown)
        workloads = tuple(one for one in workloads if not shown.isdisjoint(one.nodes))
        products = summed_by_product(nodes)
        totals = added((node.figures for node in nodes), pending=fleet.totals().pending)
    else:
        products, totals = fleet.products(), fleet.totals()
    return Picture(
        context=context,
        at=at,
        scope=scope,
        sources=known,
        hidden=tuple(hidden(known)),
        problems=fleet.problems(),
        totals=masked(totals, unknown),
        by_kind={kind: masked(sums, unknown) for kind, sums in fleet.by_kind().items()},
        products=tuple(masked_total(total, unknown) for total in products),
        namespaces=tuple(masked_total(total, unknown) for total in fleet.namespaces()),
        queues=tuple(masked_total(total, unknown) for total in fleet.queues()),
        nodes=nodes,
        workloads=workloads,
        pods=pods,
        pending=pending,
        node_count=fleet.counts().get("nodes", 0),
        idle=idle,
    )


def _insist_on_something(sources: Iterable[Source]) -> None:
    denied = {source.kind: source for source in sources if source.state == "forbidden"}
    if "nodes" in denied and "pods" in denied:
        nodes = denied["nodes"]
        raise Forbidden(nodes.message or "neither nodes nor pods may be read", nodes.hint)


def hidden(sources: Iterable[Source]) -> Iterator[Hidden]:
    """What the sources could not give, in words."""
    for source in sources:
        kind, why = source.kind, source.message
        if kind in METERS:
            yield from _unmetered(source)
        elif source.state in ("forbidden", "failed", "starting"):
            yield Hidden(kind, why or source.state, "{} are not shown", source.hint)
        elif source.state == "retrying":
            yield Hidden(kind, why or "no answer", "what is known of {} may be old", source.hint)
        elif source.namespace:
            outside = f"{kind} outside namespace {source.namespace}"
            why = why or f"only those of {source.namespace} may be read"
            yield Hidden(outside, why, "{} are not shown, so less may be free than it seems", source.hint)
        elif why and source.state in ("live", "once"):
            yield Hidden(f"some {kind}", why, "{} are not counted", source.hint)


def _unmetered(source: Source) -> Iterator[Hidden]:
    """The same of a meter: it is missing as a whole, for some cards, or its last readings are old."""
    what, why = f"{source.kind} readings", source.message
    if source.state == "retrying":
        yield Hidden(what, why or "no answer", "{} may be old", source.hint)
    elif source.state not in ("live", "once"):
        yield Hidden(what, why or "nothing was read yet", "{} are missing; no figure depends on them", source.hint)
    elif why:
        yield Hidden(f"some {what}", why, "{} are missing; no figure depends on them", source.hint)


_OF_NODES = frozenset({"capacity", "allocatable", "unhealthy", "free", "blocked"})
_OF_PODS = frozenset({"used", "pending", "reserved", "terminating", "free", "blocked"})


def unknown_figures(sources: Iterable[Source]) -> frozenset[str]:
    """The figures nobody knows because nodes or pods were not read at all; a zero would be a lie."""
    unread = {source.kind for source in sources if source.state in ("forbidden", "failed", "starting")}
    return (_OF_NODES if "nodes" in unread else frozenset()) | (_OF_PODS if "pods" in unread else frozenset())


def masked(sums: Figures, unknown: frozenset[str]) -> Figures:
    """The figures with those that nobody knows as NaN; so do the next two for a total and a node."""
    return replace(sums, **dict.fromkeys(unknown, nan)) if unknown else sums


def masked_total(total: Total, unknown: frozenset[str]) -> Total:
    return replace(total, figures=masked(total.figures, unknown)) if unknown else total


def masked_row(row: NodeRow, unknown: frozenset[str]) -> NodeRow:
    if not unknown:
        return row
    of_resource: dict[str, Any] = dict.fromkeys(unknown - {"pending", "terminating", "blocked"}, nan)
    return replace(
        row,
        figures=masked(row.figures, unknown),
        largest_free=nan,
        resources=tuple(replace(one, **of_resource) for one in row.resources),
        slots=tuple(replace(slot, state="unknown") for slot in row.slots),
    )


def added(figures: Iterable[Figures], *, pending: float) -> Figures:
    """The sum; what is pending belongs to no node and is given."""
    sums = dict.fromkeys(Figures.__struct_fields__, 0.0)
    for addend in figures:
        for name in sums:
            sums[name] += getattr(addend, name)
    return Figures(**{**sums, "pending": pending})


def summed_by_product(nodes: Iterable[NodeRow]) -> tuple[Total, ...]:
    """Totals of these nodes' products; what is pending is not known per product here."""
    groups: dict[str, list[NodeRow]] = {}
    for node in nodes:
        groups.setdefault(node.product, []).append(node)
    return tuple(
        Total(name, added((node.figures for node in group), pending=0), nodes=len(group))
        for name, group in sorted(groups.items())
    )


def _rows(fleet: Fleet, scope: Scope) -> Iterator[NodeRow]:
    part = scope.product.casefold()
    for name in _selected(fleet, scope):
        try:
            node = fleet.node(name)
        except KeyError:  # gone since its name was read
            continue
        if part in node.product.casefold():
            yield node


def _selected(fleet: Fleet, scope: Scope) -> list[str]:
    found = fleet.node_names(scope.nodes)
    if not scope.names:
        return found
    present = set(found)
    for name in scope.names:
        if name not in present:
            raise _unknown(name, fleet, scope)
    wanted = set(scope.names)
    return [name for name in found if name in wanted]


def _unknown(name: str, fleet: Fleet, scope: Scope) -> NotFound:
    from difflib import get_close_matches

    every = fleet.node_names(NodeQuery(gpu_only=False))
    if name in every:
        filtered = scope.nodes.labels or scope.nodes.product or scope.nodes.text
        why = "does not match the other flags" if filtered else "has no GPUs"
        return NotFound(f"node {name!r} {why}", f"`k8sai top {name} --all-nodes`" if not filtered else "")
    near = get_close_matches(name, every, 1)
    return NotFound(
        f"there is no node {name!r}",
        f"did you mean {near[0]!r}?" if near else "`k8sai top -o name` lists the nodes with GPUs",
    )
