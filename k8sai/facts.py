"""Typed facts: of each Kubernetes kind exactly the fields that some room reads, and nothing else.

JSON decodes straight into these (`msgspec`), protobuf is copied into them: both must give the same values. A field that
is absent on the wire has its default here. Quantities stay text until somebody computes with them. Unknown fields are
dropped. Adding a field: here, and in `cluster/wire.proto` and `cluster/wire.py` too; a test compares both decoders.
"""

from typing import Any

from msgspec import Struct, field

from k8sai.quantity import Raw

Resources = dict[str, Raw]
Labels = dict[str, str]


class Fact(Struct, gc=False, frozen=True, rename="camel", omit_defaults=True):
    """The settings all facts share."""


class OwnerReference(Fact):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


class ObjectMeta(Fact):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None  # RFC 3339, seconds, Z
    deletion_timestamp: str | None = None
    labels: Labels | None = None
    annotations: Labels | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class Condition(Fact):
    """Node, pod and claim conditions alike."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


# --- selectors --------------------------------------------------------------------------------------------------------


class NodeSelectorRequirement(Fact):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class NodeSelectorTerm(Fact):
    match_expressions: tuple[NodeSelectorRequirement, ...] | None = None
    match_fields: tuple[NodeSelectorRequirement, ...] | None = None


class NodeSelector(Fact):
    node_selector_terms: tuple[NodeSelectorTerm, ...] | None = None


class LabelSelectorRequirement(Fact):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class LabelSelector(Fact):
    """Absent it matches nothing, empty everything."""

    match_labels: Labels | None = None
    match_expressions: tuple[LabelSelectorRequirement, ...] | None = None


# --- nodes ------------------------------------------------------------------------------------------------------------


class Taint(Fact):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Fact):
    unschedulable: bool = False
    taints: tuple[Taint, ...] | None = None


class NodeStatus(Fact):
    capacity: Resources | None = None
    allocatable: Resources | None = None
    conditions: tuple[Condition, ...] | None = None


class Node(Fact):
    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


# --- pods -------------------------------------------------------------------------------------------------------------


class ResourceRequirements(Fact):
    requests: Resources | None = None
    limits: Resources | None = None


class ContainerPort(Fact):
    host_port: int = 0
    protocol: str = ""
    host_ip: str = field(default="", name="hostIP")


class Container(Fact):
    name: str = ""
    image: str = ""
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str | None = None  # "Always" on an init container makes it a sidecar
    ports: tuple[ContainerPort, ...] | None = None


class Toleration(Fact):
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class PodResourceClaim(Fact):
    name: str = ""
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class SchedulingGate(Fact):
    name: str = ""


class NodeAffinity(Fact):
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class PodAffinityTerm(Fact):
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] | None = None
    topology_key: str = ""
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] | None = None
    mismatch_label_keys: tuple[str, ...] | None = None


class PodAffinity(Fact):
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] | None = None


class PodAntiAffinity(Fact):
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] | None = None


class Affinity(Fact):
    """What is preferred is left out: it decides which of the nodes that fit, never whether one does."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


class TopologySpreadConstraint(Fact):
    max_skew: int = 0
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    match_label_keys: tuple[str, ...] | None = None


class PersistentVolumeClaimVolumeSource(Fact):
    claim_name: str = ""


class EphemeralVolumeSource(Fact):
    """The pod gets a claim of its own, named `<pod>-<volume>`."""


class Volume(Fact):
    """Both are None where the volume is of a kind that binds a pod to no node."""

    name: str = ""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None


class PodSchedulingGroup(Fact):
    pod_group_name: str | None = None


class PodSpec(Fact):
    node_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] | None = None
    overhead: Resources | None = None
    resources: ResourceRequirements | None = None  # pod-level: cpu, memory and hugepages only
    priority: int | None = None
    priority_class_name: str = ""
    scheduler_name: str = ""
    node_selector: Labels | None = None
    tolerations: tuple[Toleration, ...] | None = None
    resource_claims: tuple[PodResourceClaim, ...] | None = None
    scheduling_gates: tuple[SchedulingGate, ...] | None = None
    affinity: Affinity | None = None
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    preemption_policy: str | None = None
    scheduling_group: PodSchedulingGroup | None = None


class ResourceHealth(Fact):
    """One device a container holds (KEP-4680): `resourceID` is the device plugin's id or `driver/pool/device`."""

    resource_id: str = field(default="", name="resourceID")
    health: str | None = None


class ResourceStatus(Fact):
    """`name` is the resource's name, or `claim:<claim>[/<request>]` for DRA."""

    name: str = ""
    resources: tuple[ResourceHealth, ...] | None = None


class ContainerStateWaiting(Fact):
    reason: str = ""
    message: str = ""


class ContainerStateTerminated(Fact):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    finished_at: str | None = None


class ContainerState(Fact):
    """Both are None while it runs."""

    waiting: ContainerStateWaiting | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(Fact):
    name: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState | None = None
    allocated_resources: Resources | None = None
    resources: ResourceRequirements | None = None
    allocated_resources_status: tuple[ResourceStatus, ...] | None = None
    last_state: ContainerState | None = None  # of the run before this one


class PodResourceClaimStatus(Fact):
    name: str = ""
    resource_claim_name: str | None = None


class ContainerExtendedResourceRequest(Fact):
    container_name: str = ""
    resource_name: str = ""
    request_name: str = ""


class PodExtendedResourceClaimStatus(Fact):
    resource_claim_name: str = ""
    request_mappings: tuple[ContainerExtendedResourceRequest, ...] | None = None


class PodStatus(Fact):
    phase: str = ""
    reason: str = ""
    start_time: str | None = None
    conditions: tuple[Condition, ...] | None = None
    nominated_node_name: str = ""
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] | None = None
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None


class Pod(Fact):
    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


# --- DRA, resource.k8s.io/v1 ------------------------------------------------------------------------------------------


class DeviceAttribute(Fact):
    """One of four types; which one decides how CEL sees it."""

    int_value: int | None = field(default=None, name="int")
    bool_value: bool | None = field(default=None, name="bool")
    string: str | None = None
    version: str | None = None


class CapacityRequestPolicyRange(Fact):
    min: Raw | None = None
    max: Raw | None = None
    step: Raw | None = None


class CapacityRequestPolicy(Fact):
    """How a request for a part of a shareable device's capacity is rounded, and what it is when it says nothing."""

    default: Raw | None = None
    valid_values: tuple[Raw, ...] | None = None
    valid_range: CapacityRequestPolicyRange | None = None


class DeviceCapacity(Fact):
    value: Raw = "0"
    request_policy: CapacityRequestPolicy | None = None


class DeviceCounter(Fact):
    value: Raw = "0"


class CounterSet(Fact):
    name: str = ""
    counters: dict[str, DeviceCounter] | None = None


class DeviceCounterConsumption(Fact):
    counter_set: str = ""
    counters: dict[str, DeviceCounter] | None = None


class DeviceTaint(Fact):
    key: str = ""
    value: str = ""
    effect: str = ""  # None | NoSchedule | NoExecute


class Device(Fact):
    name: str = ""
    attributes: dict[str, DeviceAttribute] | None = None
    capacity: dict[str, DeviceCapacity] | None = None
    consumes_counters: tuple[DeviceCounterConsumption, ...] | None = None
    taints: tuple[DeviceTaint, ...] | None = None
    allow_multiple_allocations: bool | None = None
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    all_nodes: bool | None = None
    binds_to_node: bool | None = None
    binding_conditions: tuple[str, ...] | None = None
    binding_failure_conditions: tuple[str, ...] | None = None


class ResourcePool(Fact):
    name: str = ""
    generation: int = 0
    resource_slice_count: int = 0


class ResourceSliceSpec(Fact):
    driver: str = ""
    pool: ResourcePool = ResourcePool()
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    all_nodes: bool | None = None
    per_device_node_selection: bool | None = None
    devices: tuple[Device, ...] | None = None
    shared_counters: tuple[CounterSet, ...] | None = None


class ResourceSlice(Fact):
    metadata: ObjectMeta
    spec: ResourceSliceSpec = ResourceSliceSpec()


class CELDeviceSelector(Fact):
    expression: str = ""


class DeviceSelector(Fact):
    cel: CELDeviceSelector | None = None


class CapacityRequirements(Fact):
    requests: Resources | None = None


class ExactDeviceRequest(Fact):
    device_class_name: str = ""
    allocation_mode: str = ""
    count: int = 0
    admin_access: bool | None = None
    selectors: tuple[DeviceSelector, ...] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    capacity: CapacityRequirements | None = None


class DeviceSubRequest(Fact):
    name: str = ""
    device_class_name: str = ""
    allocation_mode: str = ""
    count: int = 0
    selectors: tuple[DeviceSelector, ...] | None = None
    tolerations: tuple[Toleration, ...] | None = None
    capacity: CapacityRequirements | None = None


class DeviceRequest(Fact):
    name: str = ""
    exactly: ExactDeviceRequest | None = None
    first_available: tuple[DeviceSubRequest, ...] | None = None


class DeviceConstraint(Fact):
    requests: tuple[str, ...] | None = None
    match_attribute: str | None = None
    distinct_attribute: str | None = None


class DeviceClaim(Fact):
    requests: tuple[DeviceRequest, ...] | None = None
    constraints: tuple[DeviceConstraint, ...] | None = None


class ResourceClaimSpec(Fact):
    devices: DeviceClaim = DeviceClaim()


class DeviceRequestAllocationResult(Fact):
    request: str = ""
    driver: str = ""
    pool: str = ""
    device: str = ""
    admin_access: bool | None = None
    share_id: str | None = field(default=None, name="shareID")
    consumed_capacity: Resources | None = None


class DeviceAllocationResult(Fact):
    results: tuple[DeviceRequestAllocationResult, ...] | None = None


class AllocationResult(Fact):
    devices: DeviceAllocationResult = DeviceAllocationResult()
    node_selector: NodeSelector | None = None
    allocation_timestamp: str | None = None


class ResourceClaimConsumerReference(Fact):
    resource: str = ""
    name: str = ""
    uid: str = ""


class ResourceClaimStatus(Fact):
    allocation: AllocationResult | None = None
    reserved_for: tuple[ResourceClaimConsumerReference, ...] | None = None


class ResourceClaim(Fact):
    metadata: ObjectMeta
    spec: ResourceClaimSpec = ResourceClaimSpec()
    status: ResourceClaimStatus = ResourceClaimStatus()


class DeviceClassSpec(Fact):
    extended_resource_name: str | None = None
    selectors: tuple[DeviceSelector, ...] | None = None


class DeviceClass(Fact):
    metadata: ObjectMeta
    spec: DeviceClassSpec = DeviceClassSpec()


class DeviceTaintSelector(Fact):
    driver: str | None = None
    pool: str | None = None
    device: str | None = None


class DeviceTaintRuleSpec(Fact):
    device_selector: DeviceTaintSelector | None = None
    taint: DeviceTaint = DeviceTaint()


class DeviceTaintRule(Fact):
    metadata: ObjectMeta
    spec: DeviceTaintRuleSpec = DeviceTaintRuleSpec()


Object = Node | Pod | ResourceSlice | ResourceClaim | DeviceClass | DeviceTaintRule
Untyped = dict[str, Any]
