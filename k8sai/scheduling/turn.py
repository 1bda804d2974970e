"""One shape of pod against one state of the cluster: every filter, in the scheduler's order."""

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from k8sai.scheduling.allocate import Allocator, ClassMissing, SelectorFailed
from k8sai.scheduling.claims import Wants, check, hold, wants
from k8sai.scheduling.domains import domain_rules
from k8sai.scheduling.filters import (
    Check,
    Refusal,
    cordoned,
    ports_taken,
    short,
    tainted,
    too_large,
    unwanted,
    with_nominees,
)
from k8sai.scheduling.nodes import Amounts, NodeInfo, PodInfo, View
from k8sai.scheduling.score import score
from k8sai.scheduling.storage import Bindings, Storage
from k8sai.scheduling.volumes import Volumes

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pod to place: its demands, and the claims for devices it brings, as objects, allocated or not.

    `pvcs` are volume claims that do not exist in the cluster yet, by name. `missing` names a device claim that nobody
    has made: the scheduler does not even look at such a pod.
    """

    info: PodInfo
    claims: tuple[Json, ...] = ()
    pvcs: Mapping[str, Json] = field(default_factory=dict)
    missing: str = ""
    bridged: bool = False  # it has its claim for extended resources already


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one node says. `refusals` are those of all filters that refuse, in their order; none: the pod fits.

    `short` is how much of each resource is missing there, in the units of `PodInfo.requests`.
    """

    node: str
    refusals: tuple[Refusal, ...]
    short: Amounts

    @property
    def fits(self) -> bool:
        return not self.refusals

    @property
    def helpless(self) -> bool:
        """Evicting pods would not change it."""
        return any(refusal.helpless for refusal in self.refusals)


def shape(pod: Candidate) -> bytes:
    """Pods with the same are judged alike, but for their names."""
    info = pod.info
    spec = {
        k: v for k, v in info.spec.items() if k not in ("volumes", "resourceClaims", "containers", "initContainers")
    }
    claims = [(c.get("spec"), (c.get("status") or {}).get("allocation"), _kept(c)) for c in pod.claims]
    pvcs = (info.volumes, pod.pvcs) if info.volumes else ()
    resources = [c.get("resources") for k in ("initContainers", "containers") for c in info.spec.get(k) or ()]
    key = (info.namespace, sorted(info.labels.items()), info.priority, info.requests, sorted(info.ports))
    return msgspec.json.encode((key, spec, resources, claims, pvcs, pod.missing, pod.bridged))


def _kept(claim: Json) -> str:
    """A claim that more than one pod may use is itself, one of a template is like any other of it."""
    owned = any(o.get("kind") == "Pod" for o in claim["metadata"].get("ownerReferences") or ())
    return "" if owned else str(claim["metadata"].get("name", ""))


class Turn:
    """The filters for one shape, with what they count already counted."""

    def __init__(
        self,
        pod: Candidate,
        view: View,
        storage: Storage,
        devices: Callable[[], tuple[Allocator, Mapping[str, str]]],
        taken: Collection[str],
    ) -> None:
        """`devices` gives the allocator and the bridges; it is not called for a pod that has nothing to do with DRA."""
        self.pod, self.info, self.view = pod, pod.info, view
        self.barred = _missing(pod)
        self.wants = Wants()
        self._allocator: Allocator | None = None
        self._dra: Check | None = None
        self._sort_claims(devices)
        known = storage.plus({(self.info.namespace, n): c for n, c in pod.pvcs.items()}) if pod.pvcs else storage
        self.volumes = Volumes(self.info, known, _users(pod, view), taken)
        self.barred = self.barred or self.volumes.barred
        self.rules = domain_rules(self.info, view, all_of_them=True)
        self.barred = self.barred or self._broken()

    def _sort_claims(self, devices: Callable[[], tuple[Allocator, Mapping[str, str]]]) -> None:
        if not self.pod.claims and not any("/" in resource for resource in self.info.requests):
            return
        allocator, bridges = devices()
        try:
            self.wants = wants(self.info, self.pod.claims, bridges, allocator, bridged=self.pod.bridged)
        except ClassMissing as missing:
            self.barred = self.barred or Refusal((str(missing),), True, "DynamicResources")
        if self.wants:
            self._allocator = allocator
            self._dra = check(self.info, self.wants, allocator)

    def _broken(self) -> Refusal | None:
        """A node that makes the allocator fail ends the pod's turn, whatever the other nodes say."""
        if self._dra is None or not (self.wants.open or self.wants.bridges):
            return None
        for node in self.view.nodes.values():
            try:
                if not (self.near(node) or self.mounted(node) or self.far(node)):
                    self._dra(node)
            except SelectorFailed as failed:
                return Refusal((str(failed),), True, "DynamicResources", node.name)
        return None

    # --- one node -----------------------------------------------------------------------------------------------------

    def near(self, node: NodeInfo) -> Refusal | None:
        """The filters that look at nothing but the node, the cheap ones; the first that refuses."""
        info = self.info
        if node.unschedulable and (refusal := cordoned(info, node)):
            return refusal
        if node.taints and (refusal := tainted(info, node)):
            return refusal
        return unwanted(info, node) or self._space(node)

    def _space(self, node: NodeInfo) -> Refusal | None:
        there = with_nominees(self.info, node, self.view)
        bridged = self.wants.bridged(node) if self.wants.bridges else ()
        return ports_taken(self.info, there) or too_large(self.info, there, bridged)

    def mounted(self, node: NodeInfo) -> Refusal | None:
        """Volumes."""
        return self.volumes.check(node) if self.volumes else None

    def allocated(self, node: NodeInfo) -> Refusal | None:
        """Device claims. Nodes that make the allocator fail are in `barred` already."""
        try:
            return self._dra(node) if self._dra else None
        except SelectorFailed as failed:
            return Refusal((str(failed),), True, "DynamicResources", node.name)

    def far(self, node: NodeInfo) -> Refusal | None:
        """The filters that look at other nodes' pods."""
        for rule in self.rules:
            refusal = rule.check(node)
            if refusal is not None:
                return refusal
        return None

    def first(self, node: NodeInfo) -> Refusal | None:
        """The first filter that refuses the node."""
        return self.barred or self.near(node) or self.mounted(node) or self.far(node) or self.allocated(node)

    def verdict(self, node: NodeInfo) -> Verdict:
        """All that the node has against the pod."""
        info, there = self.info, with_nominees(self.info, node, self.view)
        bridged = self.wants.bridged(node) if self.wants.bridges else ()
        found = [
            self.barred,
            cordoned(info, node),
            tainted(info, node),
            unwanted(info, node),
            ports_taken(info, there),
            too_large(info, there, bridged),
            self.mounted(node) if not self.volumes.barred else None,
            *(rule.check(node) for rule in self.rules),
            self.allocated(node) if not self.barred else None,
        ]
        return Verdict(node.name, tuple(r for r in found if r is not None), short(info, there, bridged))

    def room(self, node: NodeInfo, most: int) -> int:
        """How many such pods the node takes, one after the other, while nothing happens elsewhere."""
        if self.first(node) is not None:
            return 0
        there = with_nominees(self.info, node, self.view)
        bridged = self.wants.bridged(node) if self.wants.bridges else ()
        most = min(most, there.allocatable.get("pods", 0) - len(there.pods))
        for resource, amount in self.info.requests.items():
            if resource not in bridged:
                most = min(most, (there.allocatable.get(resource, 0) - there.used.get(resource, 0)) // amount)
        if self.info.ports:
            most = min(most, 1)
        most = self.volumes.room(most)
        for rule in self.rules:
            most = min(most, rule.room(node, most))
        return self._allocatable(node, most) if self._dra is not None and not self.wants.done else most

    def _allocatable(self, node: NodeInfo, most: int) -> int:
        """How often the node's devices serve the claims."""
        assert self._allocator is not None
        given: list[list[Json]] = []
        while len(given) < most and self.allocated(node) is None:
            if node.name not in self.wants.found:
                return most  # nothing there is served by claims
            given.append(self.wants.found[node.name])
            hold(self._allocator, given[-1])
        for allocations in given:
            hold(self._allocator, allocations, -1)
        return len(given)

    # --- what happens meanwhile ---------------------------------------------------------------------------------------

    def placed(self, other: PodInfo, node: NodeInfo, bindings: Bindings) -> None:
        """Another pod runs there now, and volume claims were bound for it."""
        self.volumes.placed(other, bindings)
        for rule in self.rules:
            rule.placed(other, node)


def _missing(pod: Candidate) -> Refusal | None:
    return Refusal((f"resourceclaim {pod.missing} not found",), True, "DynamicResources") if pod.missing else None


def _users(pod: Candidate, view: View) -> Iterable[PodInfo]:
    """Everybody who mounts a volume claim, in case one of this pod's is for one pod alone."""
    if not pod.info.volumes:
        return ()
    return (other for node in view.nodes.values() for other in node.pods.values() if other.volumes)


class Queue:
    """The nodes that may take pods of one shape, the best first, while pods are placed."""

    def __init__(self, turn: Turn, names: Iterable[str]) -> None:
        self.turn = turn
        self._names = set(names)
        self._heap: list[tuple[float, str, int]] = []
        self._age: dict[str, int] = {}
        if not turn.barred:
            for name in self._names:
                if name in turn.view.nodes:
                    self._offer(name)
            heapq.heapify(self._heap)

    def _offer(self, name: str, *, push: bool = False) -> None:
        node = self.turn.view.nodes[name]
        if self.turn.near(node) is None:
            entry = (-score(self.turn.info, node), name, self._age.get(name, 0))
            if push:
                heapq.heappush(self._heap, entry)
            else:
                self._heap.append(entry)

    def take(self) -> str:
        """The best node that takes one more such pod, or ""."""
        aside: list[tuple[float, str, int]] = []
        found = ""
        while self._heap and not found:
            entry = heapq.heappop(self._heap)
            _, name, age = entry
            node = self.turn.view.nodes[name]
            if age != self._age.get(name, 0) or self.turn.mounted(node) is not None:
                continue  # out of date, or it never will: volumes and devices are only taken meanwhile
            if self.turn.far(node) is not None:
                aside.append(entry)
            elif self.turn.allocated(node) is None:
                aside.append(entry)
                found = name
        for entry in aside:
            heapq.heappush(self._heap, entry)
        return found

    def placed(self, other: PodInfo, node: NodeInfo, bindings: Bindings) -> None:
        """Another pod, of this shape or not, runs there now."""
        self.turn.placed(other, node, bindings)
        if node.name in self._names:
            self._age[node.name] = self._age.get(node.name, 0) + 1
            self._offer(node.name, push=True)
