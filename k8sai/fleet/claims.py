"""What the fleet keeps of a ResourceClaim: the devices it was given, who may use them, and what it asks for."""

import sys
from typing import Final

from k8sai.facts import DeviceRequest, ResourceClaim, Resources
from k8sai.fleet.pods import Key, PodEntry
from k8sai.fleet.resources import Rules
from k8sai.fleet.slices import Amounts, single_node
from k8sai.quantity import milli

_EXTENDED: Final = "resource.kubernetes.io/extended-resource-claim"


class Result:
    """One device of an allocation. `consumed` is its part of a device that several may hold."""

    __slots__ = ("consumed", "device", "driver", "pool")

    def __init__(self, driver: str, pool: str, device: str, consumed: Amounts) -> None:
        self.driver = sys.intern(driver)
        self.pool = sys.intern(pool)
        self.device = sys.intern(device)
        self.consumed = consumed


class ClaimEntry:
    """A claim. `results` are its GPUs, without what admin access lets it look at; `shares` is what each counts for."""

    __slots__ = (
        "allocated",
        "asks",
        "booked",
        "deleting",
        "demands",
        "ending",
        "gpu",
        "holders",
        "name",
        "namespace",
        "node",
        "queue",
        "reserved",
        "results",
        "shares",
        "uid",
        "workload",
    )

    def __init__(self, fact: ResourceClaim, rules: Rules) -> None:
        """Raises BadQuantity."""
        meta, allocation = fact.metadata, fact.status.allocation
        self.namespace = sys.intern(meta.namespace)
        self.name = meta.name
        self.uid = meta.uid
        self.deleting = meta.deletion_timestamp is not None
        self.allocated = allocation is not None
        self.node = sys.intern(single_node(allocation.node_selector)) if allocation is not None else ""
        self.results: tuple[Result, ...] = ()
        self.asks: tuple[tuple[str, int], ...] = ()
        if allocation is not None:
            self.results = tuple(
                Result(one.driver, one.pool, one.device, _amounts(one.consumed_capacity))
                for one in allocation.devices.results or ()
                if not one.admin_access and rules.driver(one.driver)
            )
        elif (meta.annotations or {}).get(_EXTENDED) != "true":
            # The scheduler makes a claim for extended resources when it has chosen; until then the pod itself asks.
            self.asks = tuple(ask for request in fact.spec.devices.requests or () if (ask := _ask(request)) is not None)
        self.reserved = tuple(sys.intern(one.uid) for one in fact.status.reserved_for or ())
        # What follows from other facts; kept by `dra`.
        self.shares: tuple[int, ...] = ()
        self.booked = 0  # shares of a card in all
        self.gpu = self.ending = False  # is about GPUs; all its pods were told to end
        self.demands: tuple[tuple[str, int], ...] = ()  # what pods wait for: class and count
        self.holders: tuple[PodEntry, ...] = ()  # the pods that hold its devices between them
        self.queue = self.workload = ""

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    @property
    def leaked(self) -> bool:
        """It holds devices and nobody may use them."""
        return self.allocated and not self.reserved


def _ask(request: DeviceRequest) -> tuple[str, int] | None:
    """Device class and count; the first choice of a list of alternatives. `All` asks for at least one."""
    if request.exactly is not None:
        exactly = request.exactly
        return None if exactly.admin_access else (sys.intern(exactly.device_class_name), exactly.count or 1)
    if request.first_available:
        first = request.first_available[0]
        return (sys.intern(first.device_class_name), first.count or 1)
    return None


def _amounts(resources: Resources | None) -> Amounts:
    return tuple(sorted((name, milli(raw)) for name, raw in (resources or {}).items()))
