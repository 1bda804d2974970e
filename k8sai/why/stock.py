"""The devices that drivers publish, as one request sees them: how many match, how many are free, who has the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from k8sai.cluster.reading import Json
from k8sai.facts import ResourcePool
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.claims import claim_names
from k8sai.scheduling.devices import Device
from k8sai.scheduling.intake import json_of
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.selectors import SelectorError, untolerated
from k8sai.view import several
from k8sai.why.case import Case, listed
from k8sai.why.demand import alternatives, count, demands
from k8sai.why.verdict import Layer, reason

LAYER: Final = "claims"
_BLOCKING: Final = ("NoSchedule", "NoExecute")


@dataclass(slots=True)
class Shelf:
    """The devices of one node for one request."""

    node: str
    matching: list[Device] = field(default_factory=list)
    free: list[Device] = field(default_factory=list)
    taken: list[Device] = field(default_factory=list)
    tainted: dict[str, list[Device]] = field(default_factory=dict)  # by taint
    crowded: list[Device] = field(default_factory=list)  # free themselves, but their card's counters are used up


class Stock:
    """What is published, what is held, and by whom."""

    def __init__(self, allocator: Allocator, claims: Iterable[Json]) -> None:
        self.allocator = allocator
        self.holders: dict[str, list[Json]] = {}
        self._classes: dict[str, list[Device]] = {}
        for claim in claims:
            allocation = (claim.get("status") or {}).get("allocation") or {}
            for result in (allocation.get("devices") or {}).get("results") or ():
                if not result.get("adminAccess"):
                    self.holders.setdefault(f"{result['driver']}/{result['pool']}/{result['device']}", []).append(claim)

    @classmethod
    def of(cls, case: Case) -> "Stock":
        """As the scheduler's board has it."""
        supply = case.moment.supply
        allocated = (json_of(claim) for claim in supply.claims.values() if claim.status.allocation is not None)
        return cls(supply.allocator(), allocated)

    def of_class(self, name: str) -> list[Device]:
        """The published devices that a class selects; what its selectors fail on is not selected."""
        if name not in self._classes:
            chosen = self.allocator.classes.get(name)
            selectors = (chosen.get("spec") or {}).get("selectors") if chosen is not None else None
            every = self.allocator.inventory.devices.values() if chosen is not None else ()
            self._classes[name] = [device for device in every if _selected(device, selectors)]
        return self._classes[name]

    def shelf(self, node: NodeInfo, body: Json) -> Shelf:
        """What a request finds on a node."""
        found = Shelf(node.name)
        chosen = self.allocator.classes.get(body["deviceClassName"]) or {}
        both = [*((chosen.get("spec") or {}).get("selectors") or ()), *(body.get("selectors") or ())]
        for device in self.allocator.inventory.on(node) if chosen else ():
            if _selected(device, both):
                found.matching.append(device)
                self._sort(found, device, body)
        return found

    def _sort(self, found: Shelf, device: Device, body: Json) -> None:
        taint = untolerated(self.allocator.taints_of(device), body.get("tolerations") or (), _BLOCKING)
        if taint is not None:
            value = f"={taint['value']}" if taint.get("value") else ""
            found.tainted.setdefault(f"{taint['key']}{value}:{taint.get('effect', '')}", []).append(device)
        elif device.id in self.holders and not device.shareable:
            found.taken.append(device)
        elif not self.allocator.held.free(device, self.allocator.inventory.limits):
            found.crowded.append(device)
        else:
            found.free.append(device)


def _selected(device: Device, selectors: Iterable[Json] | None) -> bool:
    try:
        return all(device.matches(selector["cel"]["expression"]) for selector in selectors or ())
    except SelectorError:
        return False


def speak(case: Case, claims: list[Json]) -> Layer:
    """Which request cannot be met on the nodes that come closest, and why."""
    told, stock = str(case.scheduled.get("message") or ""), case.stock
    nodes = [one.node for one in case.survey.closest]
    requests: list[tuple[Json | None, str, Json]] = [
        (claim, name, body) for claim in claims for r in demands(claim) for name, body in alternatives(r)[:1]
    ]
    requests += [(None, resource, body) for resource, body in _bridged(case, case.survey.pod)]
    for claim, name, body in requests:
        layer = _unpublished(case, stock, name, body)
        if layer is None:
            shelves = [shelf for node in nodes if (shelf := stock.shelf(node, body)).matching]
            layer = _lacking(case, stock, claim, name, body, shelves)
        if layer is not None:
            return reason(LAYER, layer.code, layer.message, *layer.evidence, told, next=layer.next)
    message = "enough devices are free for each request, but not for all of them together on one node"
    return reason(LAYER, "DevicesTaken", message, told, next="k8sai top --sort-by free")


def bodies(case: Case, pod: PodInfo) -> list[list[Json]]:
    """Of every request of its open claims the alternatives, and what it asks of a class by an extended resource."""
    found = [[body for _, body in alternatives(request)] for claim in open_claims(case) for request in demands(claim)]
    return [*found, *([body] for _, body in _bridged(case, pod))]


def bridged_on(case: Case, pod: PodInfo, node: NodeInfo) -> list[tuple[str, Json]]:
    """(resource, request) of what no device plugin of this node serves, and a class would, although others have it."""
    return [(resource, body) for resource, body in _served_by_class(case, pod) if not node.allocatable.get(resource)]


def open_claims(case: Case) -> list[Json]:
    """Its claims that have no devices yet."""
    names = (name for _, name in claim_names(case.pod or {}) if name)
    claims = (case.moment.supply.claim(case.namespace, name) for name in names)
    return [claim for claim in claims if claim is not None and not (claim.get("status") or {}).get("allocation")]


def _bridged(case: Case, pod: PodInfo) -> list[tuple[str, Json]]:
    """The requests that the scheduler would make for extended resources which no device plugin serves."""
    nodes = case.moment.trial.view.nodes.values()
    return [
        (resource, body)
        for resource, body in _served_by_class(case, pod)
        if not any(node.allocatable.get(resource) for node in nodes)
    ]


def _served_by_class(case: Case, pod: PodInfo) -> list[tuple[str, Json]]:
    """The requests that stand for extended resources which a class names as its own."""
    classes = case.moment.supply.bridges()
    return [
        (resource, {"deviceClassName": classes[resource], "count": amount})
        for resource, amount in pod.requests.items()
        if resource in classes
    ]


def _unpublished(case: Case, stock: Stock, name: str, body: Json) -> Layer | None:
    """Nothing in the whole cluster matches the request."""
    wanted = body["deviceClassName"]
    of_class = stock.of_class(wanted)
    if any(_selected(device, body.get("selectors")) for device in of_class):
        return None
    gaps = _incomplete(case)
    if gaps and not of_class:
        message = f"no device of class {wanted} may be used: {listed(gaps)}"
        return reason(LAYER, "PoolIncomplete", message, next="kubectl get resourceslices")
    if of_class:
        expressions = [s["cel"]["expression"] for s in body.get("selectors") or ()]
        message = (
            f"the selector of request {name} matches none of the {several(len(of_class), 'device')} of class {wanted}"
        )
        return reason(LAYER, "SelectorMatchesNothing", message, *expressions, next="kubectl get resourceslices -o yaml")
    total = len(stock.allocator.inventory.devices)
    there = (
        f"selects none of the {several(total, 'published device')}"
        if total
        else "selects nothing: no driver publishes devices"
    )
    return reason(
        LAYER, "SelectorMatchesNothing", f"class {wanted} {there}", next=f"kubectl describe deviceclass {wanted}"
    )


def _incomplete(case: Case) -> list[str]:
    """Pools of which slices are missing: the scheduler uses nothing of them."""
    pools: dict[tuple[str, str], list[ResourcePool]] = {}
    for item in case.moment.supply.slices.values():
        pools.setdefault((item.spec.driver, item.spec.pool.name), []).append(item.spec.pool)
    found = []
    for (driver, name), seen in sorted(pools.items()):
        newest = max(pool.generation for pool in seen)
        there = [pool for pool in seen if pool.generation == newest]
        wanted = there[0].resource_slice_count
        if len(there) < wanted:
            found.append(f"pool {name} of {driver} shows {len(there)} of {several(wanted, 'slice')}")
    return found


def _lacking(case: Case, stock: Stock, claim: Json | None, name: str, body: Json, shelves: list[Shelf]) -> Layer | None:
    """Devices match, but not enough of them can be had on one node."""
    wanted, need = body["deviceClassName"], count(body)
    what = f"device of class {wanted}" if need == 1 else f"{need or 'all'} devices of class {wanted}"
    if not shelves:
        gaps = _incomplete(case)
        if gaps:
            return reason(
                LAYER,
                "PoolIncomplete",
                f"no node it could use has devices of class {wanted}: {listed(gaps)}",
                next="kubectl get resourceslices",
            )
        return reason(
            LAYER,
            "DevicesNever",
            f"no node that it could use has devices of class {wanted} that match",
            next="kubectl get resourceslices",
        )
    best = max(shelves, key=lambda shelf: (len(shelf.free), len(shelf.matching), [-ord(c) for c in shelf.node]))
    if need and max(len(shelf.matching) for shelf in shelves) < need:
        most = max(shelves, key=lambda shelf: len(shelf.matching))
        message = f"it needs {what} on one node, and {most.node}, which has the most, has {len(most.matching)}"
        return reason(LAYER, "DevicesNever", message, next="kubectl get resourceslices")
    lacks = len(best.matching) - len(best.free) if not need else need - len(best.free)
    if lacks <= 0:
        return _together(body, claim, f"a {what}" if need == 1 else what, best)
    needs = f"it needs a {what}" if need == 1 else f"it needs {what} on one node"
    return _why_lacking(stock, needs, best, shelves, lacks)


def _why_lacking(stock: Stock, needs: str, best: Shelf, shelves: list[Shelf], lacks: int) -> Layer:
    tainted = {taint: devices for shelf in shelves for taint, devices in shelf.tainted.items()}
    untaken = [
        shelf for shelf in shelves if len(shelf.free) + sum(map(len, shelf.tainted.values())) >= lacks + len(best.free)
    ]
    if tainted and untaken:
        node = untaken[0].node
        message = (
            f"{needs}, and the devices of {node} that are not taken have the taint {listed(sorted(untaken[0].tainted))}"
        )
        return reason(LAYER, "DevicesTainted", message, next="kubectl get devicetaintrules,resourceslices")
    free = f"the best node {best.node} has {len(best.free) or 'none'} of {len(best.matching)} free"
    leaked = sorted({_name(claim) for d in best.taken for claim in stock.holders.get(d.id, ()) if not _used(claim)})
    if len(leaked) and len([d for d in best.taken if any(not _used(c) for c in stock.holders.get(d.id, ()))]) >= lacks:
        message = f"{needs}, and {free}; devices there are held by claims that nobody uses: {listed(leaked)}"
        namespace, _, name = leaked[0].partition("/")
        return reason(LAYER, "DevicesLeaked", message, next=f"kubectl delete resourceclaim {name} -n {namespace}")
    users = sorted(
        {user for d in (best.taken or best.matching) for claim in stock.holders.get(d.id, ()) for user in _users(claim)}
    )
    by = f"; taken by {listed(users)}" if users else ""
    if best.crowded and not best.taken:
        message = f"{needs}, and {free}; the rest would need more of the card than partitions in use leave"
        return reason(LAYER, "CountersExhausted", message, next="k8sai top --sort-by free")
    return reason(LAYER, "DevicesTaken", f"{needs}, and {free}{by}", next="k8sai top --sort-by free")


def _together(body: Json, claim: Json | None, what: str, best: Shelf) -> Layer | None:
    """Enough are free: a constraint or a shared capacity keeps them from being given together."""
    constraints = (((claim or {}).get("spec") or {}).get("devices") or {}).get("constraints") or ()
    keys = [c.get("matchAttribute") or c.get("distinctAttribute") or "" for c in constraints]
    if any(keys):
        same = "the same" if any(c.get("matchAttribute") for c in constraints) else "different"
        wish = f"{what} with {same} {listed(filter(None, keys))}"
        message = f"it needs {wish}, and {best.node} has {len(best.free)} free, but not such"
        return reason(LAYER, "DevicesTaken", message, next="k8sai top --sort-by free")
    if any(device.shareable for device in best.free):
        asked = (body.get("capacity") or {}).get("requests") or {}
        parts = listed(f"{amount} {name}" for name, amount in asked.items()) or "all of its capacity"
        message = f"it needs {parts} of {what}, and none on {best.node} has so much left"
        return reason(LAYER, "DevicesTaken", message, next="k8sai top --sort-by free")
    if len(best.free) > 1 or (body.get("count") or 1) > 1:
        message = (
            f"it needs {what}, and those free on {best.node} exclude each other: they share the counters of a card"
        )
        return reason(LAYER, "CountersExhausted", message, next="k8sai top --sort-by free")
    return None


def _name(claim: Json) -> str:
    return f"{claim['metadata'].get('namespace', '')}/{claim['metadata']['name']}"


def _used(claim: Json) -> bool:
    return bool((claim.get("status") or {}).get("reservedFor"))


def _users(claim: Json) -> list[str]:
    namespace = claim["metadata"].get("namespace", "")
    return [f"{namespace}/{one['name']}" for one in (claim.get("status") or {}).get("reservedFor") or ()]
