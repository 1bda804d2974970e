"""Which struct the JSON of a kind in an API version decodes into, and how that becomes facts, which have v1's shape."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct, structs

from k8sai import facts
from k8sai.cluster.sources import Kind
from k8sai.facts import Fact, Object

GROUP: dict[Kind, str] = {
    "nodes": "",
    "pods": "",
    "resourceslices": "resource.k8s.io",
    "resourceclaims": "resource.k8s.io",
    "deviceclasses": "resource.k8s.io",
    "devicetaintrules": "resource.k8s.io",
}
NAMESPACED: frozenset[Kind] = frozenset({"pods", "resourceclaims"})

TYPES: dict[Kind, type[Struct]] = {
    "nodes": facts.Node,
    "pods": facts.Pod,
    "resourceslices": facts.ResourceSlice,
    "resourceclaims": facts.ResourceClaim,
    "deviceclasses": facts.DeviceClass,
    "devicetaintrules": facts.DeviceTaintRule,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """`type` is what `msgspec` decodes; `lift` turns that into facts, None where it is facts already."""

    type: Any
    lift: Callable[[Any], Object] | None = None

    @property
    def is_v1(self) -> bool:
        """Laid out as v1, so that protobuf field numbers are v1's as well."""
        return self.lift is None


def shape(kind: Kind, version: str) -> Shape:
    """v1beta2 (1.33) is v1 in every field we read, and so is each version of a taint rule and of a class."""
    return _V1BETA1.get(kind, Shape(TYPES[kind])) if version == "v1beta1" else Shape(TYPES[kind])


# --- resource.k8s.io/v1beta1 (1.32): a device's fields lie under `basic`, and a request's under no `exactly` ----------


class _Device(Fact, frozen=True):
    name: str = ""
    basic: facts.Device | None = None


class _SliceSpec(Fact, frozen=True):
    driver: str = ""
    pool: facts.ResourcePool = facts.ResourcePool()
    node_name: str | None = None
    node_selector: facts.NodeSelector | None = None
    all_nodes: bool | None = None
    per_device_node_selection: bool | None = None
    devices: tuple[_Device, ...] | None = None
    shared_counters: tuple[facts.CounterSet, ...] | None = None


class _Slice(Fact, frozen=True):
    metadata: facts.ObjectMeta
    spec: _SliceSpec = _SliceSpec()


def _slice(old: _Slice) -> facts.ResourceSlice:
    fields = structs.asdict(old.spec)
    if old.spec.devices is not None:
        fields["devices"] = tuple(structs.replace(d.basic or facts.Device(), name=d.name) for d in old.spec.devices)
    return facts.ResourceSlice(old.metadata, facts.ResourceSliceSpec(**fields))


class _Request(Fact, frozen=True):
    name: str = ""
    device_class_name: str = ""
    allocation_mode: str = ""
    count: int = 0
    admin_access: bool | None = None
    selectors: tuple[facts.DeviceSelector, ...] | None = None
    tolerations: tuple[facts.Toleration, ...] | None = None
    capacity: facts.CapacityRequirements | None = None
    first_available: tuple[facts.DeviceSubRequest, ...] | None = None


class _DeviceClaim(Fact, frozen=True):
    requests: tuple[_Request, ...] | None = None
    constraints: tuple[facts.DeviceConstraint, ...] | None = None


class _ClaimSpec(Fact, frozen=True):
    devices: _DeviceClaim = _DeviceClaim()


class _Claim(Fact, frozen=True):
    metadata: facts.ObjectMeta
    spec: _ClaimSpec = _ClaimSpec()
    status: facts.ResourceClaimStatus = facts.ResourceClaimStatus()


def _request(old: _Request) -> facts.DeviceRequest:
    if old.first_available:
        return facts.DeviceRequest(old.name, None, old.first_available)
    exactly = facts.ExactDeviceRequest(
        old.device_class_name,
        old.allocation_mode,
        old.count,
        old.admin_access,
        old.selectors,
        old.tolerations,
        old.capacity,
    )
    return facts.DeviceRequest(old.name, exactly)


def _claim(old: _Claim) -> facts.ResourceClaim:
    requests = old.spec.devices.requests
    new = None if requests is None else tuple(map(_request, requests))
    asked = facts.DeviceClaim(new, old.spec.devices.constraints)
    return facts.ResourceClaim(old.metadata, facts.ResourceClaimSpec(asked), old.status)


_V1BETA1: dict[Kind, Shape] = {
    "resourceslices": Shape(_Slice, _slice),
    "resourceclaims": Shape(_Claim, _claim),
}
