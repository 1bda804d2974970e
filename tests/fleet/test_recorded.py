"""Two recorded clusters, with figures worked out by hand from what is in them."""

import json
from pathlib import Path

import msgspec

from k8sai.cluster.sources import Kind
from k8sai.facts import DeviceClass, DeviceTaintRule, Node, Pod, ResourceClaim, ResourceSlice
from k8sai.fleet.answers import Figures
from k8sai.fleet.index import Fleet

CLUSTERS = Path(__file__).parents[1] / "clusters" / "fleet"
TYPES: dict[str, tuple[Kind, type]] = {
    "Node": ("nodes", Node),
    "Pod": ("pods", Pod),
    "ResourceSlice": ("resourceslices", ResourceSlice),
    "ResourceClaim": ("resourceclaims", ResourceClaim),
    "DeviceClass": ("deviceclasses", DeviceClass),
    "DeviceTaintRule": ("devicetaintrules", DeviceTaintRule),
}


def recorded(name: str) -> Fleet:
    fleet = Fleet()
    for item in json.loads((CLUSTERS / f"{name}.json").read_text("utf-8"))["items"]:
        kind, fact = TYPES[item["kind"]]
        fleet.put(kind, msgspec.convert(item, fact))
    return fleet


def described(fleet: Fleet) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Per node what `kubectl describe node` says of each resource: capacity, allocatable, and the sum of requests."""
    return {
        name: {line.resource: (line.capacity, line.allocatable, line.used) for line in fleet.node(name).resources}
        for name in fleet.node_names()
    }


def test_device_plugins() -> None:
    fleet = recorded("device-plugins")
    gpu = "nvidia.com/gpu"
    assert described(fleet) == {
        "h100-0": {gpu: (8, 8, 8)},
        "h100-1": {gpu: (8, 7, 3)},  # a sidecar of 1 before an init container of 2, beside a main container of 2
        "h100-2": {gpu: (8, 8, 4)},
        "h100-gone": {gpu: (0, 0, 2)},
        "hami-0": {gpu: (20, 20, 1), "nvidia.com/gpumem": (0, 0, 20000)},
        "mi300-0": {"amd.com/gpu": (8, 8, 4)},
        "mig-0": {gpu: (4, 4, 1), "nvidia.com/mig-1g.10gb": (14, 14, 3), "nvidia.com/mig-3g.40gb": (4, 4, 1)},
        "shared-0": {gpu: (16, 16, 2)},
        "trn-0": {"aws.amazon.com/neuron": (16, 16, 0), "aws.amazon.com/neuroncore": (32, 32, 4)},
    }
    # H100: 24. mig-0: 4 cards, 14 sevenths and 4 x 3 sevenths. shared-0: 4. mi300-0: 8. trn-0: 16. hami-0: 2.
    capacity = round(24 + 4 + 14 / 7 + 12 / 7 + 4 + 8 + 16 + 2, 6)
    used = round(8 + 3 + 4 + (1 + 3 / 7 + 3 / 7) + 2 / 4 + 4 + 2 + 1 / 10 + 2, 6)
    free = round(capacity - 1 - (used - 2), 6)  # one card is unhealthy, and two are held on a node that is gone
    assert fleet.totals() == Figures(
        capacity=capacity,
        allocatable=round(capacity - 1, 6),
        used=used,
        free=free,
        unhealthy=1,
        pending=fleet.totals().pending,
        blocked=4,
        terminating=4,
    )
    assert [total.name for total in fleet.queues()] == ["prod", "batch"]
    assert [(row.name, row.reason) for row in fleet.pending()] == [
        ("gang-0", "Unschedulable"),
        ("gang-1", "Unschedulable"),
        ("gated", "SchedulingGated"),
    ]
    assert fleet.problems() == ()
    assert [(slot.device, slot.used) for slot in fleet.node("hami-0").slots] == [("GPU-a", 0), ("GPU-b", 0.5)]
    assert fleet.node("h100-0").clique == "c1.0"
    assert fleet.node("h100-0").taints == ("nvidia.com/gpu=present:NoSchedule",)
    assert fleet.counts()["nodes"] == 9


def test_dra() -> None:
    fleet = recorded("dra")
    driver = "gpu.nvidia.com"
    assert described(fleet) == {
        "dra-0": {driver: (8, 7, 5)},
        "dra-1": {driver: (1, 1, 0.5)},
        "dra-2": {driver: (2, 0, 0)},  # one of three slices is there
        "plugin-0": {"nvidia.com/gpu": (8, 8, 5)},
    }
    assert fleet.totals() == Figures(capacity=19, allocatable=16, used=10.5, free=5.5, unhealthy=3, pending=2, leaked=1)
    assert {total.name: total.figures.used for total in fleet.namespaces()} == {"research": 8.5, "serving": 2}
    assert {row.name: row.cards for row in fleet.pods()} == {
        "t": 2, "x": 0.5, "y": 0.5, "bridge": 1, "m": 0.5, "w": 2, "plain": 5,
    }  # fmt: skip
    assert [problem.what for problem in fleet.problems()] == ["pool gpu.nvidia.com/dra-2"]
    assert fleet.node("dra-1").largest_free == 0.5
