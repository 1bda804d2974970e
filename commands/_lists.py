"""The lists that `top --by` shows one at a time. A new one: its word in `By`, and its entry in `LISTS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.fit.stranded import Stranded
    from k8sai.fleet.index import Fleet
    from k8sai.fleet.picture import Picture
    from k8sai.scheduling.later import Later
    from k8sai.view import Table, Tree

By = Literal[
    "node",
    "card",
    "map",
    "product",
    "namespace",
    "queue",
    "workload",
    "pod",
    "pending",
    "event",
    "idle",
    "stranded",
    "size",
    "cluster",
]


@dataclass(frozen=True)
class Reading:
    """What lists are made from: a picture, the fleet it was taken of, and what else the cluster can be asked.

    `bars` is whether glyphs may stand for cards; where not, words do. `ask` answers None for a recording without
    objects.
    """

    picture: "Picture"
    fleet: "Fleet"
    bars: bool = True
    ask: "Callable[[], Objects | None]" = lambda: None
    later: "Later | None" = None  # what the fleet was read from, where CPU, memory and taints matter too

    @property
    def at(self) -> str:
        """The time of the data, ISO."""
        return self.picture.at

    @cached_property
    def objects(self) -> "Objects | None":
        """Whole objects of any kind, read when a list needs them."""
        return self.ask()

    @cached_property
    def stranded(self) -> "Stranded | None":
        """What of the free cards nobody can use; None where nobody knows what is free."""
        from k8sai.fit.stranded import summary

        if self.later is None or self.picture.totals.free != self.picture.totals.free:  # NaN is not itself
            return None
        return summary(self.later.board({spare.node for spare in self.fleet.spares()}), self.fleet)


def _name(row: Any) -> str:
    return str(row.name)


def _product(row: Any) -> str:
    return str(row.name or row.resource or "any")


@dataclass(frozen=True, slots=True)
class List:
    """One list. `rows` are its things in order, `table` shows them, `name` is what `-o name` calls one of them.

    `empty` is said where there are none; `of_pods` are narrowed by -n. `kind` stands before names (the list's word,
    unless given), `head` is a line above the table. `key` is the list's place in the GpuView document; without one,
    -o csv has the table's columns.
    """

    rows: Callable[[Reading], Sequence[Any]]
    table: "Callable[[Sequence[Any], Reading], Table]"
    empty: str
    name: Callable[[Any], str] = _name
    kind: str | None = None
    key: str = ""
    of_pods: bool = False
    head: "Callable[[Reading], Tree | None]" = lambda _: None


# --- tables: what they need is imported when one is asked for, since --help reads this file ---------------------------


def _nodes(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import tables

    return tables.nodes(rows, reading.at, bars=reading.bars)


def _cards(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import card_list

    return card_list.table(rows)


def _every_card(reading: Reading) -> Sequence[Any]:
    from k8sai.fleet import card_list

    return card_list.every(reading.picture.nodes)


def _map(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import map_list

    return map_list.table(rows, bars=reading.bars)


def _groups(reading: Reading) -> Sequence[Any]:
    from k8sai.fleet import map_list

    return map_list.every(reading.picture.nodes)


def _products(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import tables

    return tables.products(rows)


def _namespaces(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.cluster.recorded_objects import NotRecorded
    from k8sai.errors import K8saiError
    from k8sai.fleet import team_list
    from k8sai.fleet.quotas import gpu_quotas

    try:
        found = gpu_quotas(reading.objects.list("resourcequotas")) if reading.objects is not None else {}
    except NotRecorded:
        found = {}
    except K8saiError:  # what they may have is unknown; what they hold is not
        return team_list.table(rows, "NAMESPACE", reading.picture, unread=True)
    return team_list.table(rows, "NAMESPACE", reading.picture, found)


def _queues(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import team_list

    return team_list.table(rows, "QUEUE", reading.picture)


def _workloads(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import workload_list

    return workload_list.table(rows, reading.at)


def _pods(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import tables

    return tables.pods(rows, reading.at)


def _pending(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import tables

    return tables.pods(rows, reading.at, waiting=True)


def _events(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import event_list

    return event_list.table(rows, reading.at)


def _events_of_concern(reading: Reading) -> Sequence[Any]:
    """Raises what listing them raises; a recording without objects has none."""
    from k8sai.cluster.events import read_events
    from k8sai.fleet.event_list import Concern

    if reading.objects is None:
        return ()
    found = read_events(reading.objects, reading.picture.scope.pods.namespace)
    return Concern().of(found, reading.fleet)


def _idle(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import idle_shown

    return idle_shown.table(rows, reading.picture)


def _idle_sums(reading: Reading) -> "Tree | None":
    from k8sai.fleet import idle_shown

    return idle_shown.summary(reading.picture)


def _stranded(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fit import pages

    return pages.stranded(rows)


def _stranded_sum(reading: Reading) -> "Tree | None":
    from k8sai.view import Cell, Tree

    return Tree(Cell(reading.stranded.sentence)) if reading.stranded is not None else None


def _sizes(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fit import pages

    return pages.sizes(rows)


def _clusters(rows: Sequence[Any], reading: Reading) -> "Table":
    from k8sai.fleet import clusters

    return clusters.clusters(rows)


LISTS: Final[Mapping[By, List]] = {
    "node": List(lambda of: of.picture.nodes, _nodes, "no node with GPUs", key="nodes"),
    "card": List(_every_card, _cards, "no card"),
    "map": List(_groups, _map, "no node with GPUs", name=lambda row: str(row.name or "none"), kind=""),
    "product": List(lambda of: of.picture.products, _products, "no GPU product", name=_product, key="products"),
    "namespace": List(
        lambda of: of.picture.namespaces,
        _namespaces,
        "no namespace holds or asks for GPUs",
        key="namespaces",
    ),
    "queue": List(lambda of: of.picture.queues, _queues, "no queue holds or asks for GPUs", key="queues"),
    "workload": List(
        lambda of: of.picture.workloads,
        _workloads,
        "no workload holds or asks for GPUs",
        name=lambda row: f"{row.kind.lower()}/{row.name}",
        kind="",
        key="workloads",
        of_pods=True,
    ),
    "pod": List(lambda of: of.picture.pods, _pods, "no pod holds GPUs", key="pods", of_pods=True),
    "pending": List(
        lambda of: of.picture.pending, _pending, "no pod waits for GPUs", kind="pod", key="pending", of_pods=True
    ),
    "stranded": List(
        lambda of: of.stranded.blocks if of.stranded is not None else (),
        _stranded,
        "no free card is stranded",
        name=lambda row: str(row.node),
        kind="node",
        head=_stranded_sum,
    ),
    "size": List(
        lambda of: of.stranded.sizes if of.stranded is not None else (),
        _sizes,
        "no pod with GPUs would start now",
        name=lambda row: str(row.product or row.resource),
        kind="product",
    ),
    "cluster": List(lambda of: (of.picture,), _clusters, "no cluster", name=lambda row: str(row.context)),
    "event": List(
        _events_of_concern,
        _events,
        "no event of pods with GPUs, their owners or nodes is kept",
        name=lambda row: str(row.metadata.name),
        of_pods=True,
    ),
    "idle": List(
        lambda of: of.picture.idle.rows if of.picture.idle is not None else (),
        _idle,
        "no pod is known to hold an idle card",
        name=lambda row: str(row.pod),
        kind="pod",
        key="idle",
        of_pods=True,
        head=_idle_sums,
    ),
}
