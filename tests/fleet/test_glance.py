"""A glance at a node says what its row says, and is made anew when the node has changed, and only then."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.fleet.answers import Gauge
from k8sai.fleet.chart import GROUPINGS, Grouping
from k8sai.fleet.glance import CODE, GONE, LOOKS, UNTOLD, Who
from k8sai.fleet.index import Fleet
from k8sai.fleet.query import NodeQuery
from tests.fleet import facts_by_hand as make
from tests.fleet.glances import told, told_by_row

GPU = "nvidia.com/gpu"


def holding(name: str, gpus: int, devices: list[str], health: str = "Healthy", **more: Any) -> Any:
    """A pod on n1 that the kubelet says holds these devices."""
    told_of = [{"name": GPU, "resources": [{"resourceID": each, "health": health} for each in devices]}]
    status = {"containerStatuses": [{"name": "main", "allocatedResourcesStatus": told_of}]} if devices else {}
    return make.pod(name, gpus, "n1", status=status, **more)


@st.composite
def pods_with_devices(draw: st.DrawFn) -> list[Any]:
    uuids = [f"GPU-{number:02}" for number in draw(st.permutations(range(10)))]
    found = []
    for number in range(draw(st.integers(0, 5))):
        gpus = draw(st.integers(0, 4))
        named = draw(st.integers(0, gpus))
        mine = [uuids.pop() for _ in range(min(named, len(uuids)))]
        health = draw(st.sampled_from(("Healthy", "Healthy", "Healthy", "Unhealthy")))
        found.append(holding(f"p{number}", gpus, mine, health, terminating=draw(st.booleans())))
    return found


@given(pods=pods_with_devices(), allocatable=st.integers(0, 8), cordoned=st.booleans())
def test_cards_are_in_the_order_of_the_slots(pods: list[Any], allocatable: int, cordoned: bool) -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 8}, {GPU: allocatable}, cordoned=cordoned), *pods)
    (glance,) = fleet.glances(["n1"])
    assert glance is not None
    assert told(glance) == told_by_row(fleet.node("n1"))


def test_a_glance_is_kept_until_its_node_changes() -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 8}), make.node("n2", {GPU: 8}))
    one, other = fleet.glances(["n1", "n2"])
    fleet.put("pods", make.pod("p", 2, "n1"))
    again, same = fleet.glances(["n1", "n2"])
    assert same is other
    assert again is not one
    assert again is not None
    assert again.looks == bytes([CODE["held"]] * 2 + [CODE["free"]] * 6)


def test_a_node_that_nobody_knows_has_no_cards() -> None:
    assert Fleet().glances(["n1"]) == [GONE]


def test_what_takes_longer_than_allowed_is_left_out() -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 8}), make.node("n2", {GPU: 8}))
    first, second = fleet.glances(["n1", "n2"], seconds=0.0)
    assert first is not None
    assert second is None
    assert None not in fleet.glances(["n1", "n2"])


def test_who_holds_is_told_with_the_priority() -> None:
    fleet = make.fleet_of(
        make.node("n1", {GPU: 8}), make.pod("p", 2, "n1", namespace="x", spec={"priority": 7}), make.pod("q", 1, "n1")
    )
    (glance,) = fleet.glances(["n1"])
    assert glance is not None
    assert Who("x", "", "", 7) in glance.who
    assert fleet.priorities() == (0, 7)
    fleet.replace("pods", [])
    assert fleet.priorities() == ()


def test_heat_is_told_once_a_meter_is_read() -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 2}), holding("p", 1, ["GPU-0"]))
    fleet.use_readings({"GPU-0": ("n1", "x", "p")}, {"GPU-0": Gauge(utilization=0.87)})
    (glance,) = fleet.glances(["n1"])
    assert glance is not None
    assert list(glance.heat) == [87, UNTOLD]


def test_a_dra_card_that_changes_hands_is_seen_at_once() -> None:
    """The sums of the node stay the same, whose card it is does not."""
    node, slices = make.node("n1", {}), make.resource_slice([make.card(0), make.card(1)], node="n1", pool="n1")
    held = make.claim("c", ["gpu-0"], pool="n1", node="n1", reserved=())
    fleet = make.fleet_of(node, slices, held)
    (before,) = fleet.glances(["n1"])
    fleet.put("resourceclaims", make.claim("c", ["gpu-1"], pool="n1", node="n1", reserved=()))
    (after,) = fleet.glances(["n1"])
    assert before is not None
    assert after is not None
    leaked, free = CODE["leaked"], CODE["free"]
    assert (list(before.looks), list(after.looks)) == ([leaked, free], [free, leaked])


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_node_is_in_one_group(by: Grouping) -> None:
    labels = {"nvidia.com/gpu.product": make.H100, "topology.kubernetes.io/zone": "a", "nvidia.com/gpu.clique": "u.1"}
    nodes = [
        make.node(f"n{number}", {GPU: 8 if number < 3 else 4}, labels=labels if number % 2 else {})
        for number in range(6)
    ]
    fleet = make.fleet_of(*nodes, make.node("cpu", {}), make.pod("p", 2, "n1"))
    groups = fleet.chart(by)
    assert sorted(name for group in groups for name in group.nodes) == fleet.node_names()
    assert [(bool(group.name), len(group.nodes), group.most) for group in groups] == [(True, 3, 8), (False, 3, 8)]
    tallies = [fleet.tally(group.nodes) for group in groups]
    assert [(tally.cards, tally.used, tally.free) for tally in tallies] == [(16, 2, 14), (20, 0, 20)]


def test_a_chart_is_narrowed_as_a_list_is() -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 8}), make.node("n2", {GPU: 8}))
    (group,) = fleet.chart("zone", NodeQuery(text="n2"))
    assert group.nodes == ("n2",)


def test_what_is_arranged_anew_is_told_by_a_number() -> None:
    fleet = make.fleet_of(make.node("n1", {GPU: 8}))
    at = fleet.arranged()
    fleet.put("pods", make.pod("p", 1, "n1"))
    fleet.put("nodes", make.node("n1", {GPU: 8}, cordoned=True))
    assert fleet.arranged() == at
    fleet.put("nodes", make.node("n1", {GPU: 8}, labels={"topology.kubernetes.io/zone": "b"}))
    assert fleet.arranged() > at


def test_codes_are_in_the_order_of_the_looks() -> None:
    assert [LOOKS[CODE[look]] for look in LOOKS] == list(LOOKS)
