"""The scheduler's side of DRA: devices and claims as the store has them, and writing allocations down."""

from k8sai.scheduling import claims as rules
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.claims import ClaimsMissing, Wants, claim_names
from k8sai.scheduling.devices import Inventory, holdings, inventory
from k8sai.scheduling.filters import Check
from k8sai.scheduling.nodes import PodInfo
from k8sai.sim import kinds
from k8sai.sim.controllers.claims import CLAIMS, EXTENDED, allocate, claims_of
from k8sai.sim.controllers.desk import PODS, Desk, own
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

SLICES = kinds.find("resource.k8s.io", "resourceslices")
CLASSES = kinds.find("resource.k8s.io", "deviceclasses")
RULES = kinds.find("resource.k8s.io", "devicetaintrules")


class Dra:
    """Devices, claims and classes as of the last event; worked out when asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._inventory: Inventory | None = None  # survives claims coming and going: its selectors are worked out once
        self._allocator: Allocator | None = None
        self._bridges: dict[str, str] | None = None

    def on_event(self, event: Event) -> bool:
        """Follow one write; True when waiting pods may fit now."""
        if event.resource is CLAIMS:
            before = ((event.old or {}).get("status") or {}).get("allocation")
            after = None if event.type == "DELETED" else (event.obj.get("status") or {}).get("allocation")
            if before != after:
                self._allocator = None
            return event.type == "ADDED" or before != after
        if event.resource in (SLICES, CLASSES, RULES):
            self._allocator = self._bridges = None
            if event.resource is SLICES:
                self._inventory = None
            return True
        return False

    def wants(self, pod: Obj, info: PodInfo) -> Wants:
        """The pod's claims and bridges. Raises ClaimsMissing, ClassMissing (in the scheduler's words)."""
        if any(not name for _, name in claim_names(pod)):
            raise ClaimsMissing
        claims = claims_of(self._desk, pod)
        if len({c["metadata"]["name"] for c in claims}) < len({n for _, n in claim_names(pod)}):
            raise ClaimsMissing
        if self._bridges is None:
            self._bridges = rules.served(self._desk.store.list(CLASSES))
        bridged = bool(rules.extended_claim(pod))
        return rules.wants(info, claims, self._bridges, self._current(), bridged=bridged)

    def check(self, info: PodInfo, wants: Wants) -> Check:
        """The DRA filter for this pod; the allocation found for a node is kept in `wants`."""
        return rules.check(info, wants, self._current())

    def assume(self, wants: Wants, node: str, sign: int = 1) -> None:
        """Hold (or with -1 let go) what was found for a node, while a gang is tried."""
        rules.hold(self._current(), wants.found.get(node, ()), sign)

    def commit(self, pod: Obj, wants: Wants, node: str) -> Obj | None:
        """Write the claims for this node; the pod as it is afterwards, or None when a claim was lost meanwhile."""
        allocations = wants.found.get(node, [])
        for claim, allocation in zip(wants.open, allocations, strict=False):
            if allocate(self._desk, claim, allocation, pod) is None:
                return None
        for claim in wants.done:
            if allocate(self._desk, claim, {}, pod) is None:
                return None
        special = wants.special.get(node)
        if special is None or len(allocations) <= len(wants.open):
            return pod
        mappings = special.pop("mappings")
        special["metadata"] |= {"annotations": {EXTENDED: "true"}, "ownerReferences": [own(pod, PODS)]}
        claim = self._desk.store.create(CLAIMS, special)
        allocate(self._desk, claim, allocations[-1], pod)
        status = {"resourceClaimName": claim["metadata"]["name"], "requestMappings": mappings}
        return self._desk.put_status(PODS, pod, {**(pod.get("status") or {}), "extendedResourceClaimStatus": status})

    def _current(self) -> Allocator:
        if self._allocator is None:
            store = self._desk.store
            known = self._inventory = self._inventory or inventory(store.list(SLICES))
            self._allocator = Allocator(
                inventory=known,
                held=holdings(store.list(CLAIMS), known),
                classes={c["metadata"]["name"]: c for c in store.list(CLASSES)},
                rules=tuple(r["spec"] for r in store.list(RULES)),
            )
        return self._allocator
