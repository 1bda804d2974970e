"""What DRA has to give: slices, claims, classes and taint rules as facts, and the allocator that reads them."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from k8sai.facts import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from k8sai.scheduling.allocate import Allocator
from k8sai.scheduling.claims import served
from k8sai.scheduling.devices import Holdings, Inventory, holdings, inventory
from k8sai.scheduling.intake import json_of

Json = dict[str, Any]
T = TypeVar("T")
Named = tuple[str, str]  # namespace, name


class _Once(Generic[T]):
    """What is worked out when somebody first asks; a state of the cluster and its snapshots share it."""

    __slots__ = ("_it",)

    def __init__(self) -> None:
        self._it: T | None = None

    def get(self, make: Callable[[], T]) -> T:
        found = self._it
        if found is None:
            found = self._it = make()
        return found


@dataclass(slots=True)
class Supply:
    """Follows events; devices are worked out when a pod with claims is looked at, and kept until slices change."""

    slices: dict[Named, ResourceSlice] = field(default_factory=dict)
    claims: dict[Named, ResourceClaim] = field(default_factory=dict)
    classes: dict[Named, DeviceClass] = field(default_factory=dict)
    rules: dict[Named, DeviceTaintRule] = field(default_factory=dict)
    _inventory: _Once[Inventory] = field(default_factory=_Once)
    _held: _Once[Holdings] = field(default_factory=_Once)
    _by_name: _Once[dict[str, Json]] = field(default_factory=_Once)
    _bridges: _Once[dict[str, str]] = field(default_factory=_Once)

    def changed(self, kind: str) -> None:
        """Something of the kind is not what it was."""
        if kind == "resourceslices":
            self._inventory, self._held = _Once(), _Once()
        elif kind == "resourceclaims":
            self._held = _Once()
        elif kind == "deviceclasses":
            self._by_name, self._bridges = _Once(), _Once()

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
        return self._bridges.get(lambda: served(self._classes().values()))

    def _classes(self) -> dict[str, Json]:
        return self._by_name.get(lambda: {name: {"spec": {}, **json_of(of)} for (_, name), of in self.classes.items()})

    def allocator(self, gone: Collection[str] = ()) -> Allocator:
        """With holdings of its own. Claims that only pods in `gone` use (by uid) hold nothing."""
        known = self._inventory.get(lambda: inventory(json_of(of) for of in self.slices.values()))
        if gone:
            held = holdings((json_of(of) for of in self.claims.values() if not _freed(of, gone)), known)
        else:
            allocated = (of for of in self.claims.values() if of.status.allocation is not None)
            held = copy_of(self._held.get(lambda: holdings(map(json_of, allocated), known)))
        return Allocator(known, held, self._classes(), tuple(json_of(of.spec) for of in self.rules.values()))


def copy_of(held: Holdings) -> Holdings:
    """The same, to change."""
    return Holdings(Counter(held.taken), Counter(held.counters), Counter(held.capacity), Counter(held.shares))


def _freed(claim: ResourceClaim, gone: Collection[str]) -> bool:
    users = claim.status.reserved_for or ()
    return claim.status.allocation is None or (bool(users) and all(user.uid in gone for user in users))
