"""The device allocator: which devices of a node satisfy a set of claims, if any do.

Follows the structured parameters of `resource.k8s.io/v1`: ExactCount and All, firstAvailable, admin access, selectors
of class and request, matchAttribute and distinctAttribute, taints, shared counters, consumable capacity.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from k8sai.quantity import whole
from k8sai.scheduling.capacity import consumed
from k8sai.scheduling.devices import Device, Holdings, Inventory
from k8sai.scheduling.nodes import NodeInfo
from k8sai.scheduling.selectors import SelectorError, untolerated

Json = dict[str, Any]
_PLUGIN = 'running "DynamicResources" filter plugin: '
_STEPS = 20_000  # a search that branches further is given up, as the real allocator does after its timeout


class ClassMissing(Exception):
    """A request names a DeviceClass that does not exist."""


class SelectorFailed(Exception):
    """A node makes the allocator fail (a selector on a device, a pool that is not complete).

    The scheduler reports it and stops trying: the pod goes nowhere, however many other nodes would take it.
    """


@dataclass(frozen=True, slots=True)
class _Pick:
    """One device given to one request."""

    request: str
    device: Device
    admin: bool
    consumed: Mapping[str, int] | None
    tolerations: tuple[Json, ...]

    def result(self) -> Json:
        out: Json = {
            "request": self.request,
            "driver": self.device.driver,
            "pool": self.device.pool,
            "device": self.device.name,
        }
        if self.admin:
            out["adminAccess"] = True
        if self.tolerations:
            out["tolerations"] = list(self.tolerations)
        if self.consumed is not None:
            out["shareID"] = str(uuid.uuid4())
            out["consumedCapacity"] = {k: str(v) for k, v in self.consumed.items()}
        return out


@dataclass(slots=True)
class Allocator:
    """The devices, what is held of them, and the specs of the DeviceTaintRules."""

    inventory: Inventory
    held: Holdings
    classes: Mapping[str, Json]
    rules: tuple[Json, ...] = ()

    def check_classes(self, claim: Json) -> None:
        """Raises ClassMissing with the scheduler's words."""
        for request in _requests(claim):
            for name, body in _alternatives(request):
                if body["deviceClassName"] not in self.classes:
                    raise ClassMissing(f"request {name}: device class {body['deviceClassName']} does not exist")

    def allocate(self, claims: Iterable[Json], node: NodeInfo) -> list[Json] | None:
        """The `status.allocation` of each claim on this node, or None. The holdings are as before afterwards.

        Raises SelectorFailed when a selector cannot be evaluated.
        """
        search = _Search(self, node, tuple(claims))
        found = search.run()
        if found is None:
            return None
        return [_allocation(picks, claim, node) for picks, claim in zip(found, search.claims, strict=True)]

    def taints_of(self, device: Device) -> list[Json]:
        """Its own, and those of the rules that select it."""
        found = list(device.raw.get("taints") or ())
        for rule in self.rules:
            wanted = rule.get("deviceSelector") or {}
            if all(
                wanted.get(k, v) == v
                for k, v in (("driver", device.driver), ("pool", device.pool), ("device", device.name))
            ):
                found.append(rule["taint"])
        return found


def _requests(claim: Json) -> list[Json]:
    return list(((claim.get("spec") or {}).get("devices") or {}).get("requests") or ())


def _alternatives(request: Json) -> list[tuple[str, Json]]:
    """(name in the result, body) of the request itself or of its subrequests in order of preference."""
    if request.get("firstAvailable"):
        return [(f"{request['name']}/{sub['name']}", sub) for sub in request["firstAvailable"]]
    return [(request["name"], request["exactly"])]


def _allocation(picks: list[_Pick], claim: Json, node: NodeInfo) -> Json:
    spec = (claim.get("spec") or {}).get("devices") or {}
    out: Json = {"devices": {"results": [p.result() for p in picks]}}
    if spec.get("config"):
        out["devices"]["config"] = [{"source": "FromClaim", **c} for c in spec["config"]]
    if any(p.device.where.get("nodeName") or p.device.raw.get("bindsToNode") for p in picks):
        here = {"key": "metadata.name", "operator": "In", "values": [node.name]}
        out["nodeSelector"] = {"nodeSelectorTerms": [{"matchFields": [here]}]}
    else:
        selectors = [p.device.where["nodeSelector"] for p in picks if p.device.where.get("nodeSelector")]
        if selectors:
            out["nodeSelector"] = selectors[0]
    return out


class _Search:
    """Backtracking over requests, their alternatives and their devices."""

    def __init__(self, allocator: Allocator, node: NodeInfo, claims: tuple[Json, ...]) -> None:
        self._all = allocator
        self._node = node
        self._devices = allocator.inventory.on(node)
        self.claims = claims
        self._todo = [(index, request) for index, claim in enumerate(claims) for request in _requests(claim)]
        self._picks: list[list[_Pick]] = [[] for _ in claims]
        self._steps = 0

    def run(self) -> list[list[_Pick]] | None:
        kept: list[list[_Pick]] = []

        def done() -> bool:
            kept.extend([list(p) for p in self._picks])
            return True

        return kept if self._request(0, done) else None

    def _request(self, position: int, done: Callable[[], bool]) -> bool:
        """Satisfy this request and all after it; leaves no trace when it cannot, nor when it could."""
        if position == len(self._todo):
            return done()
        index, request = self._todo[position]
        for name, body in _alternatives(request):
            eligible = self._eligible(index, body)
            if body.get("allocationMode") == "All":
                self._all_known(index, name)
                wanted = len(eligible)
                if not eligible:
                    continue
            else:
                wanted = body.get("count") or 1
            if self._pick(index, name, body, eligible, wanted, lambda: self._request(position + 1, done)):
                return True
        return False

    def _eligible(self, index: int, body: Json) -> list[Device]:
        """Devices that the class and the request select; for All it does not matter whether they are free."""
        found = []
        chosen = self._all.classes[body["deviceClassName"]]
        for device in self._devices:
            if self._selected(index, device, chosen, body) and _consumed(device, body) is not None:
                found.append(device)
        return found

    def _selected(self, index: int, device: Device, chosen: Json, body: Json) -> bool:
        for owner, selectors in (
            (f"class {chosen['metadata']['name']}", chosen["spec"].get("selectors") or ()),
            (self._claim_name(index), body.get("selectors") or ()),
        ):
            for number, selector in enumerate(selectors):
                try:
                    if not device.matches(selector["cel"]["expression"]):
                        return False
                except SelectorError as error:
                    place = f"{owner}: selector #{number} on device {device.id}"
                    raise SelectorFailed(f"{_PLUGIN}{place}: {error}") from error
        return True

    def _all_known(self, index: int, request: str) -> None:
        """How many "all" are nobody knows while a pool is not complete: the scheduler gives up on the whole pod."""
        pool = self._all.inventory.partial_on(self._node)
        if pool:
            what = f"{self._claim_name(index)}, request {request}: asks for all devices"
            raise SelectorFailed(f"{_PLUGIN}{what}, but resource pool {pool} is currently being updated")

    def _claim_name(self, index: int) -> str:
        meta = self.claims[index]["metadata"]
        return f"claim {meta.get('namespace', '')}/{meta.get('name', '')}"

    def _pick(
        self, index: int, name: str, body: Json, eligible: list[Device], wanted: int, then: Callable[[], bool]
    ) -> bool:
        """Give `wanted` of the eligible devices to the request, then go on."""
        if wanted == 0:
            return then()
        for position, device in enumerate(eligible[: len(eligible) - wanted + 1]):
            self._steps += 1
            if self._steps > _STEPS:
                return False
            pick = self._possible(index, name, body, device)
            if pick is None:
                if body.get("allocationMode") == "All":
                    return False
                continue
            self._hold(index, pick)
            found = self._pick(index, name, body, eligible[position + 1 :], wanted - 1, then)
            self._release(index, pick)
            if found:
                return True
            if body.get("allocationMode") == "All":
                return False
        return False

    def _possible(self, index: int, name: str, body: Json, device: Device) -> _Pick | None:
        tolerations = tuple(body.get("tolerations") or ())
        if untolerated(self._all.taints_of(device), tolerations, ("NoSchedule", "NoExecute")):
            return None
        admin = bool(body.get("adminAccess"))
        taken = _consumed(device, body)
        if taken is None:
            return None
        share = taken if device.shareable and not admin else None
        if not admin:
            if not self._all.held.free(device, self._all.inventory.limits):
                return None
            if share is not None and not self._capacity_left(device, share):
                return None
        pick = _Pick(name, device, admin, share, tolerations)
        if self._constraints_hold(index, pick):
            return pick
        if body.get("allocationMode") == "All":
            what = f"{self._claim_name(index)}, request {name}: cannot add device {device.id}"
            raise SelectorFailed(f"{_PLUGIN}{what} because a claim constraint would not be satisfied")
        return None

    def _capacity_left(self, device: Device, consumed: Mapping[str, int]) -> bool:
        capacity = device.raw.get("capacity") or {}
        same_claim = any(p.device is device for picks in self._picks for p in picks)
        return not same_claim and all(
            self._all.held.capacity[device.id, k] + amount <= whole(capacity[k]["value"])
            for k, amount in consumed.items()
        )

    def _constraints_hold(self, index: int, pick: _Pick) -> bool:
        for constraint in ((self.claims[index].get("spec") or {}).get("devices") or {}).get("constraints") or ():
            about = constraint.get("requests") or ()
            mine = [p for p in [*self._picks[index], pick] if not about or _named(p.request, about)]
            if pick not in mine:
                continue
            same, distinct = constraint.get("matchAttribute"), constraint.get("distinctAttribute")
            values = [p.device.attribute(same or distinct) for p in mine]
            if None in values or (same and len(set(values)) > 1) or (distinct and len(set(values)) < len(values)):
                return False
        return True

    def _hold(self, index: int, pick: _Pick) -> None:
        self._picks[index].append(pick)
        if not pick.admin:
            self._all.held.take(pick.device, None if pick.consumed is None else dict(pick.consumed))

    def _release(self, index: int, pick: _Pick) -> None:
        self._picks[index].remove(pick)
        if not pick.admin:
            self._all.held.take(pick.device, None if pick.consumed is None else dict(pick.consumed), -1)


def _consumed(device: Device, body: Json) -> dict[str, int] | None:
    return consumed(device.raw.get("capacity") or {}, (body.get("capacity") or {}).get("requests") or {})


def _named(request: str, names: Iterable[str]) -> bool:
    """A constraint names a request, or one of its subrequests as `request/sub`."""
    return any(request == n or request.partition("/")[0] == n for n in names)
