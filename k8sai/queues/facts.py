"""What is read of Kueue's queues and of what they refer to, in one shape for v1beta1 and v1beta2.

Amounts are whole numbers in Kueue's own units: cpu in thousandths, everything else in base units (bytes, devices).
Source: apis/kueue/v1beta2 of Kueue 0.19.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
Amounts = Mapping[str, int]


class Share(NamedTuple):
    """One resource of one flavor: what quota is counted by."""

    flavor: str
    resource: str


@dataclass(frozen=True, slots=True)
class Quota:
    """What an owner of quota has of a share, may borrow beyond it, and lets others have of it. None: no limit."""

    nominal: int
    borrowing_limit: int | None = None
    lending_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that are assigned together, and the flavors to try, in order. Each flavor has a quota per resource."""

    covered: tuple[str, ...]
    flavors: tuple[tuple[str, Mapping[str, Quota]], ...]


@dataclass(frozen=True, slots=True)
class Preemption:
    """Whom a ClusterQueue may evict."""

    within: str = "Never"  # Never LowerPriority LowerOrNewerEqualPriority
    reclaim: str = "Never"  # Never LowerPriority Any
    borrow_within: str = "Never"  # Never LowerPriority
    borrow_threshold: int | None = None  # highest priority that may be evicted while borrowing


@dataclass(frozen=True, slots=True)
class Fungibility:
    """When to stop at a flavor instead of trying the next one."""

    when_can_borrow: str = "MayStopSearch"  # MayStopSearch TryNextFlavor
    when_can_preempt: str = "TryNextFlavor"
    preference: str = ""  # BorrowingOverPreemption PreemptionOverBorrowing; "" is the former


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `at` in seconds since 1970."""

    type: str
    holds: bool
    reason: str = ""
    message: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class OfCheck:
    """An AdmissionCheck that a ClusterQueue asks for; without flavors for all of them."""

    name: str
    flavors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterQueue:
    """`selector` None lets nobody in, {} everybody. `active` is None where no controller has said yet."""

    name: str
    cohort: str = ""
    groups: tuple[Group, ...] = ()
    strategy: str = "BestEffortFIFO"
    selector: Json | None = None
    preemption: Preemption = Preemption()
    fungibility: Fungibility = Fungibility()
    stop: str = "None"  # None Hold HoldAndDrain
    checks: tuple[OfCheck, ...] = ()
    weight: float = 1.0
    afs: str = ""  # admissionScope.admissionMode
    active: Condition | None = None
    reserved: Mapping[Share, int] = field(default_factory=dict)  # status.flavorsReservation
    admitted: Mapping[Share, int] = field(default_factory=dict)  # status.flavorsUsage
    pending: int | None = None  # workloads, as the controller counts them
    reserving: int | None = None
    running: int | None = None  # status.admittedWorkloads
    weighted_share: int | None = None
    object: Json = field(default_factory=dict)

    def quota(self, share: Share) -> Quota | None:
        """None: it does not have the share."""
        return next(
            (
                quotas[share.resource]
                for group in self.groups
                for flavor, quotas in group.flavors
                if flavor == share.flavor and share.resource in quotas
            ),
            None,
        )

    def group_of(self, resource: str) -> Group | None:
        """None: it does not cover the resource."""
        return next((group for group in self.groups if resource in group.covered), None)

    @property
    def shares(self) -> tuple[Share, ...]:
        """All it has quota of, in the order they are written."""
        return tuple(
            Share(flavor, resource) for group in self.groups for flavor, quotas in group.flavors for resource in quotas
        )


@dataclass(frozen=True, slots=True)
class Cohort:
    """A pool shared by queues and by cohorts below it. Without an object (`implied`) it has nothing of its own."""

    name: str
    parent: str = ""
    groups: tuple[Group, ...] = ()
    weight: float = 1.0
    implied: bool = False
    weighted_share: int | None = None
    object: Json = field(default_factory=dict)

    def quota(self, share: Share) -> Quota | None:
        """None: it has none of its own."""
        return ClusterQueue("", groups=self.groups).quota(share)


@dataclass(frozen=True, slots=True)
class LocalQueue:
    """The door of a namespace to a ClusterQueue."""

    namespace: str
    name: str
    cluster_queue: str
    stop: str = "None"
    weight: float = 1.0
    active: Condition | None = None
    reserved: Mapping[Share, int] = field(default_factory=dict)  # status.flavorsReservation
    admitted: Mapping[Share, int] = field(default_factory=dict)
    pending: int | None = None
    reserving: int | None = None
    running: int | None = None
    consumed: Mapping[str, int] = field(default_factory=dict)  # admission fair sharing's decayed usage
    object: Json = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Flavor:
    """The nodes that a share stands for."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Json, ...] = ()
    tolerations: tuple[Json, ...] = ()
    topology: str = ""
    object: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """An AdmissionCheck object."""

    name: str
    controller: str = ""
    active: Condition | None = None
    parameters: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A WorkloadPriorityClass or a PriorityClass."""

    name: str
    value: int
    kueue: bool = True


@dataclass(frozen=True, slots=True)
class Topology:
    """Levels of closeness, the widest first, as node labels."""

    name: str
    levels: tuple[str, ...]
