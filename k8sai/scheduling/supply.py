"""What DRA has to give: slices, claims, classes and taint rules as facts, and the allocator that reads them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from k8sai.facts import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.claims import served
from k8sai.scheduling.devices import Holdings, Inventory, holdings, inventory
from k8sai.scheduling.intake import json_of

Json = dict[str, Any]
Named = tuple[str, str]  # namespace, name


@dataclass(slots=True)
class Supply:
    """Follows events; devices are worked out when a pod with claims is looked at, and kept until slices change."""

    slices: dict[Named, ResourceSlice] = field(default_factory=dict)
    claims: dict[Named, ResourceClaim] = field(default_factory=dict)
    classes: dict[Named, DeviceClass] = field(default_factory=dict)
    rules: dict[Named, DeviceTaintRule] = field(default_factory=dict)
    _inventory: Inventory | None = None
    _held: Holdings | None = None
    _by_name: dict[str, Json] | None = None
    _bridges: dict[str, str] | None = None

    def changed(self, kind: str) -> None:
        """Something of the kind is not what it was."""
        if kind == "resourceslices":
            self._inventory = self._held = None
        elif kind == "resourceclaims":
            self._held = None
        elif kind == "deviceclasses":
            self._by_name = self._bridges = None

    def snapshot(self) -> "Supply":
        """As it is now."""
        return Supply(
            dict(self.slices),
            dict(self.claims),
            dict(self.classes),
            dict(self.rules),
            self._inventory,
            self._held,
            self._by_name,
            self._bridges,
        )

    def claim(self, namespace: str, name: str) -> Json | None:
        """As an object."""
        found = self.claims.get((namespace, name))
        return None if found is None else json_of(found)

    def bridges(self) -> dict[str, str]:
        """Extended resource -> the class that serves it."""
        if self._bridges is None:
            self._bridges = served(self._classes().values())
        return self._bridges

    def _classes(self) -> dict[str, Json]:
        if self._by_name is None:
            self._by_name = {name: {"spec": {}, **json_of(of)} for (_, name), of in self.classes.items()}
        return self._by_name

    def allocator(self, gone: Collection[str] = ()) -> Allocator:
        """With holdings of its own. Claims that only pods in `gone` use (by uid) hold nothing."""
        if self._inventory is None:
            self._inventory = inventory(json_of(of) for of in self.slices.values())
        if gone:
            held = holdings((json_of(of) for of in self.claims.values() if not _freed(of, gone)), self._inventory)
        else:
            if self._held is None:
                allocated = (of for of in self.claims.values() if of.status.allocation is not None)
                self._held = holdings(map(json_of, allocated), self._inventory)
            held = copy_of(self._held)
        return Allocator(self._inventory, held, self._classes(), tuple(json_of(of.spec) for of in self.rules.values()))


def copy_of(held: Holdings) -> Holdings:
    """The same, to change."""
    return Holdings(Counter(held.taken), Counter(held.counters), Counter(held.capacity), Counter(held.shares))


def _freed(claim: ResourceClaim, gone: Collection[str]) -> bool:
    users = claim.status.reserved_for or ()
    return claim.status.allocation is None or (bool(users) and all(user.uid in gone for user in users))
