"""Workloads: what one owner's pods hold and ask for, kept as running sums; a row is made when somebody looks at it.

A workload is named by namespace and owner as the pods tell it ("JobSet/train-7b"); a pod on its own is one ("Pod/x").
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from k8sai.errors import Usage
from k8sai.fleet.answers import Workload, WorkloadState
from k8sai.fleet.idle import Held
from k8sai.fleet.ledger import Party, Worth
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.pods import Key, PodEntry
from k8sai.fleet.query import pattern
from k8sai.fleet.shares import cards
from k8sai.selectors import selector


class Summary(NamedTuple):
    """What sums cannot tell: found by walking the pods, and kept until one of them changes."""

    queue: str
    priority: int
    created: str  # of the first pod
    waiting: PodEntry | None  # the one that waits longest
    state: WorkloadState


class WorkloadEntry(Party):
    """The sums of one workload. `pods` are bound, `running` and `ending` are some of those."""

    __slots__ = ("_summary", "ending", "members", "namespace", "owner", "running")

    def __init__(self, namespace: str, owner: str) -> None:
        super().__init__()
        self.namespace = namespace
        self.owner = owner
        self.members: set[PodEntry] = set()
        self.running = self.ending = 0
        self._summary: Summary | None = None

    @property
    def empty(self) -> bool:
        return not self.members and not (self.used or self.demands)  # a claim may outlive the pods

    def tell(self, pod: PodEntry, sign: int) -> None:
        """The pod is (or no longer is) one of its pods; what it holds and asks for is summed by the books."""
        self._summary = None
        if sign > 0:
            self.members.add(pod)
        else:
            self.members.discard(pod)
        if pod.node:
            self.running += sign * (pod.phase == "Running" and not pod.terminating)
            self.ending += sign * pod.terminating

    def forget(self) -> None:
        """Its pods are to be walked again."""
        self._summary = None

    def asked(self, worth: Worth) -> int:
        """What its waiting pods ask for, in shares of a card."""
        return sum(round(amount * worth.of(what)) for what, amount in self.demands.items())

    @property
    def summary(self) -> Summary:
        """Walks the pods when one has changed since."""
        if self._summary is None:
            waiting = min((p for p in self.members if p.pending), key=_since, default=None)
            self._summary = Summary(
                queue=min((p.queue for p in self.members if p.queue), default=""),
                priority=max((p.priority for p in self.members), default=0),
                created=min((p.created for p in self.members if p.created), default=""),
                waiting=waiting,
                state=self._state(),
            )
        return self._summary

    def _state(self) -> WorkloadState:
        if self.pods and self.ending == self.pods and not self.pending_pods:
            return "ending"
        if self.pending_pods:
            if self.pods > self.ending:
                return "partly running"
            reasons = {pod.reason for pod in self.members if pod.pending}
            if reasons == {"SchedulingGated"}:
                return "gated"
            return "gang waiting" if reasons == {"GangWaiting"} else "waiting"
        return "running" if self.running + self.ending == self.pods else "starting"


def _since(pod: PodEntry) -> tuple[str, str]:
    return (pod.created, pod.name)


@dataclass(frozen=True, slots=True)
class WorkloadQuery:
    """`text` is a regex on namespace, owner and queue, `!text` means the others; `labels` are those of its nodes."""

    namespace: str = ""
    queue: str = ""
    text: str = ""
    labels: str = ""
    sort: str = "cards"
    reverse: bool = False
    troubled: bool = False  # only those of which some pods wait or are ending


Order = Callable[[WorkloadEntry, Worth], Any]

# Amounts go from the largest, so that what matters is on top; what is equal is in order of name.
_STATES: Final[tuple[WorkloadState, ...]] = (
    "partly running",
    "gang waiting",
    "waiting",
    "gated",
    "starting",
    "ending",
    "running",
)
ORDERS: Final[dict[str, Order]] = {
    "name": lambda one, worth: one.owner.partition("/")[2],
    "namespace": lambda one, worth: one.namespace,
    "kind": lambda one, worth: one.owner.partition("/")[0],
    "queue": lambda one, worth: (not one.summary.queue, one.summary.queue),
    "priority": lambda one, worth: -one.summary.priority,
    "state": lambda one, worth: _STATES.index(one.summary.state),
    "cards": lambda one, worth: (-one.used, -one.asked(worth)),
    "pending": lambda one, worth: (-one.asked(worth), -one.used),
    "pods": lambda one, worth: -(one.pods + one.pending_pods),
    "nodes": lambda one, worth: -len({pod.node for pod in one.members if pod.node}),
    "age": lambda one, worth: one.summary.created,
    "waiting": lambda one, worth: (not one.pending_pods, one.summary.waiting.created if one.summary.waiting else ""),
}


def find_workloads(
    workloads: "Workloads", query: WorkloadQuery, nodes: Mapping[str, NodeEntry], worth: Worth
) -> list[WorkloadEntry]:
    """The workloads asked for, in order. Raises Usage for a bad selector or order."""
    if query.sort not in ORDERS:
        raise Usage(f"there is no order {query.sort!r}", f"one of {', '.join(ORDERS)}")
    by = ORDERS[query.sort]
    found = [one for one in workloads.entries.values() if one.members]
    if query.namespace:
        found = [one for one in found if one.namespace == query.namespace]
    if query.troubled:
        found = [one for one in found if one.pending_pods or one.ending]
    if query.queue:
        found = [one for one in found if any(pod.queue == query.queue for pod in one.members)]
    if query.labels:
        matches = selector(query.labels)
        chosen = {node.name for node in nodes.values() if matches(node.labels)}
        found = [one for one in found if any((pod.node or pod.nominated) in chosen for pod in one.members)]
    if query.text:
        says, wanted = pattern(query.text)
        found = [one for one in found if any(map(says, (one.namespace, one.owner, one.summary.queue))) == wanted]
    found.sort(key=lambda one: (one.namespace, one.owner))
    found.sort(key=lambda one: by(one, worth), reverse=query.reverse)
    return found


def workload_row(
    entry: WorkloadEntry, nodes: Mapping[str, NodeEntry], worth: Worth, judged: Mapping[Key, Held]
) -> Workload:
    """Everything a line about the workload says; `judged` are the pods that a meter told something of."""
    said = entry.summary
    kind, _, name = entry.owner.partition("/")
    places = [nodes[node] for node in sorted({pod.node for pod in entry.members if pod.node}) if node in nodes]
    cliques = Counter(place.clique for place in places)
    waiting = said.waiting
    return Workload(
        namespace=entry.namespace,
        kind=kind,
        name=name,
        queue=said.queue,
        priority=said.priority,
        state=said.state,
        pods=entry.pods,
        running=entry.running,
        pending_pods=entry.pending_pods,
        ending=entry.ending,
        used=cards(entry.used),
        pending=cards(entry.asked(worth)),
        reserved=cards(entry.reserved),
        terminating=cards(entry.terminating),
        nodes=tuple(place.name for place in places),
        zones=tuple(sorted({place.zone for place in places} - {""})),
        cliques=tuple(sorted(cliques.keys() - {""})),
        split=len(cliques) > 1,
        products=tuple(sorted({_product(place) for place in places} - {""} | _insisted(entry))),
        created=said.created,
        waiting_since=waiting.created if waiting is not None else "",
        reason=waiting.reason if waiting is not None else "",
        message=waiting.message if waiting is not None else "",
        idle=_idle(entry, judged) if judged else None,
    )


def _idle(entry: WorkloadEntry, judged: Mapping[Key, Held]) -> float | None:
    """The part of its judged cards that do nothing."""
    found = [held for pod in entry.members if (held := judged.get(pod.key)) is not None and held.uid == pod.uid]
    idle, busy = sum(held.idle for held in found), sum(held.busy for held in found)
    return idle / (idle + busy) if idle + busy else None


def _product(node: NodeEntry) -> str:
    return node.product or next((line.unit.product for line in node.lines.values() if line.unit.product), "")


def _insisted(entry: WorkloadEntry) -> set[str]:
    """The products that waiting pods insist on."""
    return {pod.wanted for pod in entry.members if pod.pending and pod.wanted}


class Workloads:
    """All workloads, by namespace and owner."""

    def __init__(self) -> None:
        self.entries: dict[Key, WorkloadEntry] = {}

    def of(self, namespace: str, owner: str) -> WorkloadEntry:
        """The workload's entry; a new one is made."""
        key = (namespace, owner)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = WorkloadEntry(namespace, owner)
        return entry

    def names(self) -> set[tuple[str, str]]:
        """Namespace and name of every workload, whatever its kind."""
        return {(namespace, owner.partition("/")[2]) for namespace, owner in self.entries}

    def overlook(self, pod: PodEntry) -> None:
        """What is kept of its workload is no longer so, although the sums are."""
        entry = self.entries.get((pod.namespace, pod.workload))
        if entry is not None:
            entry.forget()

    def tidy(self, entry: WorkloadEntry) -> None:
        """Forget one that nobody belongs to and that holds nothing."""
        if entry.empty:
            self.entries.pop((entry.namespace, entry.owner), None)
