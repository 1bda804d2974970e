"""The fleet: every GPU of a cluster, who holds it and what is free, kept up to date one event at a time."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from threading import RLock
from time import sleep
from typing import Final

from k8sai.cluster.sources import Kind
from k8sai.facts import Object
from k8sai.fleet.answers import Figures, Gauge, NodeRow, PodRow, Problem, Total
from k8sai.fleet.answers import Kind as UnitKind
from k8sai.fleet.books import Books
from k8sai.fleet.dra import Allocations
from k8sai.fleet.intake import Intake
from k8sai.fleet.ledger import Worth
from k8sai.fleet.meters import Meters
from k8sai.fleet.query import NodeQuery, PodQuery, find_nodes, find_pods
from k8sai.fleet.resources import Rules
from k8sai.fleet.rows import node_row, pod_row, present
from k8sai.fleet.rule_file import configured

_AT_ONCE: Final = 256  # objects; some 10 ms


class Fleet:
    """A sink of facts that answers questions about GPUs. Events may come in any order, from several threads.

    An event costs what its object is made of, never what the cluster is made of; rows are made when they are asked for.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        """`rules` say which resources are GPUs; unless given, the user's table. Raises Usage if that is malformed."""
        self._lock = RLock()
        self._rules = rules or configured()
        self._books = Books(self._rules)
        self._dra = Allocations(self._books)
        self._intake = Intake(self._books, self._dra)
        self._meters = Meters()

    @property
    def version(self) -> int:
        """Grows with every change that some answer may show."""
        return self._intake.version

    # --- writes -------------------------------------------------------------------------------------------------------

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed. One that cannot be counted counts as nothing and is named in `problems`."""
        with self._lock:
            self._intake.put(kind, obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        """The object is gone; nothing happens where a successor of the same name is known already."""
        meta = obj.metadata
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
        with self._lock:
            gone = [key for key in self._intake.known(kind) if key not in kept]
        while gone:
            with self._lock:
                for key in gone[:_AT_ONCE]:
                    self._intake.drop(kind, key, "")
            del gone[:_AT_ONCE]
            sleep(0)

    def use_readings(
        self,
        readings: Mapping[str, tuple[str, str, str]],
        gauges: Mapping[str, Gauge] | None = None,
        slices: Mapping[tuple[str, str], Gauge] | None = None,
    ) -> None:
        """What a meter saw: by UUID of the card its node, and namespace and name of a pod on it (or empty).

        They give names to cards that nobody else does, and stay until the next call. `gauges` are of cards and slices
        by UUID, `slices` of the only slice of a pod, by the pod.
        """
        by_node: dict[str, dict[str, tuple[str, str]]] = {}
        for uuid, (node, namespace, pod) in readings.items():
            by_node.setdefault(node, {})[uuid] = (namespace, pod)
        with self._lock:
            self._meters = Meters(by_node, gauges or {}, slices or {})
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
            return find_nodes(books.by_name(), query or NodeQuery(), books.ledger.namespaces)

    def node(self, name: str) -> NodeRow:
        """One node; also one that is gone while pods hold something on it. Raises KeyError if nothing knows it."""
        with self._reading() as books:
            return node_row(books.nodes[name], self._dra, self._meters)

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

    def pending(self) -> tuple[PodRow, ...]:
        """Pods that ask for GPUs and have no node: by priority, then the longest waiting first."""
        with self._reading() as books:
            pods = sorted(
                (pod for pod in books.pending.values() if pod.gpu),
                key=lambda pod: (-pod.priority, pod.created, pod.namespace, pod.name),
            )
            worth = _worth(books)
            return tuple(pod_row(books, self._dra, pod, worth) for pod in pods)

    def problems(self) -> tuple[Problem, ...]:
        """Objects that could not be counted, and why."""
        with self._reading():
            return tuple(self._intake.problems)


def _worth(books: Books) -> Worth:
    return Worth(books.ledger.units, books.default)
