"""What is read of a Workload: what it asks for, what it was given, and how it stands.

Amounts are whole numbers in Kueue's own units: cpu in thousandths, everything else in base units (bytes, devices).
Source: apis/kueue/v1beta2 of Kueue 0.19.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from k8sai.queues.facts import Amounts, Condition, Json, Share


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
