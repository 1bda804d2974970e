"""The fleet: every GPU of a cluster, who holds it and what is free, kept up to date one event at a time."""

from collections.abc import Iterable
from threading import RLock

from k8sai.cluster.sources import Kind
from k8sai.errors import Usage
from k8sai.facts import Node, Object, Pod
from k8sai.fleet.answers import Figures, NodeRow, PodRow, Problem, Total
from k8sai.fleet.answers import Kind as UnitKind
from k8sai.fleet.books import Books
from k8sai.fleet.ledger import Worth
from k8sai.fleet.pods import PodEntry, read_pod
from k8sai.fleet.query import NodeQuery, PodQuery, find_nodes, find_pods
from k8sai.fleet.resources import Rules, builtin
from k8sai.fleet.rows import node_row, pod_row


class Fleet:
    """A sink of facts that answers questions about GPUs. Events may come in any order, from several threads.

    An event costs what its object is made of, never what the cluster is made of; rows are made when they are asked for.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self._lock = RLock()
        self._rules = rules or builtin()
        self._books = Books(self._rules)
        self._problems: dict[tuple[Kind, str, str], Problem] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """Grows with every change that some answer may show."""
        return self._version

    # --- writes -------------------------------------------------------------------------------------------------------

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed. One that cannot be counted counts as nothing and is named in `problems`."""
        with self._lock:
            self._put(kind, obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        """The object is gone; nothing happens where a successor of the same name is known already."""
        with self._lock:
            self._drop(kind, obj.metadata.namespace, obj.metadata.name, obj.metadata.uid)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """These are all objects of the kind."""
        with self._lock:
            kept: set[tuple[str, str]] = set()
            for obj in objects:
                self._put(kind, obj)
                kept.add((obj.metadata.namespace, obj.metadata.name))
            for namespace, name in self._known(kind):
                if (namespace, name) not in kept:
                    self._drop(kind, namespace, name, "")

    def _put(self, kind: Kind, obj: Object) -> None:
        if isinstance(obj, Pod):
            self._put_pod(obj)
        elif isinstance(obj, Node):
            self._version += 1
            self._note(kind, "", obj.metadata.name, self._books.put_node(obj))

    def _put_pod(self, pod: Pod) -> None:
        meta = pod.metadata
        key = (meta.namespace, meta.name)
        old = self._books.pods.get(key)
        try:
            new = read_pod(pod, self._rules)
            why = ""
        except Usage as error:
            new, why = None, error.message
        if why or self._problems:
            self._note("pods", *key, why)
        if old is None and new is None:
            return
        self._version += 1
        self._books.swap(old, new)

    def _drop(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        if self._problems:
            self._note(kind, namespace, name, "")
        if kind == "pods":
            old = self._books.pods.get((namespace, name))
            if old is not None and not (uid and old.uid and uid != old.uid):
                self._version += 1
                self._books.swap(old, None)
        elif kind == "nodes":
            self._version += 1
            self._books.drop_node(name, uid)

    def _known(self, kind: Kind) -> list[tuple[str, str]]:
        if kind == "pods":
            known = list(self._books.pods)
        elif kind == "nodes":
            known = [("", node.name) for node in self._books.nodes.values() if node.known]
        else:
            known = []
        return [*known, *((namespace, name) for what, namespace, name in self._problems if what == kind)]

    def _note(self, kind: Kind, namespace: str, name: str, why: str) -> None:
        """Remember or forget that the object cannot be counted."""
        if why:
            said = f"{kind[:-1]} {namespace}/{name}" if namespace else f"{kind[:-1]} {name}"
            self._problems[(kind, namespace, name)] = Problem(said, why)
            self._version += 1
        elif self._problems.pop((kind, namespace, name), None) is not None:
            self._version += 1

    # --- sums ---------------------------------------------------------------------------------------------------------

    def totals(self) -> Figures:
        """The cluster, in cards."""
        with self._lock:
            return self._books.ledger.totals(self._worth())

    def by_kind(self) -> dict[UnitKind, Figures]:
        """The cluster per kind of unit, in native units: cards, slices, replicas, fractions."""
        with self._lock:
            kinds = self._books.ledger.by_kind(self._worth())
            kinds.pop("monitor", None)
            return kinds

    def products(self) -> tuple[Total, ...]:
        """Per product and resource, in cards, the largest first."""
        with self._lock:
            return self._books.ledger.products(self._worth())

    def namespaces(self) -> tuple[Total, ...]:
        """Who holds and asks for how much, the largest holder first."""
        with self._lock:
            return self._books.ledger.parties(self._books.ledger.namespaces, self._worth())

    def queues(self) -> tuple[Total, ...]:
        """The same per queue."""
        with self._lock:
            return self._books.ledger.parties(self._books.ledger.queues, self._worth())

    def counts(self) -> dict[str, int]:
        """How many there are: nodes, gpuNodes, goneNodes, pods (those that have to do with GPUs), pending, problems."""
        with self._lock:
            nodes = self._books.nodes.values()
            known = sum(node.known for node in nodes)
            return {
                "nodes": known,
                "gpuNodes": sum(node.known and node.gpu for node in nodes),
                "goneNodes": len(nodes) - known,
                "pods": len(self._books.pods),
                "pending": len(self._books.pending),
                "problems": len(self._problems),
            }

    def _worth(self) -> Worth:
        return Worth(self._books.ledger.units, self._books.default)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def node_names(self, query: NodeQuery | None = None) -> list[str]:
        """The nodes asked for, in order. Raises Usage for a bad selector or order."""
        with self._lock:
            return find_nodes(self._books.nodes.values(), query or NodeQuery(), self._books.ledger.namespaces)

    def node(self, name: str) -> NodeRow:
        """One node; also one that is gone while pods hold something on it. Raises KeyError if nothing knows it."""
        with self._lock:
            return node_row(self._books, self._books.nodes[name])

    def pods(self, query: PodQuery | None = None) -> tuple[PodRow, ...]:
        """The pods that hold, reserve or ask for GPUs, of those asked for. Raises Usage for a bad selector or order."""
        with self._lock:
            found = find_pods(self._books.pods.values(), query or PodQuery(), self._books.nodes)
            return tuple(pod_row(self._books, pod) for pod in found)

    def pods_on(self, node: str) -> tuple[PodRow, ...]:
        """Who holds or reserves GPUs on the node, in order of start."""
        with self._lock:
            entry = self._books.nodes.get(node)
            pods: list[PodEntry] = (
                [] if entry is None else sorted(entry.pods, key=lambda pod: (not pod.node, pod.since))
            )
            return tuple(pod_row(self._books, pod) for pod in pods)

    def pending(self) -> tuple[PodRow, ...]:
        """Pods that ask for GPUs and have no node: by priority, then the longest waiting first."""
        with self._lock:
            pods = sorted(
                self._books.pending.values(), key=lambda pod: (-pod.priority, pod.created, pod.namespace, pod.name)
            )
            return tuple(pod_row(self._books, pod) for pod in pods)

    def problems(self) -> tuple[Problem, ...]:
        """Objects that could not be counted, and why."""
        with self._lock:
            return tuple(self._problems[key] for key in sorted(self._problems))
