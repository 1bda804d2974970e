"""The scheduler's side of DRA: which claims a pod brings, where they can be allocated, and writing that down."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.devices import Inventory, holdings, inventory
from k8sai.scheduling.filters import Check, Refusal
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.selectors import node_matches
from k8sai.sim import kinds
from k8sai.sim.controllers.claims import CLAIMS, EXTENDED, allocate, claim_names, claims_of
from k8sai.sim.controllers.desk import PODS, Desk, own
from k8sai.sim.objects import Obj
from k8sai.sim.store import Event

SLICES = kinds.find("resource.k8s.io", "resourceslices")
CLASSES = kinds.find("resource.k8s.io", "deviceclasses")
RULES = kinds.find("resource.k8s.io", "devicetaintrules")
ELSEWHERE = "resourceclaim not available on the node"
NO_DEVICES = "cannot allocate all claims"
_IMPLICIT = "deviceclass.resource.kubernetes.io/"


class ClaimsMissing(Exception):
    """A claim of the pod does not exist yet: it is not considered at all."""


@dataclass(slots=True)
class Wants:
    """What a pod needs of DRA: claims by their state, and extended resources that classes could serve."""

    open: list[Obj] = field(default_factory=list)  # not allocated yet
    done: list[Obj] = field(default_factory=list)  # allocated: the pod must go there
    bridges: dict[str, str] = field(default_factory=dict)  # extended resource -> device class
    special: dict[str, Obj] = field(default_factory=dict)  # node -> claim for what is bridged there
    found: dict[str, list[Obj]] = field(
        default_factory=dict
    )  # node -> allocations of `open`, then of the special claim

    def __bool__(self) -> bool:
        return bool(self.open or self.done or self.bridges)


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
        wants = Wants()
        for claim in claims:
            allocated = (claim.get("status") or {}).get("allocation")
            (wants.done if allocated else wants.open).append(claim)
            if not allocated:
                self._current().check_classes(claim)
        if not (pod.get("status") or {}).get("extendedResourceClaimStatus"):
            served = self._served()
            for resource in info.requests:
                name = served.get(resource) or self._implicit(resource)
                if name:
                    wants.bridges[resource] = name
        return wants

    def _served(self) -> dict[str, str]:
        """extendedResourceName -> class; the newest class wins."""
        if self._bridges is None:
            classes = sorted(self._desk.store.list(CLASSES), key=lambda c: c["metadata"]["creationTimestamp"])
            named = ((c["spec"].get("extendedResourceName"), c["metadata"]["name"]) for c in classes)
            self._bridges = {resource: name for resource, name in named if resource}
        return self._bridges

    def _implicit(self, resource: str) -> str:
        name = resource.removeprefix(_IMPLICIT) if resource.startswith(_IMPLICIT) else ""
        return name if name and self._desk.store.find(CLASSES, "", name) else ""

    def bridged(self, wants: Wants, node: NodeInfo) -> dict[str, str]:
        """The extended resources that claims serve on this node, because no device plugin does."""
        return {k: c for k, c in wants.bridges.items() if not node.allocatable.get(k)}

    def check(self, pod: Obj, wants: Wants) -> Check:
        """The DRA filter for this pod; the allocation found for a node is kept in `wants`."""

        def check(node: NodeInfo) -> Refusal | None:
            for claim in wants.done:
                if not node_matches(claim["status"]["allocation"].get("nodeSelector"), node.name, node.labels):
                    return Refusal((ELSEWHERE,), True)
            claims = list(wants.open)
            bridged = self.bridged(wants, node)
            if bridged:
                wants.special[node.name] = _special(pod, bridged)
                claims.append(wants.special[node.name])
            if not claims:
                return None
            found = self._current().allocate(claims, node)
            if found is None:
                return Refusal((NO_DEVICES,), True)
            wants.found[node.name] = found
            return None

        return check

    def assume(self, wants: Wants, node: str, sign: int = 1) -> None:
        """Hold (or with -1 let go) what was found for a node, while a gang is tried."""
        allocator = self._current()
        for allocation in wants.found.get(node, ()):
            for result in allocation["devices"]["results"]:
                device = allocator.inventory.devices[f"{result['driver']}/{result['pool']}/{result['device']}"]
                if not result.get("adminAccess"):
                    consumed = {k: int(v) for k, v in (result.get("consumedCapacity") or {}).items()}
                    allocator.held.take(device, consumed if result.get("shareID") else None, sign)

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


def _special(pod: Obj, bridged: dict[str, str]) -> Obj:
    """The claim for a pod's extended resources: a request per container and resource; `mappings` go into its status."""
    requests, mappings = [], []
    everything: Iterable[Obj] = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    for position, container in enumerate(everything):
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        served = sorted(k for k in asked if k in bridged and int(asked[k]))
        for number, resource in enumerate(served):
            name = f"container-{position}-request-{number}"
            exactly = {
                "deviceClassName": bridged[resource],
                "allocationMode": "ExactCount",
                "count": int(asked[resource]),
            }
            requests.append({"name": name, "exactly": exactly})
            mappings.append({"containerName": container["name"], "resourceName": resource, "requestName": name})
    return {
        "metadata": {
            "generateName": f"{pod['metadata']['name']}-extended-resources-",
            "namespace": pod["metadata"]["namespace"],
            "annotations": {EXTENDED: "true"},
            "ownerReferences": [own(pod, PODS)],
        },
        "spec": {"devices": {"requests": requests}},
        "mappings": mappings,
    }
