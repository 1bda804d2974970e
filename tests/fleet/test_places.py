"""Partitions are where their names say; what nobody places is put where it fits, and marked as that."""

from typing import Any

from k8sai.fleet.answers import Device, Figures, Holder, Kind, NodeRow, Resource, Slot
from k8sai.fleet.places import places

ANA = Holder("research", "ana", "1", 0.4)
CARD = "gpu.nvidia.com/n1/gpu-0"


def row(slot: Slot, *devices: Device, resources: tuple[Resource, ...] = ()) -> NodeRow:
    nothing: Any = {"taints": (), "zone": "", "clique": "", "figures": Figures(), "largest_free": 0.0}
    return NodeRow(
        "n1", "H100", True, True, resources=resources, slots=(slot,), holders=(), created="", devices=devices, **nothing
    )


def partition(name: str, holder: Holder | None = ANA) -> Device:
    return Device(f"gpu.nvidia.com/n1/{name}", "", "slice", "held", (holder,) if holder else (), parent=CARD)


def resource(kind: Kind, each: float) -> Resource:
    return Resource("r", kind, "nvidia", 1, 1, 1, 0, 0, 0, each)


def test_a_whole_card_is_one_place() -> None:
    found = places(row(Slot("held", 1.0, ANA, 1, CARD)), 0)
    assert (found.slots, [(part.start, part.size, part.holder) for part in found.parts]) == (1, [(0, 1, ANA)])
    assert places(row(Slot("free", 0.0)), 0).parts == ()


def test_partitions_are_where_their_names_say() -> None:
    devices = (partition("gpu-0-mig-3g.40gb-9-4"), partition("gpu-0-mig-1g10gb-19-0"))
    found = places(row(Slot("held", 0.5, ANA, 2, CARD), *devices), 0)
    assert (found.slots, found.kind) == (7, "MIG")
    assert [(p.start, p.size, p.name, p.exact) for p in found.parts] == [
        (0, 1, "1g.10gb", True),
        (4, 3, "3g.40gb", True),
    ]


def test_profiles_with_a_suffix_are_read_whole() -> None:
    found = places(row(Slot("held", 0.2, ANA, 1, CARD), partition("gpu-0-mig-1g.10gb+me-20-6")), 0)
    assert [(p.start, p.size, p.name) for p in found.parts] == [(6, 1, "1g.10gb+me")]


def test_a_partition_that_nobody_places_goes_where_it_fits() -> None:
    devices = (partition("gpu-0-mig-1g.10gb-19-0"), partition("gpu-0-2g.20gb"), partition("MIG-0a1b"))
    found = places(row(Slot("held", 0.5, ANA, 3, CARD), *devices), 0)
    assert [(p.start, p.size, p.exact) for p in found.parts] == [(0, 1, True), (1, 2, False), (3, 1, False)]


def test_what_is_held_of_a_partitioned_card_is_one_piece_where_nobody_says_more() -> None:
    found = places(row(Slot("held", 3 / 7, ANA, 1), resources=(resource("slice", 1 / 7),)), 0)
    assert (found.slots, found.kind) == (7, "MIG")
    assert [(p.start, p.size, p.exact) for p in found.parts] == [(0, 3, False)]


def test_replicas_are_parts_of_the_card_they_share() -> None:
    shared = resource("replica", 0.25)
    device = Device("GPU-0::2", "GPU-0", "replica", "held", (ANA,), parent="GPU-0")
    found = places(row(Slot("held", 0.25, ANA, 1, "GPU-0"), device, resources=(shared,)), 0)
    assert (found.slots, found.kind, [(p.start, p.size, p.name) for p in found.parts]) == (4, "replica", [(0, 1, "2")])
    unnamed = places(row(Slot("held", 0.75, ANA, 3), resources=(shared,)), 0)
    assert [(p.start, p.size) for p in unnamed.parts] == [(0, 3)]


def test_a_fraction_is_shown_in_tenths() -> None:
    found = places(row(Slot("held", 0.3, ANA, 1)), 0)
    assert (found.slots, found.parts[0].size) == (10, 3)
