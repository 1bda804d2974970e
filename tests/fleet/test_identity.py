"""Which card a pod holds, from whoever says so, and how the slots of a node show it."""

from typing import Any

from k8sai.fleet.answers import Device
from k8sai.fleet.hami import granted, registered
from tests.fleet.facts_by_hand import (
    H100,
    card,
    claim,
    claiming,
    counters,
    fleet_of,
    node,
    partitionable,
    pod,
    resource_slice,
    taint_rule,
)


def holds(*devices: str, resource: str = "nvidia.com/gpu", health: str = "Healthy") -> dict[str, Any]:
    listed = [{"resourceID": device, "health": health} for device in devices]
    status = {"name": "main", "allocatedResourcesStatus": [{"name": resource, "resources": listed}]}
    return {"containerStatuses": [status]}


def names(devices: tuple[Device, ...]) -> list[tuple[str, str, str, list[tuple[str, float]]]]:
    return [(one.id, one.kind, one.state, [(h.name, h.share) for h in one.holders]) for one in devices]


def test_the_kubelet_names_cards() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 2, "n1", status=holds("GPU-7", "GPU-3")), pod("b", 1, "n1"))
    row = fleet.node("n1")
    assert names(row.devices) == [("GPU-3", "card", "held", [("a", 1)]), ("GPU-7", "card", "held", [("a", 1)])]
    assert {(one.uuid, one.source, one.product) for one in row.devices} == {
        ("GPU-3", "status", H100),
        ("GPU-7", "status", H100),
    }
    assert [(slot.device, slot.holder.name if slot.holder else "") for slot in row.slots] == [
        ("GPU-3", "a"),
        ("GPU-7", "a"),
        ("", "b"),
        *[("", "")] * 5,
    ]


def test_unhealthy_and_unknown_devices() -> None:
    fleet = fleet_of(
        node(allocatable={"nvidia.com/gpu": 7}),
        pod("a", 1, "n1", status=holds("GPU-0", health="Unhealthy")),
        pod("b", 1, "n1", status=holds("GPU-1", health="Unknown")),
    )
    assert [one.state for one in fleet.node("n1").devices] == ["unhealthy", "unknown"]
    states = [slot.state for slot in fleet.node("n1").slots]
    assert states == ["unhealthy", "unknown", *["free"] * 6]


def test_replicas_lie_on_the_card_they_name() -> None:
    labels = {"nvidia.com/gpu.replicas": "4"}
    fleet = fleet_of(
        node(capacity={"nvidia.com/gpu": 8}, labels=labels),
        pod("a", 1, "n1", status=holds("GPU-5::0")),
        pod("b", 2, "n1", status=holds("GPU-5::1", "GPU-6::0")),
    )
    row = fleet.node("n1")
    assert [(one.id, one.parent, one.uuid) for one in row.devices] == [
        ("GPU-5::0", "GPU-5", "GPU-5"),
        ("GPU-5::1", "GPU-5", "GPU-5"),
        ("GPU-6::0", "GPU-6", "GPU-6"),
    ]
    assert [(slot.device, slot.used, slot.holders) for slot in row.slots] == [("GPU-5", 0.5, 2), ("GPU-6", 0.25, 1)]


def test_names_of_other_device_plugins() -> None:
    fleet = fleet_of(
        node(), pod("a", 1, "n1", status=holds("nvidia0/vgpu1")), pod("b", 1, "n1", status=holds("nvidia1"))
    )
    assert [(one.id, one.parent) for one in fleet.node("n1").devices] == [("nvidia1", ""), ("nvidia0/vgpu1", "nvidia0")]


def test_mig_devices_do_not_say_which_card_they_are_of() -> None:
    mig = "nvidia.com/mig-3g.40gb"
    fleet = fleet_of(node(capacity={mig: 4}), pod("a", 1, "n1", resource=mig, status=holds("MIG-9", resource=mig)))
    row = fleet.node("n1")
    assert names(row.devices) == [("MIG-9", "slice", "held", [("a", 0.428571)])]
    assert [(slot.device, slot.used) for slot in row.slots] == [("", 0.428571), ("", 0)]


def test_a_terminating_pod_shows_on_its_card() -> None:
    fleet = fleet_of(node(), pod("a", 1, "n1", terminating=True, status=holds("GPU-0")))
    assert fleet.node("n1").devices[0].state == "terminating"
    assert fleet.node("n1").slots[0].state == "terminating"


def test_dra_names_every_card_held_or_not() -> None:
    fleet = fleet_of(
        node(capacity={}),
        resource_slice([card(index) for index in (0, 1, 2, 10)]),
        taint_rule(device="gpu-2"),
        claim("c", ["gpu-1"], reserved=("p",)),
        claim("lost", ["gpu-10"]),
        claiming("p", "c", node="n1"),
    )
    row = fleet.node("n1")
    prefix = "gpu.nvidia.com/n1/gpu-"
    assert names(row.devices) == [
        (f"{prefix}0", "card", "free", []),
        (f"{prefix}1", "card", "held", [("p", 1)]),
        (f"{prefix}2", "card", "unhealthy", []),
        (f"{prefix}10", "card", "leaked", [("lost", 1)]),
    ]
    assert [one.uuid for one in row.devices] == ["GPU-0", "GPU-1", "GPU-2", "GPU-10"]
    assert [slot.state for slot in row.slots] == ["free", "held", "unhealthy", "leaked"]


def test_held_partitions_are_named_under_their_card() -> None:
    fleet = fleet_of(
        node(capacity={}),
        resource_slice(partitionable(), name="devices", count=2),
        resource_slice(name="counters", count=2, shared=[counters()]),
        claim("c", ["gpu-0-mig-3g-0"], reserved=("p",)),
        claiming("p", "c", node="n1"),
    )
    row = fleet.node("n1")
    whole, part = row.devices
    assert (whole.id, whole.kind, whole.holders[0].share) == ("gpu.nvidia.com/n1/gpu-0", "card", 0.5)
    assert (part.id, part.kind, part.parent) == ("gpu.nvidia.com/n1/gpu-0-mig-3g-0", "slice", whole.id)
    assert [(slot.used, slot.device) for slot in row.slots] == [(0.5, whole.id)]


def test_the_kubelets_word_on_a_dra_device() -> None:
    status = holds("gpu.nvidia.com/n1/gpu-0", resource="claim:c", health="Unhealthy")
    spec = {"resourceClaims": [{"name": "c", "resourceClaimName": "c"}]}
    fleet = fleet_of(
        node(capacity={}),
        resource_slice([card(0)]),
        claim("c", ["gpu-0"], reserved=("p",)),
        pod("p", 0, "n1", spec=spec, status=status),
    )
    (device,) = fleet.node("n1").devices
    assert (device.state, [holder.name for holder in device.holders]) == ("unhealthy", ["p"])


NINE = "GPU-1,10,40000,100,NVIDIA-NVIDIA A100,0,true,0,hami-core:GPU-2,10,40000,100,NVIDIA-NVIDIA A100,0,false,1,hami:"
SEVEN = "GPU-1,10,40000,100,NVIDIA-Tesla V100-PCIE-32GB,0,true:"


def test_hami_registers() -> None:
    assert [(one.uuid, one.memory, one.healthy, one.product) for one in registered(NINE)] == [
        ("GPU-1", 40000, True, "NVIDIA-A100"),
        ("GPU-2", 40000, False, "NVIDIA-A100"),
    ]
    assert [(one.uuid, one.product) for one in registered(SEVEN)] == [("GPU-1", "NVIDIA-Tesla-V100-PCIE-32GB")]
    assert [one.memory for one in registered("GPU-1,8,24000,NVIDIA-A100,true,hami-core:")] == [24000]
    assert [one.uuid for one in registered('[{"id": "GPU-9", "devmem": 5}]')] == ["GPU-9"]
    for rubbish in ("x", "a,b,c,d,e,f,g:", "[1", '[{"no": 1}]', ""):
        assert registered(rubbish) == ()


def test_hami_grants() -> None:
    two = "GPU-1,NVIDIA,10000,30:GPU-2,NVIDIA,5000,0:;GPU-1,NVIDIA,10000,30:;"
    assert [(one.uuid, one.memory, one.cores) for one in granted(two)] == [("GPU-1", 20000, 60), ("GPU-2", 5000, 0)]
    assert granted("nonsense;GPU-1,NVIDIA,x,y:") == ()


def test_hami_fills_cards() -> None:
    def vgpu(name: str, memory: int, cores: int) -> Any:
        annotations = {"hami.io/vgpu-devices-allocated": f"GPU-1,NVIDIA,{memory},{cores}:;"}
        return pod(name, 1, "n1", annotations=annotations)

    shared = node(capacity={"nvidia.com/gpu": 20}, annotations={"hami.io/node-nvidia-register": NINE})
    fleet = fleet_of(shared, vgpu("a", 10000, 50), vgpu("b", 20000, 0))
    row = fleet.node("n1")
    assert names(row.devices) == [
        ("GPU-1", "card", "held", [("a", 0.5), ("b", 0.5)]),
        ("GPU-2", "card", "unhealthy", []),
    ]
    assert [(slot.used, slot.holders, slot.state) for slot in row.slots] == [(1, 2, "held"), (0, 0, "unhealthy")]
    assert (row.figures.capacity, row.figures.used) == (2, 0.2)


def test_meters_name_what_nobody_else_does() -> None:
    fleet = fleet_of(node(), pod("a", 1, "n1", status=holds("GPU-0")), pod("b", 1, "n1"))
    version = fleet.version
    fleet.use_readings(
        {
            "GPU-0": ("n1", "team-a", "b"),  # the kubelet says otherwise
            "GPU-1": ("n1", "team-a", "b"),
            "GPU-2": ("n1", "", ""),
            "GPU-3": ("n2", "team-a", "a"),
        }
    )
    assert fleet.version > version
    assert [
        (*name, one.source) for name, one in zip(names(fleet.node("n1").devices), fleet.node("n1").devices, strict=True)
    ] == [
        ("GPU-0", "card", "held", [("a", 1)], "status"),
        ("GPU-1", "card", "held", [("b", 1)], "dcgm"),
        ("GPU-2", "card", "unknown", [], "dcgm"),
    ]


def test_slots_without_names_go_in_order_of_start() -> None:
    fleet = fleet_of(
        node(capacity={"nvidia.com/gpu": 4}),
        pod("late", 1, "n1", started="2026-11-09T00:00:00Z"),
        pod("early", 2, "n1", started="2026-11-08T00:00:00Z"),
        pod("ghost", 1, nominated="n1"),
    )
    assert [(slot.holder.name, slot.state) for slot in fleet.node("n1").slots if slot.holder] == [
        ("early", "held"),
        ("early", "held"),
        ("late", "held"),
        ("ghost", "reserved"),
    ]


def test_unhealthy_cards_are_held_where_there_is_no_other() -> None:
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 2}, allocatable={"nvidia.com/gpu": 1}), pod("a", 2, "n1"))
    assert [(slot.state, slot.used) for slot in fleet.node("n1").slots] == [("held", 1), ("unhealthy", 1)]
