"""What is free, node by node."""

from tests.fleet.facts_by_hand import H100, card, claim, fleet_of, node, pod, resource_slice

MIG = "nvidia.com/mig-1g.10gb"


def test_a_node_with_something_free() -> None:
    (found,) = fleet_of(node("n1", product=H100), pod("p", 6, "n1"), node("n2"), pod("q", 8, "n2")).spares()
    assert (found.node, found.product, found.usable, found.free, found.reserved) == ("n1", H100, True, 2, 0)
    (line,) = found.lines
    assert (line.resource, line.kind, line.free, line.largest, line.cards_each) == ("nvidia.com/gpu", "card", 2, 2, 1)


def test_what_is_reserved_is_not_free() -> None:
    (found,) = fleet_of(node("n1"), pod("p", 3, nominated="n1")).spares()
    assert (found.free, found.reserved, found.lines[0].free) == (8, 3, 5)


def test_slices_count_in_their_own_units() -> None:
    (found,) = fleet_of(node("n1", {MIG: 14}), pod("p", 7, "n1", resource=MIG)).spares()
    (line,) = found.lines
    assert (found.free, line.free, round(line.cards_each, 3), line.kind) == (1, 7, 0.143, "slice")


def test_devices_of_a_driver() -> None:
    cards = resource_slice([card(0), card(1)])
    (found,) = fleet_of(node("n1", {}), cards, claim("c", ["gpu-0"])).spares()
    (line,) = found.lines
    assert (line.resource, line.dra, line.free, line.largest) == ("gpu.nvidia.com", True, 1, 1)


def test_nodes_that_take_nothing_are_told() -> None:
    found = fleet_of(node("n1", cordoned=True), node("n2", ready=False)).spares()
    assert [(one.node, one.usable, one.ready) for one in found] == [("n1", False, True), ("n2", False, False)]


def test_less_than_nothing_is_no_room() -> None:
    assert fleet_of(node("n1", {"nvidia.com/gpu": 2}), pod("p", 4, "n1")).spares() == ()
