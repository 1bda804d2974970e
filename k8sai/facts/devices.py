"""Devices by dynamic resource allocation, `resource.k8s.io/v1`: what drivers publish, and who claims it."""

from msgspec import field

from k8sai.facts.metadata import Fact, NodeSelector, ObjectMeta, Resources
from k8sai.facts.pods import Toleration
from k8sai.quantity import Raw


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
