"""Protobuf messages of the API server into facts: the same values that JSON gives, a test compares both.

Written out field by field rather than driven by a table: 8,000 pods pass here before a first screen is painted.
A Go pointer that is nil is an absent field; an empty value is left out of JSON, so it is None or the default here.
Parts that are the same in many objects (what a container asks for, tolerations, owners) are looked up by their bytes:
three times faster than reading them anew, and 8,000 pods of one shape then hold one copy of it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.sources import Kind
from k8sai.cluster.wire_dra import device_class, device_taint_rule, resource_claim, resource_slice
from k8sai.cluster.wire_parts import (
    condition,
    each,
    label_selector,
    metadata,
    node_terms,
    quantities,
    texts,
    time_of,
    toleration,
)
from k8sai.facts import Object

# --- nodes ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _taint(raw: bytes) -> facts.Taint:
    m = pb.Taint.FromString(raw)
    return facts.Taint(m.key, m.value, m.effect)


def node(m: pb.Node) -> facts.Node:
    spec, status = m.spec, m.status
    return facts.Node(
        metadata(m.metadata),
        facts.NodeSpec(spec.unschedulable, each(_taint, spec.taints)),
        facts.NodeStatus(
            quantities(status.capacity),
            quantities(status.allocatable),
            each(condition, status.conditions),
        ),
    )


# --- pods -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _requirements(raw: bytes) -> facts.ResourceRequirements:
    m = pb.ResourceRequirements.FromString(raw)
    return facts.ResourceRequirements(quantities(m.requests), quantities(m.limits))


@lru_cache(maxsize=1024)
def _port(raw: bytes) -> facts.ContainerPort:
    m = pb.ContainerPort.FromString(raw)
    return facts.ContainerPort(m.host_port, m.protocol, m.host_ip)


def _container(m: pb.Container) -> facts.Container:
    ports = each(_port, m.ports)
    return facts.Container(m.name, m.image, _requirements(m.resources), m.restart_policy or None, ports)


def _pod_claim(m: pb.PodResourceClaim) -> facts.PodResourceClaim:
    return facts.PodResourceClaim(m.name, m.resource_claim_name or None, m.resource_claim_template_name or None)


def _gate(m: pb.SchedulingGate) -> facts.SchedulingGate:
    return facts.SchedulingGate(m.name)


def _pod_term(m: pb.PodAffinityTerm) -> facts.PodAffinityTerm:
    return facts.PodAffinityTerm(
        label_selector(m.label_selector) if m.HasField("label_selector") else None,
        tuple(m.namespaces) or None,
        m.topology_key,
        label_selector(m.namespace_selector) if m.HasField("namespace_selector") else None,
        tuple(m.match_label_keys) or None,
        tuple(m.mismatch_label_keys) or None,
    )


@lru_cache(maxsize=1024)
def _affinity(raw: bytes) -> facts.Affinity:
    m = pb.Affinity.FromString(raw)
    nodes, near, apart = m.node_affinity, m.pod_affinity, m.pod_anti_affinity
    required = node_terms(nodes.required) if nodes.HasField("required") else None
    return facts.Affinity(
        facts.NodeAffinity(required) if m.HasField("node_affinity") else None,
        facts.PodAffinity(each(_pod_term, near.required)) if m.HasField("pod_affinity") else None,
        facts.PodAntiAffinity(each(_pod_term, apart.required)) if m.HasField("pod_anti_affinity") else None,
    )


@lru_cache(maxsize=1024)
def _spread(raw: bytes) -> facts.TopologySpreadConstraint:
    m = pb.TopologySpreadConstraint.FromString(raw)
    return facts.TopologySpreadConstraint(
        m.max_skew,
        m.topology_key,
        m.when_unsatisfiable,
        label_selector(m.label_selector) if m.HasField("label_selector") else None,
        m.min_domains if m.HasField("min_domains") else None,
        m.node_affinity_policy or None,
        m.node_taints_policy or None,
        tuple(m.match_label_keys) or None,
    )


@lru_cache(maxsize=8192)
def _source(raw: bytes) -> tuple[facts.PersistentVolumeClaimVolumeSource | None, facts.EphemeralVolumeSource | None]:
    m = pb.VolumeSource.FromString(raw)
    claimed = m.HasField("persistent_volume_claim")
    return (
        facts.PersistentVolumeClaimVolumeSource(m.persistent_volume_claim.claim_name) if claimed else None,
        facts.EphemeralVolumeSource() if m.HasField("ephemeral") else None,
    )


def _volume(m: pb.Volume) -> facts.Volume:
    return facts.Volume(m.name, *_source(m.source))


def _group(m: pb.PodSchedulingGroup) -> facts.PodSchedulingGroup:
    return facts.PodSchedulingGroup(m.pod_group_name if m.HasField("pod_group_name") else None)


def _pod_spec(m: pb.PodSpec) -> facts.PodSpec:
    return facts.PodSpec(
        m.node_name,
        tuple(map(_container, m.containers)),
        each(_container, m.init_containers),
        quantities(m.overhead),
        _requirements(m.resources) if m.HasField("resources") else None,
        m.priority if m.HasField("priority") else None,
        m.priority_class_name,
        m.scheduler_name,
        texts(m.node_selector),
        each(toleration, m.tolerations),
        each(_pod_claim, m.resource_claims),
        each(_gate, m.scheduling_gates),
        _affinity(m.affinity) if m.HasField("affinity") else None,
        each(_spread, m.topology_spread_constraints),
        each(_volume, m.volumes),
        m.preemption_policy or None,
        _group(m.scheduling_group) if m.HasField("scheduling_group") else None,
    )


def _health(m: pb.ResourceHealth) -> facts.ResourceHealth:
    return facts.ResourceHealth(m.resource_id, m.health or None)


def _resource_status(m: pb.ResourceStatus) -> facts.ResourceStatus:
    return facts.ResourceStatus(m.name, each(_health, m.resources))


def _ended(m: pb.ContainerStateTerminated) -> facts.ContainerStateTerminated:
    return facts.ContainerStateTerminated(m.exit_code, m.reason, m.message, time_of(m.finished_at))


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
        quantities(m.allocated_resources),
        _requirements(m.resources) if m.HasField("resources") else None,
        each(_resource_status, m.allocated_resources_status),
        _state(pb.ContainerState.FromString(m.last_state)) if m.last_state else _NEITHER,
    )


def _pod_claim_status(m: pb.PodResourceClaimStatus) -> facts.PodResourceClaimStatus:
    return facts.PodResourceClaimStatus(m.name, m.resource_claim_name or None)


def _mapping(m: pb.ContainerExtendedResourceRequest) -> facts.ContainerExtendedResourceRequest:
    return facts.ContainerExtendedResourceRequest(m.container_name, m.resource_name, m.request_name)


def _extended(m: pb.PodExtendedResourceClaimStatus) -> facts.PodExtendedResourceClaimStatus:
    return facts.PodExtendedResourceClaimStatus(m.resource_claim_name, each(_mapping, m.request_mappings))


def _pod_status(m: pb.PodStatus) -> facts.PodStatus:
    extended = m.HasField("extended_resource_claim_status")
    return facts.PodStatus(
        m.phase,
        m.reason,
        time_of(m.start_time),
        each(condition, m.conditions),
        m.nominated_node_name,
        each(_container_status, m.container_statuses),
        each(_container_status, m.init_container_statuses),
        each(_pod_claim_status, m.resource_claim_statuses),
        _extended(m.extended_resource_claim_status) if extended else None,
    )


def pod(m: pb.Pod) -> facts.Pod:
    return facts.Pod(metadata(m.metadata), _pod_spec(m.spec), _pod_status(m.status))


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
    return metadata(_READERS[kind][0].FromString(raw).metadata)
