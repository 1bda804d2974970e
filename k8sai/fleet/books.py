"""Who holds what where: nodes, the pods on them, and the running sums, changed together and always consistent.

What a pod counts for follows from the facts at hand: its own, its node's, its claim's, those it shares a card with.
Whenever one of these changes, the pods concerned are taken out, the change is made, and they are put back. A node
that changes stays out of the sums until somebody asks (`settle`): eight pods that come to it count it once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from k8sai.errors import Usage
from k8sai.facts import Node
from k8sai.fleet.answers import Kind
from k8sai.fleet.ledger import Ledger
from k8sai.fleet.names import Order
from k8sai.fleet.nodes import DRA_SUMS, Line, NodeEntry, NodeReader, Unit
from k8sai.fleet.pods import Key, PodEntry
from k8sai.fleet.resources import Rules, weigh
from k8sai.fleet.sharers import Sharers
from k8sai.fleet.shares import CARD
from k8sai.fleet.sharing import RESOURCE
from k8sai.fleet.touched import Touched
from k8sai.fleet.workloads import Workloads

_MEMORY: Final = "nvidia.com/gpu.memory"  # MiB of one card
FRACTION: Final = "gpu-fraction"  # the demand for parts of cards, counted in shares


class Books:
    """The nodes and pods of a fleet with their sums. Not guarded: the fleet is."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.reader = NodeReader(rules)
        self.ledger = Ledger()
        self.workloads = Workloads()
        self.nodes: dict[str, NodeEntry] = {}
        self.pods: dict[Key, PodEntry] = {}
        self.pending: dict[Key, PodEntry] = {}
        self.by_extended: dict[Key, PodEntry] = {}  # claim -> the pod whose extended resources it serves
        self.unplaced = NodeEntry("")  # DRA devices that several nodes reach, while no claim has drawn them to one
        self.unplaced.known = self.unplaced.ready = True
        self.gpu_pods = 0
        self.arranged = 0  # grows when nodes come or go, have GPUs or none, or change what they are grouped by
        self.priorities: dict[int, int] = {}  # of pods on nodes, and how many have each
        self.touched = Touched()
        self._order = Order()
        # What only the claims can tell: whether a claim is known and allocated, and whether a pod is about GPUs at all.
        self.served: Callable[[Key], bool] = lambda claim: False
        self.concerns: Callable[[PodEntry], bool] = lambda pod: True
        self._sharers = Sharers()
        self._changed: dict[str, NodeEntry] = {}  # out of the sums

    def settle(self) -> None:
        """Count the nodes that have changed, without what is left over. Who reads nodes or sums calls this first."""
        while self._changed:
            name, entry = self._changed.popitem()
            idle = [key for key, line in entry.lines.items() if line.idle and not self._supplied(entry, key)]
            for key in idle:
                del entry.lines[key]
            self.arranged += bool(idle) and not entry.lines
            self.ledger.enter(entry)
            if entry.bare:
                if self.nodes.pop(name, None) is not None:
                    self._order.drop(name)
                self.arranged += 1

    @staticmethod
    def _supplied(entry: NodeEntry, name: str) -> bool:
        return any(unit.resource == name for unit, _, _ in entry.supply)

    def _touch(self, entry: NodeEntry) -> None:
        """Take the node out of the sums: it is about to change."""
        self._dim(entry)
        if entry.name not in self._changed:
            self.ledger.leave(entry)
            self._changed[entry.name] = entry

    def _touch_all(self, pods: Iterable[PodEntry]) -> None:
        """The same for the nodes of these pods."""
        for pod in pods:
            if target := _target(pod):
                self._touch(self.node(target))

    def overlook(self, node: str) -> None:
        """What was kept of how the node looks is no longer so, although its sums may be."""
        entry = self.nodes.get(node)
        if entry is not None:
            self._dim(entry)

    def _dim(self, entry: NodeEntry) -> None:
        if entry.glance is not None:  # else nobody has seen it since it was told last
            entry.glance = None
            self.touched.add(entry.name)

    # --- nodes --------------------------------------------------------------------------------------------------------

    def put_node(self, fact: Node) -> str:
        """The node is new or changed. Answers why its resources could not be counted, or nothing."""
        entry = self.node(fact.metadata.name)
        why = ""
        try:
            supply = self.reader.supply(fact)
        except Usage as error:
            supply, why = (), error.message
        labels = self.reader.labels(fact)
        self._touch(entry)
        if supply is entry.supply and entry.known and (labels == entry.labels or not entry.pods):
            self.arranged += labels != entry.labels
            self.reader.read(fact, labels, entry)
            return why
        self.arranged += 1
        pods = self._sharers.with_kin(entry.pods)
        self._touch_all(pods)
        for pod in pods:
            self._unbook(pod)
        self.reader.read(fact, labels, entry)
        entry.supply = supply
        lines = {unit.resource: Line(unit, capacity, allocatable) for unit, capacity, allocatable in supply}
        entry.lines = lines | {name: line for name, line in entry.lines.items() if line.unit.dra}
        for pod in pods:
            self._book(pod)
        return why

    def drop_node(self, name: str, uid: str) -> None:
        """The node is gone; who holds something there still does."""
        entry = self.nodes.get(name)
        if entry is None or not entry.known or (uid and entry.uid and uid != entry.uid):
            return
        pods = self._sharers.with_kin(entry.pods)
        self._touch(entry)
        self._touch_all(pods)
        for pod in pods:
            self._unbook(pod)
        entry.forget()
        self.arranged += 1
        entry.lines = {key: line for key, line in entry.lines.items() if line.unit.dra}
        for pod in pods:
            self._book(pod)

    def node(self, name: str) -> NodeEntry:
        """The node's entry; one that nobody has seen yet is made."""
        entry = self.nodes.get(name)
        if entry is None:
            if not name:
                return self.unplaced
            entry = self.nodes[name] = NodeEntry(name)
            self._order.add(name)
            self.arranged += 1
        return entry

    def by_name(self) -> list[NodeEntry]:
        """All entries in order of name."""
        return self._order.of(self.nodes)

    def post(self, posts: Mapping[tuple[str, str, str], Sequence[int]]) -> None:
        """Add to the lines of DRA drivers, by node, driver and product; the amounts are in the order of `DRA_SUMS`."""
        by_node: dict[str, list[tuple[str, str, Sequence[int]]]] = {}
        for (node, driver, product), amounts in posts.items():
            if any(amounts):
                by_node.setdefault(node, []).append((driver, product, amounts))
        for node, found in by_node.items():
            entry = self.node(node)
            self._touch(entry)
            for driver, product, amounts in found:
                name = f"{driver} {product}" if product else driver
                line = entry.lines.get(name)
                if line is None:
                    unit = Unit(driver, self.rules.driver(driver), "card", 1, product, dra=True)
                    self.arranged += not entry.lines
                    line = entry.lines[name] = Line(self.reader.same(unit))
                for field, amount in zip(DRA_SUMS, amounts, strict=True):
                    setattr(line, field, getattr(line, field) + amount)

    # --- pods ---------------------------------------------------------------------------------------------------------

    def swap(self, old: PodEntry | None, new: PodEntry | None) -> None:
        """`new` takes the place of `old`; either may be absent."""
        given = [pod for pod in (old, new) if pod is not None]
        self._touch_all(given)
        rest: list[PodEntry] = []
        if any(pod.groups is not None for pod in given):
            rest = [pod for pod in self._sharers.with_kin(given) if pod is not old and pod is not new]
            self._touch_all(rest)
            for pod in rest:
                self._unbook(pod)
        if old is not None:
            self._unbook(old)
            self._unlink(old)
        if new is not None:
            self._link(new)
            self._book(new)
        for pod in rest:
            self._book(pod)

    def refresh(self, pod: PodEntry, news: PodEntry) -> None:
        """There is news of the pod that changes no sum."""
        pod.learn(news)
        self.workloads.overlook(pod)
        if target := _target(pod):
            self.overlook(target)

    def around(self, pods: Iterable[PodEntry], change: Callable[[], None]) -> None:
        """Make a change that these pods' figures depend on."""
        concerned = self._sharers.with_kin(pods)
        self._touch_all(concerned)
        for pod in concerned:
            self._unbook(pod)
        change()
        for pod in concerned:
            self._book(pod)

    def _link(self, pod: PodEntry) -> None:
        self.pods[pod.key] = pod
        if pod.pending:
            self.pending[pod.key] = pod
        if target := _target(pod):
            self.node(target).pods.append(pod)
            self.priorities[pod.priority] = self.priorities.get(pod.priority, 0) + 1
        self._sharers.add(pod)
        if pod.extended is not None:
            self.by_extended[(pod.namespace, pod.extended[0])] = pod

    def _unlink(self, pod: PodEntry) -> None:
        key = pod.key
        del self.pods[key]
        self.pending.pop(key, None)
        if target := _target(pod):
            self.node(target).pods.remove(pod)
            self.priorities[pod.priority] -= 1
            if not self.priorities[pod.priority]:
                del self.priorities[pod.priority]
        self._sharers.drop(pod)
        if pod.extended is not None:
            claim = (pod.namespace, pod.extended[0])
            if self.by_extended.get(claim) is pod:
                del self.by_extended[claim]

    # --- what a pod counts for ----------------------------------------------------------------------------------------

    def _book(self, pod: PodEntry) -> None:
        pod.gpu = self.concerns(pod)
        pod.booked = self._count(pod, 1)
        self._tell(pod, 1)

    def _unbook(self, pod: PodEntry) -> None:
        self._count(pod, -1)
        self._tell(pod, -1)

    def counted(self, pod: PodEntry) -> tuple[tuple[str, int], ...]:
        """The pod's amounts, without those that a claim was made for: the claim counts them."""
        if pod.extended is None or not self.served((pod.namespace, pod.extended[0])):
            return pod.amounts
        served = pod.extended[1]
        return tuple((name, amount) for name, amount in pod.amounts if served and name not in served)

    def _count(self, pod: PodEntry, sign: int) -> int:
        """Add the pod to (or take it from) the lines of its node. Answers its share of cards."""
        target = _target(pod)
        if not target:
            return 0
        entry = self.node(target)
        total = 0
        for name, amount in self.counted(pod):
            line = self._line(entry, name)
            share = amount * line.unit.weight
            total += share
            line.pods += sign
            if pod.node:
                line.used += sign * amount
                if pod.terminating:
                    line.terminating += sign * amount
                if line.unit.primary:
                    self._line(entry, line.unit.primary).extra += sign * share
            else:
                line.reserved += sign * amount
        if pod.node and pod.fraction is not None:
            share = pod.fraction.on(_memory(entry))
            total += share
            if not self._sharers.reserved(pod):
                line = self._line(entry, RESOURCE)
                line.extra += sign * share
                line.pods += sign
        if pod.node and pod.groups is not None and pod.groups.reserves:
            total = max(total - self._handed_on(pod), 0)
        return total

    def _tell(self, pod: PodEntry, sign: int) -> None:
        """Add the pod to (or take it from) the sums of its namespace, queue and workload, and the demand."""
        if not pod.gpu or not (pod.node or pod.pending):
            return
        self.gpu_pods += sign
        workload = self.workloads.of(pod.namespace, pod.workload)
        workload.tell(pod, sign)
        parties = (*self.ledger.party(pod.namespace, pod.queue), workload)
        for party in parties:
            if pod.node:
                party.pods += sign
                party.used += sign * pod.booked
                if pod.terminating:
                    party.terminating += sign * pod.booked
            elif pod.pending:
                party.pending_pods += sign
                party.reserved += sign * pod.booked
        if pod.pending:
            for name, amount in self.counted(pod):
                self.ledger.demand(parties, name, pod.wanted, sign * amount)
            if pod.fraction is not None:
                self.ledger.demand(parties, FRACTION, pod.wanted, sign * pod.fraction.on(0))
        if sign < 0:
            self.ledger.tidy(pod.namespace, pod.queue)
            self.workloads.tidy(workload)

    def _line(self, entry: NodeEntry, name: str) -> Line:
        line = entry.lines.get(name)
        if line is None:
            capacity = {unit.resource: amount for unit, amount, _ in entry.supply}
            unit = self.reader.unit(name, entry.labels, {}, capacity)
            self.arranged += not entry.lines
            line = entry.lines[name] = Line(unit)
        return line

    def _handed_on(self, pod: PodEntry) -> int:
        """How much of the card that the pod reserves is held by fractions, which count for themselves."""
        return sum(fraction.each_on(_memory(self.node(node))) for node, fraction in self._sharers.fractions(pod))

    def default(self, name: str) -> tuple[Kind, int]:
        """What a unit of a resource is and is worth where no node says so."""
        if name == FRACTION:
            return "fraction", 1
        rule = self.rules.classify(name)
        return weigh(rule, name, {}, {}, {}) if rule is not None else ("card", CARD)


def _target(pod: PodEntry) -> str:
    """The node the pod holds something on, or has something reserved on."""
    return pod.node or (pod.nominated if pod.pending else "")


def _memory(entry: NodeEntry) -> int:
    text = entry.labels.get(_MEMORY, "")
    return int(text) if text.isascii() and text.isdigit() else 0
