"""Protobuf messages of the API server into facts: the same values that JSON gives, a test compares both.

Written out field by field rather than driven by a table: 8,000 pods pass here before a first screen is painted.
A Go pointer that is nil is an absent field; an empty value is left out of JSON, so it is None or the default here.
Parts that are the same in many objects (what a container asks for, tolerations, owners) are looked up by their bytes:
three times faster than reading them anew, and 8,000 pods of one shape then hold one copy of it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.sources import Kind
from k8sai.facts import Object

M = TypeVar("M")
F = TypeVar("F")


@lru_cache(maxsize=8192)
def _rfc3339(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _time(m: pb.Time) -> str | None:
    """Both wires carry whole seconds; the zero time is an empty message, which JSON writes as null."""
    return _rfc3339(m.seconds) if m.seconds else None


def _quantities(m: Mapping[str, pb.Quantity]) -> facts.Resources | None:
    return {key: m[key].text for key in m} if m else None


def _texts(m: Mapping[str, str]) -> facts.Labels | None:
    return dict(m.items()) if m else None


def _each(convert: Callable[[M], F], messages: Sequence[M]) -> tuple[F, ...] | None:
    """None for none. Asking first is worth it: most lists of an object are empty, and iterating costs a microsecond."""
    return tuple(map(convert, messages)) if messages else None


@lru_cache(maxsize=8192)
def _owner(raw: bytes) -> facts.OwnerReference:
    m = pb.OwnerReference.FromString(raw)
    controller = m.controller if m.HasField("controller") else None
    return facts.OwnerReference(m.kind, m.name, m.uid, m.api_version, controller)


def _metadata(m: pb.ObjectMeta) -> facts.ObjectMeta:
    return facts.ObjectMeta(
        m.name,
        m.namespace,
        m.uid,
        m.resource_version,
        m.generation,
        _time(m.creation_timestamp),
        _time(m.deletion_timestamp),
        _texts(m.labels),
        _texts(m.annotations),
        _each(_owner, m.owner_references),
    )


def _condition(m: pb.NodeCondition | pb.PodCondition) -> facts.Condition:
    return facts.Condition(m.type, m.status, m.reason, m.message)


# --- selectors --------------------------------------------------------------------------------------------------------


def _node_requirement(m: pb.NodeSelectorRequirement) -> facts.NodeSelectorRequirement:
    return facts.NodeSelectorRequirement(m.key, m.operator, tuple(m.values) or None)


def _term(m: pb.NodeSelectorTerm) -> facts.NodeSelectorTerm:
    return facts.NodeSelectorTerm(
        _each(_node_requirement, m.match_expressions), _each(_node_requirement, m.match_fields)
    )


def _terms(m: pb.NodeSelector) -> facts.NodeSelector:
    return facts.NodeSelector(_each(_term, m.node_selector_terms))


def _selector(m: pb.ResourceSliceSpec | pb.Device | pb.AllocationResult) -> facts.NodeSelector | None:
    return _terms(m.node_selector) if m.HasField("node_selector") else None


def _requirement(m: pb.LabelSelectorRequirement) -> facts.LabelSelectorRequirement:
    return facts.LabelSelectorRequirement(m.key, m.operator, tuple(m.values) or None)


def _labels(m: pb.LabelSelector) -> facts.LabelSelector:
    return facts.LabelSelector(_texts(m.match_labels), _each(_requirement, m.match_expressions))


# --- nodes ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _taint(raw: bytes) -> facts.Taint:
    m = pb.Taint.FromString(raw)
    return facts.Taint(m.key, m.value, m.effect)


def node(m: pb.Node) -> facts.Node:
    spec, status = m.spec, m.status
    return facts.Node(
        _metadata(m.metadata),
        facts.NodeSpec(spec.unschedulable, _each(_taint, spec.taints)),
        facts.NodeStatus(
            _quantities(status.capacity),
            _quantities(status.allocatable),
            _each(_condition, status.conditions),
        ),
    )


# --- pods -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _requirements(raw: bytes) -> facts.ResourceRequirements:
    m = pb.ResourceRequirements.FromString(raw)
    return facts.ResourceRequirements(_quantities(m.requests), _quantities(m.limits))


@lru_cache(maxsize=1024)
def _port(raw: bytes) -> facts.ContainerPort:
    m = pb.ContainerPort.FromString(raw)
    return facts.ContainerPort(m.host_port, m.protocol, m.host_ip)


def _container(m: pb.Container) -> facts.Container:
    ports = _each(_port, m.ports)
    return facts.Container(m.name, m.image, _requirements(m.resources), m.restart_policy or None, ports)


@lru_cache(maxsize=1024)
def _toleration(raw: bytes) -> facts.Toleration:
    m = pb.Toleration.FromString(raw)
    return facts.Toleration(m.key, m.operator, m.value, m.effect)


def _pod_claim(m: pb.PodResourceClaim) -> facts.PodResourceClaim:
    return facts.PodResourceClaim(m.name, m.resource_claim_name or None, m.resource_claim_template_name or None)


def _gate(m: pb.SchedulingGate) -> facts.SchedulingGate:
    return facts.SchedulingGate(m.name)


def _pod_term(m: pb.PodAffinityTerm) -> facts.PodAffinityTerm:
    return facts.PodAffinityTerm(
        _labels(m.label_selector) if m.HasField("label_selector") else None,
        tuple(m.namespaces) or None,
        m.topology_key,
        _labels(m.namespace_selector) if m.HasField("namespace_selector") else None,
        tuple(m.match_label_keys) or None,
        tuple(m.mismatch_label_keys) or None,
    )


@lru_cache(maxsize=1024)
def _affinity(raw: bytes) -> facts.Affinity:
    m = pb.Affinity.FromString(raw)
    nodes, near, apart = m.node_affinity, m.pod_affinity, m.pod_anti_affinity
    required = _terms(nodes.required) if nodes.HasField("required") else None
    return facts.Affinity(
        facts.NodeAffinity(required) if m.HasField("node_affinity") else None,
        facts.PodAffinity(_each(_pod_term, near.required)) if m.HasField("pod_affinity") else None,
        facts.PodAntiAffinity(_each(_pod_term, apart.required)) if m.HasField("pod_anti_affinity") else None,
    )


@lru_cache(maxsize=1024)
def _spread(raw: bytes) -> facts.TopologySpreadConstraint:
    m = pb.TopologySpreadConstraint.FromString(raw)
    return facts.TopologySpreadConstraint(
        m.max_skew,
        m.topology_key,
        m.when_unsatisfiable,
        _labels(m.label_selector) if m.HasField("label_selector") else None,
        m.min_domains if m.HasField("min_domains") else None,
        m.node_affinity_policy or None,
        m.node_taints_policy or None,
        tuple(m.match_label_keys) or None,
    )


def _volume(m: pb.Volume) -> facts.Volume:
    source = m.source
    claimed = source.HasField("persistent_volume_claim")
    return facts.Volume(
        m.name,
        facts.PersistentVolumeClaimVolumeSource(source.persistent_volume_claim.claim_name) if claimed else None,
        facts.EphemeralVolumeSource() if source.HasField("ephemeral") else None,
    )


def _group(m: pb.PodSchedulingGroup) -> facts.PodSchedulingGroup:
    return facts.PodSchedulingGroup(m.pod_group_name if m.HasField("pod_group_name") else None)


def _pod_spec(m: pb.PodSpec) -> facts.PodSpec:
    return facts.PodSpec(
        m.node_name,
        tuple(map(_container, m.containers)),
        _each(_container, m.init_containers),
        _quantities(m.overhead),
        _requirements(m.resources) if m.HasField("resources") else None,
        m.priority if m.HasField("priority") else None,
        m.priority_class_name,
        m.scheduler_name,
        _texts(m.node_selector),
        _each(_toleration, m.tolerations),
        _each(_pod_claim, m.resource_claims),
        _each(_gate, m.scheduling_gates),
        _affinity(m.affinity) if m.HasField("affinity") else None,
        _each(_spread, m.topology_spread_constraints),
        _each(_volume, m.volumes),
        m.preemption_policy or None,
        _group(m.scheduling_group) if m.HasField("scheduling_group") else None,
    )


def _health(m: pb.ResourceHealth) -> facts.ResourceHealth:
    return facts.ResourceHealth(m.resource_id, m.health or None)


def _resource_status(m: pb.ResourceStatus) -> facts.ResourceStatus:
    return facts.ResourceStatus(m.name, _each(_health, m.resources))


def _ended(m: pb.ContainerStateTerminated) -> facts.ContainerStateTerminated:
    return facts.ContainerStateTerminated(m.exit_code, m.reason, m.message, _time(m.finished_at))


_NEITHER = facts.ContainerState()


def _state(m: pb.ContainerState) -> facts.ContainerState:
    """Every container has two of these, and most say nothing: those are one object."""
    if m.HasField("waiting"):
        return facts.ContainerState(facts.ContainerStateWaiting(m.waiting.reason, m.waiting.message))
    return facts.ContainerState(None, _ended(m.terminated)) if m.HasField("terminated") else _NEITHER


def _container_status(m: pb.ContainerStatus) -> facts.ContainerStatus:
    return facts.ContainerStatus(
        m.name,
        m.ready,
        m.restart_count,
        _state(m.state),
        _quantities(m.allocated_resources),
        _requirements(m.resources) if m.HasField("resources") else None,
        _each(_resource_status, m.allocated_resources_status),
        _state(m.last_state),
    )


def _pod_claim_status(m: pb.PodResourceClaimStatus) -> facts.PodResourceClaimStatus:
    return facts.PodResourceClaimStatus(m.name, m.resource_claim_name or None)


def _mapping(m: pb.ContainerExtendedResourceRequest) -> facts.ContainerExtendedResourceRequest:
    return facts.ContainerExtendedResourceRequest(m.container_name, m.resource_name, m.request_name)


def _extended(m: pb.PodExtendedResourceClaimStatus) -> facts.PodExtendedResourceClaimStatus:
    return facts.PodExtendedResourceClaimStatus(m.resource_claim_name, _each(_mapping, m.request_mappings))


def _pod_status(m: pb.PodStatus) -> facts.PodStatus:
    extended = m.HasField("extended_resource_claim_status")
    return facts.PodStatus(
        m.phase,
        m.reason,
        _time(m.start_time),
        _each(_condition, m.conditions),
        m.nominated_node_name,
        _each(_container_status, m.container_statuses),
        _each(_container_status, m.init_container_statuses),
        _each(_pod_claim_status, m.resource_claim_statuses),
        _extended(m.extended_resource_claim_status) if extended else None,
    )


def pod(m: pb.Pod) -> facts.Pod:
    return facts.Pod(_metadata(m.metadata), _pod_spec(m.spec), _pod_status(m.status))


# --- DRA --------------------------------------------------------------------------------------------------------------


def _attribute(m: pb.DeviceAttribute) -> facts.DeviceAttribute:
    return facts.DeviceAttribute(
        m.int_value if m.HasField("int_value") else None,
        m.bool_value if m.HasField("bool_value") else None,
        m.string_value if m.HasField("string_value") else None,
        m.version_value if m.HasField("version_value") else None,
    )


def _quantity(m: pb.CapacityRequestPolicyRange | pb.CapacityRequestPolicy, name: Any) -> str | None:
    return getattr(m, name).text if m.HasField(name) else None


def _policy(m: pb.CapacityRequestPolicy) -> facts.CapacityRequestPolicy:
    of = m.valid_range
    valid = facts.CapacityRequestPolicyRange(_quantity(of, "min"), _quantity(of, "max"), _quantity(of, "step"))
    return facts.CapacityRequestPolicy(
        _quantity(m, "default"),
        tuple(v.text for v in m.valid_values) or None,
        valid if m.HasField("valid_range") else None,
    )


def _capacity(m: pb.Capacity) -> facts.DeviceCapacity:
    return facts.DeviceCapacity(m.value.text, _policy(m.request_policy) if m.HasField("request_policy") else None)


def _counters(m: Mapping[str, pb.Amount]) -> dict[str, facts.DeviceCounter] | None:
    return {key: facts.DeviceCounter(m[key].value.text) for key in m} if m else None


def _counter_set(m: pb.CounterSet) -> facts.CounterSet:
    return facts.CounterSet(m.name, _counters(m.counters))


def _consumption(m: pb.DeviceCounterConsumption) -> facts.DeviceCounterConsumption:
    return facts.DeviceCounterConsumption(m.counter_set, _counters(m.counters))


def _device_taint(m: pb.DeviceTaint) -> facts.DeviceTaint:
    return facts.DeviceTaint(m.key, m.value, m.effect)


def _device(m: pb.Device) -> facts.Device:
    return facts.Device(
        m.name,
        {key: _attribute(m.attributes[key]) for key in m.attributes} or None,
        {key: _capacity(m.capacity[key]) for key in m.capacity} or None,
        _each(_consumption, m.consumes_counters),
        _each(_device_taint, m.taints),
        m.allow_multiple_allocations if m.HasField("allow_multiple_allocations") else None,
        m.node_name or None,
        _selector(m),
        m.all_nodes if m.HasField("all_nodes") else None,
        m.binds_to_node if m.HasField("binds_to_node") else None,
        tuple(m.binding_conditions) or None,
        tuple(m.binding_failure_conditions) or None,
    )


def resource_slice(m: pb.ResourceSlice) -> facts.ResourceSlice:
    spec, pool = m.spec, m.spec.pool
    return facts.ResourceSlice(
        _metadata(m.metadata),
        facts.ResourceSliceSpec(
            spec.driver,
            facts.ResourcePool(pool.name, pool.generation, pool.resource_slice_count),
            spec.node_name or None,
            _selector(spec),
            spec.all_nodes if spec.HasField("all_nodes") else None,
            spec.per_device_node_selection if spec.HasField("per_device_node_selection") else None,
            _each(_device, spec.devices),
            _each(_counter_set, spec.shared_counters),
        ),
    )


def _device_selector(m: pb.DeviceSelector) -> facts.DeviceSelector:
    return facts.DeviceSelector(facts.CELDeviceSelector(m.cel.expression) if m.HasField("cel") else None)


def _asks(m: pb.ExactDeviceRequest | pb.DeviceSubRequest) -> tuple[Any, ...]:
    """What both kinds of request end with."""
    capacity = facts.CapacityRequirements(_quantities(m.capacity.requests)) if m.HasField("capacity") else None
    return _each(_device_selector, m.selectors), _each(_toleration, m.tolerations), capacity


def _exact(m: pb.ExactDeviceRequest) -> facts.ExactDeviceRequest:
    admin = m.admin_access if m.HasField("admin_access") else None
    return facts.ExactDeviceRequest(m.device_class_name, m.allocation_mode, m.count, admin, *_asks(m))


def _sub_request(m: pb.DeviceSubRequest) -> facts.DeviceSubRequest:
    return facts.DeviceSubRequest(m.name, m.device_class_name, m.allocation_mode, m.count, *_asks(m))


def _request(m: pb.DeviceRequest) -> facts.DeviceRequest:
    exactly = _exact(m.exactly) if m.HasField("exactly") else None
    return facts.DeviceRequest(m.name, exactly, _each(_sub_request, m.first_available))


def _result(m: pb.DeviceRequestAllocationResult) -> facts.DeviceRequestAllocationResult:
    return facts.DeviceRequestAllocationResult(
        m.request,
        m.driver,
        m.pool,
        m.device,
        m.admin_access if m.HasField("admin_access") else None,
        m.share_id or None,
        _quantities(m.consumed_capacity),
    )


def _allocation(m: pb.AllocationResult) -> facts.AllocationResult:
    results = _each(_result, m.devices.results)
    return facts.AllocationResult(facts.DeviceAllocationResult(results), _selector(m), _time(m.allocation_timestamp))


def _consumer(m: pb.ResourceClaimConsumerReference) -> facts.ResourceClaimConsumerReference:
    return facts.ResourceClaimConsumerReference(m.resource, m.name, m.uid)


def _constraint(m: pb.DeviceConstraint) -> facts.DeviceConstraint:
    return facts.DeviceConstraint(tuple(m.requests) or None, m.match_attribute or None, m.distinct_attribute or None)


def resource_claim(m: pb.ResourceClaim) -> facts.ResourceClaim:
    status, devices = m.status, m.spec.devices
    asked = facts.DeviceClaim(_each(_request, devices.requests), _each(_constraint, devices.constraints))
    return facts.ResourceClaim(
        _metadata(m.metadata),
        facts.ResourceClaimSpec(asked),
        facts.ResourceClaimStatus(
            _allocation(status.allocation) if status.HasField("allocation") else None,
            _each(_consumer, status.reserved_for),
        ),
    )


def device_class(m: pb.DeviceClass) -> facts.DeviceClass:
    spec = m.spec
    chosen = _each(_device_selector, spec.selectors)
    return facts.DeviceClass(_metadata(m.metadata), facts.DeviceClassSpec(spec.extended_resource_name or None, chosen))


def device_taint_rule(m: pb.DeviceTaintRule) -> facts.DeviceTaintRule:
    spec, selector = m.spec, m.spec.device_selector
    chosen = facts.DeviceTaintSelector(selector.driver or None, selector.pool or None, selector.device or None)
    return facts.DeviceTaintRule(
        _metadata(m.metadata),
        facts.DeviceTaintRuleSpec(chosen if spec.HasField("device_selector") else None, _device_taint(spec.taint)),
    )


# --- by kind ----------------------------------------------------------------------------------------------------------

_READERS: dict[Kind, tuple[Any, Callable[[Any], Object]]] = {
    "nodes": (pb.Node, node),
    "pods": (pb.Pod, pod),
    "resourceslices": (pb.ResourceSlice, resource_slice),
    "resourceclaims": (pb.ResourceClaim, resource_claim),
    "deviceclasses": (pb.DeviceClass, device_class),
    "devicetaintrules": (pb.DeviceTaintRule, device_taint_rule),
}


def reader(kind: Kind) -> Callable[[bytes], Object]:
    """From the bytes of one object to its facts. Raises `google.protobuf.message.DecodeError`, UnicodeDecodeError."""
    message, convert = _READERS[kind]
    parse = message.FromString
    return lambda raw: convert(parse(raw))


def metadata_of(kind: Kind, raw: bytes) -> facts.ObjectMeta:
    """Only the metadata, of an object that may be broken elsewhere or empty (a bookmark). Raises as the reader does."""
    return _metadata(_READERS[kind][0].FromString(raw).metadata)
