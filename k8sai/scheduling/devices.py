"""What DRA drivers publish and what claims hold of it: pools, devices, shared counters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from k8sai.quantity import whole
from k8sai.scheduling.nodes import NodeInfo
from k8sai.scheduling.selectors import node_matches

Json = dict[str, Any]
CounterKey = tuple[str, str, str, str]  # driver, pool, counter set, counter


@dataclass(slots=True, eq=False)
class Device:
    """One device of a complete pool."""

    driver: str
    pool: str
    name: str
    raw: Json
    where: Json  # nodeName | nodeSelector | allNodes, the slice's or the device's own
    _matched: dict[str, bool] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.driver}/{self.pool}/{self.name}"

    @property
    def shareable(self) -> bool:
        return bool(self.raw.get("allowMultipleAllocations"))

    def reachable(self, node: NodeInfo) -> bool:
        """A pod on this node can use it."""
        if self.where.get("nodeName"):
            return bool(self.where["nodeName"] == node.name)
        if self.where.get("nodeSelector"):
            return node_matches(self.where["nodeSelector"], node.name, node.labels)
        return bool(self.where.get("allNodes"))

    def matches(self, expression: str) -> bool:
        """A CEL selector accepts it; remembered. Raises SelectorError."""
        known = self._matched.get(expression)
        if known is None:
            from k8sai.scheduling.cel import matches  # 0.3 s, and most clusters have no selector

            known = self._matched[expression] = matches(expression, self.driver, self.raw)
        return known

    def attribute(self, name: str) -> object:
        """The value behind a qualified name, or None; a bare key belongs to the driver's domain."""
        attributes = self.raw.get("attributes") or {}
        found = attributes.get(name)
        if found is None and name.startswith(f"{self.driver}/"):
            found = attributes.get(name.removeprefix(f"{self.driver}/"))
        return next(iter(found.values()), None) if found else None

    def counters(self) -> Counter[CounterKey]:
        """What allocating it takes from its pool's shared counters."""
        taken: Counter[CounterKey] = Counter()
        for consumption in self.raw.get("consumesCounters") or ():
            for name, counter in (consumption.get("counters") or {}).items():
                taken[self.driver, self.pool, consumption["counterSet"], name] += whole(counter["value"])
        return taken


@dataclass(slots=True)
class Inventory:
    """All devices of complete pools, and the counters they share. Built anew when a slice changes."""

    devices: dict[str, Device] = field(default_factory=dict)
    limits: Counter[CounterKey] = field(default_factory=Counter)
    _local: dict[str, list[Device]] = field(default_factory=dict)
    _wide: list[Device] = field(default_factory=list)
    _partial: list[Device] = field(default_factory=list)  # of pools that are not complete

    def on(self, node: NodeInfo) -> list[Device]:
        """The devices a pod on this node can use, in the order they were published."""
        return self._local.get(node.name, []) + [d for d in self._wide if d.reachable(node)]

    def partial_on(self, node: NodeInfo) -> str:
        """A pool that this node can reach and that is not complete (`driver/pool`), or ""."""
        return next((f"{d.driver}/{d.pool}" for d in self._partial if d.reachable(node)), "")


def inventory(slices: Iterable[Json]) -> Inventory:
    """From ResourceSlices: of each pool only the highest generation, and only when all its slices are there."""
    pools: dict[tuple[str, str], list[Json]] = {}
    for item in slices:
        spec = item["spec"]
        pools.setdefault((spec["driver"], spec["pool"]["name"]), []).append(spec)
    found = Inventory()
    for specs in pools.values():
        newest = max(s["pool"].get("generation", 0) for s in specs)
        current = [s for s in specs if s["pool"].get("generation", 0) == newest]
        if len(current) >= current[0]["pool"].get("resourceSliceCount", 1):
            for spec in current:
                _add(found, spec)
        else:
            found._partial += [Device(s["driver"], s["pool"]["name"], "", {}, s) for s in current]
    return found


def _add(found: Inventory, spec: Json) -> None:
    driver, pool = spec["driver"], spec["pool"]["name"]
    for counters in spec.get("sharedCounters") or ():
        for name, counter in (counters.get("counters") or {}).items():
            found.limits[driver, pool, counters["name"], name] += whole(counter["value"])
    for raw in spec.get("devices") or ():
        device = Device(driver, pool, raw["name"], raw, raw if spec.get("perDeviceNodeSelection") else spec)
        found.devices[device.id] = device
        if device.where.get("nodeName"):
            found._local.setdefault(device.where["nodeName"], []).append(device)
        else:
            found._wide.append(device)


@dataclass(slots=True)
class Holdings:
    """What is allocated: whole devices, counters, and of shareable devices the capacity consumed."""

    taken: Counter[str] = field(default_factory=Counter)
    counters: Counter[CounterKey] = field(default_factory=Counter)
    capacity: Counter[tuple[str, str]] = field(default_factory=Counter)  # device id, capacity name
    shares: Counter[str] = field(default_factory=Counter)  # of shareable devices, how many hold a part

    def take(self, device: Device, consumed: dict[str, int] | None, sign: int = 1) -> None:
        """Hold the device, or with sign -1 give it back; `consumed` is set for a shareable one."""
        if consumed is not None:
            for name, amount in consumed.items():
                self.capacity[device.id, name] += sign * amount
            others = self.shares[device.id] + min(sign, 0)
            self.shares[device.id] += sign
            if others:
                return  # all shares of a device take its counters once
        else:
            self.taken[device.id] += sign
        for key, amount in device.counters().items():
            self.counters[key] += sign * amount

    def free(self, device: Device, limits: Counter[CounterKey]) -> bool:
        """Nobody holds it, and the counters it needs are left."""
        if self.taken[device.id] > 0:
            return False
        if self.shares[device.id] > 0:
            return True
        return all(self.counters[key] + amount <= limits[key] for key, amount in device.counters().items())


def holdings(claims: Iterable[Json], known: Inventory) -> Holdings:
    """From allocated claims; admin access holds nothing. Devices that vanished from their slice stay held by name."""
    held = Holdings()
    for claim in claims:
        allocation = (claim.get("status") or {}).get("allocation") or {}
        for result in (allocation.get("devices") or {}).get("results") or ():
            if result.get("adminAccess"):
                continue
            name = f"{result['driver']}/{result['pool']}/{result['device']}"
            consumed = {k: whole(v) for k, v in (result.get("consumedCapacity") or {}).items()}
            device = known.devices.get(name)
            if device is not None:
                held.take(device, consumed if result.get("shareID") else None)
            elif not result.get("shareID"):
                held.taken[name] += 1
    return held
