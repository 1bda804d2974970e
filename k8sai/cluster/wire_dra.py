"""Protobuf messages of resource.k8s.io into facts."""

from collections.abc import Mapping
from typing import Any

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.wire_parts import each, metadata, node_selector, quantities, time_of, toleration


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
        each(_consumption, m.consumes_counters),
        each(_device_taint, m.taints),
        m.allow_multiple_allocations if m.HasField("allow_multiple_allocations") else None,
        m.node_name or None,
        node_selector(m),
        m.all_nodes if m.HasField("all_nodes") else None,
        m.binds_to_node if m.HasField("binds_to_node") else None,
        tuple(m.binding_conditions) or None,
        tuple(m.binding_failure_conditions) or None,
    )


def resource_slice(m: pb.ResourceSlice) -> facts.ResourceSlice:
    spec, pool = m.spec, m.spec.pool
    return facts.ResourceSlice(
        metadata(m.metadata),
        facts.ResourceSliceSpec(
            spec.driver,
            facts.ResourcePool(pool.name, pool.generation, pool.resource_slice_count),
            spec.node_name or None,
            node_selector(spec),
            spec.all_nodes if spec.HasField("all_nodes") else None,
            spec.per_device_node_selection if spec.HasField("per_device_node_selection") else None,
            each(_device, spec.devices),
            each(_counter_set, spec.shared_counters),
        ),
    )


def _device_selector(m: pb.DeviceSelector) -> facts.DeviceSelector:
    return facts.DeviceSelector(facts.CELDeviceSelector(m.cel.expression) if m.HasField("cel") else None)


def _asks(m: pb.ExactDeviceRequest | pb.DeviceSubRequest) -> tuple[Any, ...]:
    """What both kinds of request end with."""
    capacity = facts.CapacityRequirements(quantities(m.capacity.requests)) if m.HasField("capacity") else None
    return each(_device_selector, m.selectors), each(toleration, m.tolerations), capacity


def _exact(m: pb.ExactDeviceRequest) -> facts.ExactDeviceRequest:
    admin = m.admin_access if m.HasField("admin_access") else None
    return facts.ExactDeviceRequest(m.device_class_name, m.allocation_mode, m.count, admin, *_asks(m))


def _sub_request(m: pb.DeviceSubRequest) -> facts.DeviceSubRequest:
    return facts.DeviceSubRequest(m.name, m.device_class_name, m.allocation_mode, m.count, *_asks(m))


def _request(m: pb.DeviceRequest) -> facts.DeviceRequest:
    exactly = _exact(m.exactly) if m.HasField("exactly") else None
    return facts.DeviceRequest(m.name, exactly, each(_sub_request, m.first_available))


def _result(m: pb.DeviceRequestAllocationResult) -> facts.DeviceRequestAllocationResult:
    return facts.DeviceRequestAllocationResult(
        m.request,
        m.driver,
        m.pool,
        m.device,
        m.admin_access if m.HasField("admin_access") else None,
        m.share_id or None,
        quantities(m.consumed_capacity),
    )


def _allocation(m: pb.AllocationResult) -> facts.AllocationResult:
    results = each(_result, m.devices.results)
    return facts.AllocationResult(
        facts.DeviceAllocationResult(results), node_selector(m), time_of(m.allocation_timestamp)
    )


def _consumer(m: pb.ResourceClaimConsumerReference) -> facts.ResourceClaimConsumerReference:
    return facts.ResourceClaimConsumerReference(m.resource, m.name, m.uid)


def _constraint(m: pb.DeviceConstraint) -> facts.DeviceConstraint:
    return facts.DeviceConstraint(tuple(m.requests) or None, m.match_attribute or None, m.distinct_attribute or None)


def resource_claim(m: pb.ResourceClaim) -> facts.ResourceClaim:
    status, devices = m.status, m.spec.devices
    asked = facts.DeviceClaim(each(_request, devices.requests), each(_constraint, devices.constraints))
    return facts.ResourceClaim(
        metadata(m.metadata),
        facts.ResourceClaimSpec(asked),
        facts.ResourceClaimStatus(
            _allocation(status.allocation) if status.HasField("allocation") else None,
            each(_consumer, status.reserved_for),
        ),
    )


def device_class(m: pb.DeviceClass) -> facts.DeviceClass:
    spec = m.spec
    chosen = each(_device_selector, spec.selectors)
    return facts.DeviceClass(metadata(m.metadata), facts.DeviceClassSpec(spec.extended_resource_name or None, chosen))


def device_taint_rule(m: pb.DeviceTaintRule) -> facts.DeviceTaintRule:
    spec, selector = m.spec, m.spec.device_selector
    chosen = facts.DeviceTaintSelector(selector.driver or None, selector.pool or None, selector.device or None)
    return facts.DeviceTaintRule(
        metadata(m.metadata),
        facts.DeviceTaintRuleSpec(chosen if spec.HasField("device_selector") else None, _device_taint(spec.taint)),
    )
