"""Why devices cannot be had: nothing is published that matches, too few are free, or not on one node."""

from typing import Final

from k8sai.cluster.reading import Json
from k8sai.facts import ResourcePool
from k8sai.view import several
from k8sai.why.case import Case, listed
from k8sai.why.demand import alternatives, count, demands
from k8sai.why.stock import Shelf, Stock, selected
from k8sai.why.survey import survey
from k8sai.why.verdict import Layer, reason
from k8sai.why.wishes import bridged

LAYER: Final = "claims"


def speak(case: Case, claims: list[Json]) -> Layer:
    """Which request cannot be met on the nodes that come closest, and why."""
    told, stock, found = str(case.scheduled.get("message") or ""), case.stock, survey(case)
    nodes = [one.node for one in found.closest]
    requests: list[tuple[Json | None, str, Json]] = [
        (claim, name, body) for claim in claims for r in demands(claim) for name, body in alternatives(r)[:1]
    ]
    requests += [(None, resource, body) for resource, body in bridged(case, found.pod)]
    for claim, name, body in requests:
        layer = _unpublished(case, stock, name, body)
        if layer is None:
            shelves = [shelf for node in nodes if (shelf := stock.shelf(node, body)).matching]
            layer = _lacking(case, stock, claim, name, body, shelves)
        if layer is not None:
            return reason(LAYER, layer.code, layer.message, *layer.evidence, told, next=layer.next)
    message = "enough devices are free for each request, but not for all of them together on one node"
    return reason(LAYER, "DevicesTaken", message, told, next="k8sai top --sort-by free")


def _unpublished(case: Case, stock: Stock, name: str, body: Json) -> Layer | None:
    """Nothing in the whole cluster matches the request."""
    wanted = body["deviceClassName"]
    of_class = stock.of_class(wanted)
    if any(selected(device, body.get("selectors")) for device in of_class):
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
