"""The devices that drivers publish, as one request sees them: how many match, how many are free, who has the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from k8sai.cluster.reading import Json
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.devices import Device
from k8sai.scheduling.intake import json_of
from k8sai.scheduling.nodes import NodeInfo
from k8sai.scheduling.selectors import SelectorError, untolerated
from k8sai.scheduling.supply import Supply

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
    def of(cls, supply: Supply) -> "Stock":
        """As the scheduler's board has it."""
        allocated = (json_of(claim) for claim in supply.claims.values() if claim.status.allocation is not None)
        return cls(supply.allocator(), allocated)

    def of_class(self, name: str) -> list[Device]:
        """The published devices that a class selects; what its selectors fail on is not selected."""
        if name not in self._classes:
            chosen = self.allocator.classes.get(name)
            selectors = (chosen.get("spec") or {}).get("selectors") if chosen is not None else None
            every = self.allocator.inventory.devices.values() if chosen is not None else ()
            self._classes[name] = [device for device in every if selected(device, selectors)]
        return self._classes[name]

    def shelf(self, node: NodeInfo, body: Json) -> Shelf:
        """What a request finds on a node."""
        found = Shelf(node.name)
        chosen = self.allocator.classes.get(body["deviceClassName"]) or {}
        both = [*((chosen.get("spec") or {}).get("selectors") or ()), *(body.get("selectors") or ())]
        for device in self.allocator.inventory.on(node) if chosen else ():
            if selected(device, both):
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


def selected(device: Device, selectors: Iterable[Json] | None) -> bool:
    try:
        return all(device.matches(selector["cel"]["expression"]) for selector in selectors or ())
    except SelectorError:
        return False
