"""What is read of Kueue's objects, in one shape for v1beta1 and v1beta2.

Amounts are whole numbers in Kueue's own units: cpu in thousandths, everything else in base units (bytes, devices).
Source: apis/kueue/v1beta2 of Kueue 0.19.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

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
class TopologyWish:
    """How close together a pod set asks to be (topology-aware scheduling)."""

    mode: Literal["required", "preferred", "unconstrained"]
    level: str = ""  # node label
    slice_level: str = ""
    slice_size: int = 0
    group: str = ""


@dataclass(frozen=True, slots=True)
class PodSet:
    """Pods alike. `requests` are of one pod; `spec` and `annotations` of its template."""

    name: str
    count: int
    requests: Amounts
    min_count: int | None = None
    spec: Json = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    topology: TopologyWish | None = None

    @property
    def total(self) -> dict[str, int]:
        """What all of them ask for together."""
        return {resource: amount * self.count for resource, amount in self.requests.items()}


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a pod set was given: a flavor per resource, and how much of each in all."""

    pod_set: str
    flavors: Mapping[str, str]
    usage: Amounts
    count: int = 0
    topology: Json | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The quota a workload holds."""

    cluster_queue: str
    pod_sets: tuple[Assigned, ...]

    @property
    def usage(self) -> dict[Share, int]:
        """Per share, over all pod sets."""
        total: dict[Share, int] = {}
        for assigned in self.pod_sets:
            for resource, amount in assigned.usage.items():
                flavor = assigned.flavors.get(resource)
                if flavor:
                    share = Share(flavor, resource)
                    total[share] = total.get(share, 0) + amount
        return total


@dataclass(frozen=True, slots=True)
class CheckState:
    """How far an AdmissionCheck is with a workload."""

    name: str
    state: str  # Pending Ready Retry Rejected
    message: str = ""
    at: float = 0.0
    requeue_after: int | None = None  # seconds
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Eviction:
    """How often a workload was evicted for a reason (status.schedulingStats)."""

    reason: str
    cause: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a Workload stands for."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A unit that Kueue admits as a whole. Times in seconds since 1970."""

    namespace: str
    name: str
    uid: str
    created: float
    queue: str
    pod_sets: tuple[PodSet, ...]
    priority: int = 0
    priority_class: str = ""
    active: bool = True
    max_seconds: int | None = None  # spec.maximumExecutionTimeSeconds
    gates: tuple[str, ...] = ()  # spec.preemptionGates and the admission-gated-by annotation
    admission_gates: tuple[str, ...] = ()  # of those the latter, which keep it out of the line
    owners: tuple[Owner, ...] = ()
    admission: Admission | None = None
    conditions: tuple[Condition, ...] = ()
    effective: Mapping[str, Amounts] = field(default_factory=dict)  # status.resourceRequests, per pod set, in all
    checks: tuple[CheckState, ...] = ()
    requeue_at: float | None = None
    requeues: int = 0
    evictions: tuple[Eviction, ...] = ()
    reclaimable: Mapping[str, int] = field(default_factory=dict)  # pods per pod set that are done
    labels: Mapping[str, str] = field(default_factory=dict)
    object: Json = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def condition(self, kind: str) -> Condition | None:
        """None: nobody has said anything about it."""
        return next((one for one in self.conditions if one.type == kind), None)

    def holds(self, kind: str) -> bool:
        """The condition is there and true."""
        found = self.condition(kind)
        return found is not None and found.holds

    @property
    def reserves(self) -> bool:
        """It holds quota: from its reservation until it is finished or its pods are gone, evicted or not."""
        return self.admission is not None and self.holds("QuotaReserved") and not self.holds("Finished")

    @property
    def held(self) -> dict[Share, int]:
        """What its ClusterQueue counts for it: not what pods had that are done, and nothing once it is deactivated."""
        if self.admission is None or not self.reserves or not self.active:
            return {}
        if not self.reclaimable:
            return self.admission.usage
        return replace(self.admission, pod_sets=tuple(map(self._left_of, self.admission.pod_sets))).usage

    def _left_of(self, assigned: Assigned) -> Assigned:
        asked = next((one.count for one in self.pod_sets if one.name == assigned.pod_set), assigned.count)
        left = asked - self.reclaimable.get(assigned.pod_set, 0)
        if left >= assigned.count or not assigned.count:
            return assigned
        usage = {resource: amount // assigned.count * left for resource, amount in assigned.usage.items()}
        return replace(assigned, usage=usage, count=left)

    @property
    def waits(self) -> bool:
        """It has neither quota nor an end."""
        return not self.reserves and not self.holds("Finished")

    @property
    def title(self) -> str:
        """Its owner as kubectl would say it, itself where it has none: `job/sft`."""
        owner = self.owners[0] if self.owners else None
        return f"{owner.kind.lower()}/{owner.name}" if owner else f"workload/{self.name}"

    def asks(self) -> dict[str, int]:
        """What it needs per resource over all pod sets, without pods that are done."""
        total: dict[str, int] = {}
        for pod_set in self.pod_sets:
            for resource, amount in self.asks_of(pod_set).items():
                total[resource] = total.get(resource, 0) + amount
        return total

    def asks_of(self, pod_set: PodSet) -> dict[str, int]:
        """The same of one pod set; Kueue's own word (status.resourceRequests) before the template's."""
        said = self.effective.get(pod_set.name)
        if said:
            return dict(said)
        left = pod_set.count - self.reclaimable.get(pod_set.name, 0)
        return {resource: amount * left for resource, amount in pod_set.requests.items()}


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
