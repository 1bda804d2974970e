"""The fleet: every GPU of a cluster, who holds it and what is free, kept up to date one event at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from math import inf
from threading import RLock
from time import perf_counter, sleep
from typing import Final

from k8sai.cluster.sources import Kind
from k8sai.facts import Object
from k8sai.fleet.answers import Figures, Gauge, NodeRow, PodRow, Problem, Total, Workload
from k8sai.fleet.answers import Kind as UnitKind
from k8sai.fleet.books import Books
from k8sai.fleet.chart import Group, Grouping, Tally, chart, tally
from k8sai.fleet.concerned import concerned
from k8sai.fleet.dra import Allocations
from k8sai.fleet.glance import GONE, Glance
from k8sai.fleet.glances import Glances
from k8sai.fleet.idle import Held, Idleness, Sight
from k8sai.fleet.intake import Intake
from k8sai.fleet.judging import judged_all
from k8sai.fleet.ledger import Worth
from k8sai.fleet.meters import Meters
from k8sai.fleet.query import NodeQuery, PodQuery, find_nodes, find_pods
from k8sai.fleet.resources import Rules
from k8sai.fleet.rows import node_row, pod_row, present
from k8sai.fleet.rule_file import configured
from k8sai.fleet.spare import Spare, spares
from k8sai.fleet.way import Way
from k8sai.fleet.workloads import WorkloadQuery, find_workloads, workload_row

_AT_ONCE: Final = 256  # objects; some 10 ms


class Fleet:
    """A sink of facts that answers questions about GPUs. Events may come in any order, from several threads.

    An event costs what its object is made of, never what the cluster is made of; rows are made when they are asked for.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        """`rules` say which resources are GPUs; unless given, the user's table. Raises Usage if that is malformed."""
        self.way = Way()
        self._lock = RLock()
        self._rules = rules or configured()
        self._books = Books(self._rules)
        self._dra = Allocations(self._books)
        self._intake = Intake(self._books, self._dra)
        self._meters = Meters()
        self._idle: Idleness | None = None
        self._idle_of: dict[tuple[str, str], Held] = {}
        self._glances = Glances(self._dra)

    @property
    def version(self) -> int:
        """Grows with every change that some answer may show."""
        return self._intake.version

    # --- writes -------------------------------------------------------------------------------------------------------

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed. One that cannot be counted counts as nothing and is named in `problems`."""
        self.way.give()
        with self._lock:
            self._intake.put(kind, obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        """The object is gone; nothing happens where a successor of the same name is known already."""
        meta = obj.metadata
        self.way.give()
        with self._lock:
            self._intake.drop(kind, (meta.namespace, meta.name), meta.uid)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """These are all objects of the kind; answers in between show some of them.

        A long list does not keep readers waiting: the lock is given away after every few objects.
        """
        kept: set[tuple[str, str]] = set()
        rest = iter(objects)
        while some := tuple(islice(rest, _AT_ONCE)):
            with self._lock:
                for obj in some:
                    self._intake.put(kind, obj)
                    kept.add((obj.metadata.namespace, obj.metadata.name))
            sleep(0)  # a waiting reader goes first
            self.way.give()
        with self._lock:
            gone = [key for key in self._intake.known(kind) if key not in kept]
        while gone:
            with self._lock:
                for key in gone[:_AT_ONCE]:
                    self._intake.drop(kind, key, "")
            del gone[:_AT_ONCE]
            self.way.give()
            sleep(0)

    def use_readings(
        self,
        readings: Mapping[str, tuple[str, str, str]],
        gauges: Mapping[str, Gauge] | None = None,
        slices: Mapping[tuple[str, str], Gauge] | None = None,
        sight: Sight | None = None,
    ) -> None:
        """What a meter saw: by UUID of the card its node, and namespace and name of a pod on it (or empty).

        They give names to cards that nobody else does, and stay until the next call. `gauges` are of cards and slices
        by UUID, `slices` of the only slice of a pod, by the pod. With a `sight` holders are judged idle or not, here
        and now: nobody who asks later has to wait for it.
        """
        by_node: dict[str, dict[str, tuple[str, str]]] = {}
        for uuid, (node, namespace, pod) in readings.items():
            by_node.setdefault(node, {})[uuid] = (namespace, pod)
        meters, idle = Meters(by_node, gauges or {}, slices or {}), None
        if sight is not None:
            with self._lock:
                names = [node.name for node in self._books.nodes.values() if node.pods]
            idle, of_cards = judged_all(names, self._reading, self.way, self._dra, meters, sight)
            meters = replace(meters, idle=of_cards)
        with self._lock:
            self._meters, self._idle = meters, idle
            self._idle_of = {(one.namespace, one.pod): one for one in idle.held} if idle is not None else {}
            for entry in self._books.nodes.values():
                entry.glance = None
            self._books.touched.add_all()
            self._intake.version += 1

    @contextmanager
    def _reading(self) -> Iterator[Books]:
        """The books, locked, with every event counted."""
        with self._lock:
            self._dra.settle()
            self._books.settle()
            yield self._books

    # --- sums ---------------------------------------------------------------------------------------------------------

    def totals(self) -> Figures:
        """The cluster, in cards."""
        with self._reading() as books:
            return books.ledger.totals(_worth(books))

    def by_kind(self) -> dict[UnitKind, Figures]:
        """The cluster per kind of unit, in native units: cards, slices, replicas, fractions."""
        with self._reading() as books:
            kinds = books.ledger.by_kind(_worth(books))
            kinds.pop("monitor", None)
            return kinds

    def products(self) -> tuple[Total, ...]:
        """Per product and resource, in cards, the largest first."""
        with self._reading() as books:
            return books.ledger.products(_worth(books))

    def namespaces(self) -> tuple[Total, ...]:
        """Who holds and asks for how much, the largest holder first."""
        with self._reading() as books:
            return books.ledger.parties(books.ledger.namespaces, _worth(books))

    def queues(self) -> tuple[Total, ...]:
        """The same per queue."""
        with self._reading() as books:
            return books.ledger.parties(books.ledger.queues, _worth(books))

    def counts(self) -> dict[str, int]:
        """How many there are: nodes, gpuNodes, goneNodes, pods (those that have to do with GPUs), pending, problems."""
        with self._reading() as books:
            nodes = books.nodes.values()
            known = sum(node.known for node in nodes)
            return {
                "nodes": known,
                "gpuNodes": sum(node.known and node.gpu for node in nodes),
                "goneNodes": len(nodes) - known,
                "pods": books.gpu_pods,
                "pending": sum(pod.gpu for pod in books.pending.values()),
                "problems": len(self._intake.problems),
            }

    # --- rows ---------------------------------------------------------------------------------------------------------

    def node_names(self, query: NodeQuery | None = None) -> list[str]:
        """The nodes asked for, in order. Raises Usage for a bad selector or order."""
        with self._reading() as books:
            return [entry.name for entry in find_nodes(books.by_name(), query or NodeQuery(), books.ledger.namespaces)]

    def node(self, name: str) -> NodeRow:
        """One node; also one that is gone while pods hold something on it. Raises KeyError if nothing knows it."""
        with self._reading() as books:
            return node_row(books.nodes[name], self._dra, self._meters)

    def chart(self, by: Grouping, query: NodeQuery | None = None) -> tuple[Group, ...]:
        """The nodes asked for in groups. Raises Usage for a bad selector."""
        with self._reading() as books:
            return chart(find_nodes(books.by_name(), query or NodeQuery(), books.ledger.namespaces), by)

    def tally(self, names: Iterable[str]) -> Tally:
        """What these nodes have together."""
        with self._reading() as books:
            return tally([entry for name in names if (entry := books.nodes.get(name)) is not None])

    def arranged(self) -> int:
        """Grows when nodes come or go, or change what they are grouped by."""
        return self._books.arranged

    def glances(self, names: Sequence[str], seconds: float | None = None) -> list[Glance | None]:
        """The nodes at a glance. What would take longer than so many seconds is left for another time: None."""
        with self._reading() as books:
            nodes, glances, meters = books.nodes, self._glances, self._meters
            entries = list(map(nodes.get, names))
            found = [GONE if entry is None else entry.glance for entry in entries]
            if None in found:
                end = inf if seconds is None else perf_counter() + seconds
                for at, entry in enumerate(entries):
                    if entry is not None and found[at] is None:
                        found[at] = glances.of(entry, meters)
                        if perf_counter() > end:
                            break
            return found

    def touched(self, since: int) -> tuple[int, frozenset[str] | None]:
        """A mark, and the nodes that look different since an earlier one; None: any may. Ask before looking at them."""
        with self._lock:
            return self._books.touched.since(since)

    def priorities(self) -> tuple[int, ...]:
        """The priorities of pods on nodes, the lowest first."""
        with self._lock:
            return tuple(sorted(self._books.priorities))

    def spares(self) -> tuple[Spare, ...]:
        """The nodes that have GPUs free, with what of each resource is. Events are counted in between."""
        with self._reading() as books:
            rest = iter(books.by_name())
        found: list[Spare] = []
        while some := tuple(islice(rest, _AT_ONCE)):
            with self._reading():
                found += spares(some)
            self.way.give()
            sleep(0)
        return tuple(found)

    def pods(self, query: PodQuery | None = None) -> tuple[PodRow, ...]:
        """The pods that hold, reserve or ask for GPUs, of those asked for. Raises Usage for a bad selector or order."""
        with self._reading() as books:
            found = find_pods((pod for pod in books.pods.values() if pod.gpu), query or PodQuery(), books.nodes)
            worth = _worth(books)
            return tuple(pod_row(books, self._dra, pod, worth) for pod in found)

    def pod_names(self, query: PodQuery | None = None) -> list[tuple[str, str]]:
        """The same pods as namespace and name, for a screen that makes rows of the visible ones only."""
        with self._reading() as books:
            found = find_pods((pod for pod in books.pods.values() if pod.gpu), query or PodQuery(), books.nodes)
            return [(pod.namespace, pod.name) for pod in found]

    def pod(self, namespace: str, name: str) -> PodRow:
        """One pod. Raises KeyError if nothing knows it."""
        with self._reading() as books:
            return pod_row(books, self._dra, books.pods[namespace, name], _worth(books))

    def pods_on(self, node: str) -> tuple[PodRow, ...]:
        """Who holds or reserves GPUs on the node, in order of start."""
        with self._reading() as books:
            entry = books.nodes.get(node)
            worth = _worth(books)
            return tuple(pod_row(books, self._dra, pod, worth) for pod in (present(entry) if entry is not None else ()))

    def idle(self) -> Idleness | None:
        """Who holds cards that do nothing, as of the meter's last reading; None without one that shows it."""
        with self._lock:
            return self._idle

    def pending(self) -> tuple[PodRow, ...]:
        """Pods that ask for GPUs and have no node: by priority, then the longest waiting first."""
        with self._reading() as books:
            pods = sorted(
                (pod for pod in books.pending.values() if pod.gpu),
                key=lambda pod: (-pod.priority, pod.created, pod.namespace, pod.name),
            )
            worth = _worth(books)
            return tuple(pod_row(books, self._dra, pod, worth) for pod in pods)

    def workload_names(self, query: WorkloadQuery | None = None) -> list[tuple[str, str]]:
        """The workloads asked for as namespace and `Kind/name`, in order. Raises Usage for a bad selector or order."""
        with self._reading() as books:
            found = find_workloads(books.workloads, query or WorkloadQuery(), books.nodes, _worth(books))
            return [(one.namespace, one.owner) for one in found]

    def workload(self, namespace: str, owner: str) -> Workload:
        """One workload. Raises KeyError if nothing knows it."""
        with self._reading() as books:
            entry = books.workloads.entries[namespace, owner]
            return workload_row(entry, books.nodes, _worth(books), self._idle_of)

    def workloads(self, query: WorkloadQuery | None = None) -> tuple[Workload, ...]:
        """The workloads asked for, in order. Raises Usage for a bad selector or order."""
        with self._reading() as books:
            worth = _worth(books)
            found = find_workloads(books.workloads, query or WorkloadQuery(), books.nodes, worth)
            return tuple(workload_row(one, books.nodes, worth, self._idle_of) for one in found)

    def concerned(self, objects: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
        """Of these objects (kind, namespace, name) those that have to do with GPUs."""
        with self._reading() as books:
            return concerned(books, self._dra, objects)

    def problems(self) -> tuple[Problem, ...]:
        """Objects that could not be counted, and why."""
        with self._reading():
            return tuple(self._intake.problems)


def _worth(books: Books) -> Worth:
    return Worth(books.ledger.units, books.default)
