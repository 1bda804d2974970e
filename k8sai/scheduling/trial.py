"""What-ifs on a picture of the cluster: would these pods fit now, where, how many, and without whom.

The scheduler's filters decide; which of several nodes is taken is ours (device pods are packed), so placements of pods
that depend on each other may differ from the scheduler's where it chooses differently. Nothing is ever preempted:
`preemption` says whether the scheduler would.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from k8sai.facts import Pod
from k8sai.scheduling import preempt
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.board import Board
from k8sai.scheduling.claims import claim_names, extended_claim, hold
from k8sai.scheduling.filters import Check
from k8sai.scheduling.intake import info_of, json_of
from k8sai.scheduling.nodes import NodeInfo, PodInfo, View, pod_info
from k8sai.scheduling.supply import Named, copy_of
from k8sai.scheduling.turn import Candidate, Queue, Turn, Verdict, shape

__all__ = ["Candidate", "Placed", "Trial", "Verdict"]

Json = dict[str, Any]

_WEIGHED: Final = 256  # nodes at a time


@dataclass(frozen=True, slots=True)
class Placed:
    """Where pods went, by uid. `failed` is the first that fits nowhere, `verdicts` what every node says to it then;
    `left` are the uids of all that fit nowhere."""

    nodes: Mapping[str, str]
    failed: PodInfo | None = None
    verdicts: tuple[Verdict, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def all_fit(self) -> bool:
        return self.failed is None


class Trial:
    """The board at one moment, and what would be; it never touches the board. One thread at a time uses it."""

    def __init__(self, board: Board) -> None:
        with board.lock:
            self.view = board.view.snapshot()
            self._supply = board.supply.snapshot()
            self.storage = board.storage
        self._gone: frozenset[str] = frozenset()
        self._allocator: Allocator | None = None
        self._turns: dict[bytes, Turn] = {}
        self._taken: set[str] = set()
        self._settled: dict[Named, Json] = {}  # claims that pods placed here have allocated

    # --- pods to ask about --------------------------------------------------------------------------------------------

    def candidate(self, pod: Pod) -> Candidate:
        """A pod of the cluster. Raises BadQuantity."""
        return self._candidate(info_of(pod), json_of(pod), {})

    def candidate_of(
        self, pod: Json, claims: Mapping[str, Json] | None = None, pvcs: Mapping[str, Json] | None = None
    ) -> Candidate:
        """A Pod object that need not exist; its metadata has uid, name and namespace.

        `claims` are ResourceClaims by their name in the pod's `resourceClaims` (those made from templates), or by the
        claim's own name; `pvcs` are PersistentVolumeClaims by name: both for what does not exist in the cluster yet.
        Raises BadQuantity.
        """
        found = self._candidate(pod_info(pod), pod, claims or {})
        return replace(found, pvcs=pvcs) if pvcs else found

    def _candidate(self, info: PodInfo, pod: Json, given: Mapping[str, Json]) -> Candidate:
        claims, missing = [], ""
        for in_pod, name in claim_names(pod):
            claim = given.get(in_pod) or (name and (given.get(name) or self._supply.claim(info.namespace, name)))
            if claim:
                claims.append(claim)
            else:
                missing = missing or name or in_pod
        special = extended_claim(pod)
        if special and (claim := self._supply.claim(info.namespace, special)):
            claims.append(claim)
        return Candidate(info, tuple(claims), missing=missing, bridged=bool(special))

    # --- one pod ------------------------------------------------------------------------------------------------------

    def verdict(self, pod: Candidate, node: str) -> Verdict:
        """What the node says. Raises KeyError for a node that is not there."""
        return self._turn(pod).verdict(self.view.nodes[node])

    def verdicts(self, pod: Candidate, nodes: Iterable[str] | None = None) -> list[Verdict]:
        """What each node says."""
        turn = self._turn(pod)
        return [turn.verdict(self.view.nodes[name]) for name in (self.view.nodes if nodes is None else nodes)]

    def unknown(self, pod: Candidate) -> frozenset[str]:
        """Kinds that would have to be read to be sure (`persistentvolumeclaims`, …)."""
        return self._turn(pod).volumes.unknown

    def room(self, pod: Candidate, node: str, most: int = 1 << 30) -> int:
        """How many such pods the node takes now, up to `most`."""
        return self._turn(pod).room(self.view.nodes[node], most)

    def rooms(self, pod: Candidate, nodes: Iterable[str] | None = None, most: int = 1 << 30) -> dict[str, int]:
        """The same of every node that takes at least one."""
        turn, known = self._turn(pod), self.view.nodes
        found = ((name, turn.room(known[name], most)) for name in (known if nodes is None else nodes))
        return {name: room for name, room in found if room}

    # --- many pods ----------------------------------------------------------------------------------------------------

    def place(self, pods: Sequence[Candidate], nodes: Collection[str] | None = None) -> Placed:
        """One after the other, each counting for those after it; on these nodes or on all. Later pods are tried too
        where an earlier one fits nowhere."""
        return self._copy().fill(pods, nodes)

    def fill(self, pods: Sequence[Candidate], nodes: Collection[str] | None = None) -> Placed:
        """As `place`, and they stay in this trial."""
        names = self.view.nodes.keys() if nodes is None else nodes
        queues: dict[bytes, Queue] = {}
        went: dict[str, str] = {}
        left: list[str] = []
        failed: Placed | None = None
        self._turns.clear()
        for pod in pods:
            self.view.nominate_nowhere(pod.info.uid)
        before, key = None, b""
        for pod in map(self._settle, pods):
            if before is None or not _twins(before, pod):
                key = shape(pod)
            before = pod
            queue = queues.get(key)
            if queue is None:
                queue = queues[key] = Queue(self._turn(pod), names)
            node = queue.take()
            if node:
                went[pod.info.uid] = node
                self._assume(pod, queue.turn, node, queues.values())
                continue
            left.append(pod.info.uid)
            if failed is None:
                said = (queue.turn.verdict(self.view.nodes[name]) for name in names if name in self.view.nodes)
                failed = Placed({}, pod.info, tuple(said))
        self._turns.clear()
        return replace(failed, nodes=went, left=tuple(left)) if failed else Placed(went)

    def _assume(self, pod: Candidate, turn: Turn, node: str, queues: Iterable[Queue]) -> None:
        self.view.assume(pod.info, node)
        if turn.wants and node in turn.wants.found:
            allocations = turn.wants.found[node]
            hold(self._devices()[0], allocations)
            unallocated = [c for c in pod.claims if not (c.get("status") or {}).get("allocation")]
            for claim, allocation in zip(unallocated, allocations, strict=False):
                meta = claim["metadata"]
                allocated = {**claim, "status": {**(claim.get("status") or {}), "allocation": allocation}}
                self._settled[meta.get("namespace", pod.info.namespace), meta.get("name", "")] = allocated
        bindings = turn.volumes.chosen.get(node, ())
        if bindings:
            self._taken.update(volume for _, volume in bindings)
            self.storage = self.storage.bound(pod.info.namespace, tuple(b for b in bindings if b[0] not in pod.pvcs))
        for queue in queues:
            queue.placed(pod.info, self.view.nodes[node], bindings)

    def _settle(self, pod: Candidate) -> Candidate:
        """With the claims as pods placed before have left them: a shared one is allocated by its first pod."""
        if not self._settled or not pod.claims:
            return pod
        home = pod.info.namespace
        now = tuple(self._settled.get((home, c["metadata"].get("name", "")), c) for c in pod.claims)
        return replace(pod, claims=now)

    # --- other clusters -----------------------------------------------------------------------------------------------

    def without(self, nodes: Collection[str] = (), pods: Collection[str] = ()) -> "Trial":
        """The cluster without these nodes and all that runs there, and without these pods (by uid)."""
        other = self._copy()
        gone = set(pods)
        for name in nodes:
            node = other.view.nodes.get(name)
            if node is not None:
                gone.update(node.pods)
                for nominee in list(other.view.nominated.get(name, ())):
                    other.view.nominate_nowhere(nominee)
                other.view.drop_node(name)
        for uid in gone:
            other.view.drop_pod(uid)
            other.view.nominate_nowhere(uid)
        if gone:
            other._gone = self._gone | gone
            other._allocator = None
        return other

    def preemption(self, pod: Candidate, budgets: Iterable[preempt.Budget] = ()) -> preempt.Candidate | None:
        """Whom the scheduler would evict for a pod that fits nowhere; None where that does not help.

        Like the scheduler it does not weigh every node of a large cluster: the first few hundred that help will do.
        """
        if pod.info.spec.get("preemptionPolicy") == "Never":
            return None
        turn = self._turn(pod)
        refusals = {name: r for name, node in self.view.nodes.items() if (r := turn.first(node)) is not None}
        if len(refusals) < len(self.view.nodes):
            return None

        def checks(view: View) -> list[Check]:
            trial = Turn(pod, view, self.storage, self._devices, self._taken)
            return [trial.first]

        kept = tuple(budgets)
        helpful = iter([(name, refusal) for name, refusal in refusals.items() if not refusal.helpless])
        while some := dict(islice(helpful, _WEIGHED)):
            found = preempt.choose(pod.info, self.view, some, checks, kept)
            if found is not None:
                return found
        return None

    def node(self, name: str) -> NodeInfo | None:
        """As it is in this trial."""
        return self.view.nodes.get(name)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _copy(self) -> "Trial":
        other = Trial.__new__(Trial)
        other.view = self.view.snapshot()
        other._supply, other.storage, other._gone = self._supply, self.storage, self._gone
        allocator = self._allocator
        other._allocator = replace(allocator, held=copy_of(allocator.held)) if allocator else None
        other._turns, other._taken, other._settled = {}, set(self._taken), dict(self._settled)
        return other

    def _devices(self) -> tuple[Allocator, Mapping[str, str]]:
        if self._allocator is None:
            self._allocator = self._supply.allocator(self._gone)
        return self._allocator, self._supply.bridges()

    def _turn(self, pod: Candidate) -> Turn:
        pod = self._settle(pod)
        key = shape(pod)
        if pod.info.uid in self.view.nominees():  # what is reserved for itself does not stand in its way
            key += pod.info.uid.encode()
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Turn(pod, self.view, self.storage, self._devices, self._taken)
        return turn


def _twins(one: Candidate, other: Candidate) -> bool:
    """Made from the same object, without anything of their own: alike at a glance."""
    a, b = one.info, other.info
    if one.claims or other.claims or a.volumes or b.volumes:
        return False
    return a.spec is b.spec and a.labels is b.labels and a.requests is b.requests and _rest(one) == _rest(other)


def _rest(pod: Candidate) -> tuple[object, ...]:
    return pod.info.namespace, pod.info.priority, pod.missing, pod.bridged
