"""Who holds idle cards: holdings of every kind joined with what a meter saw; what cannot be joined is unknown."""

from typing import Any

import pytest

from k8sai.fleet.evidence import Evidence, IdleRule
from k8sai.fleet.idle import Held, Idleness, Sight
from k8sai.fleet.index import Fleet
from k8sai.fleet.prices import Prices
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
)
from tests.fleet.test_identity import holds

NOW = 1_795_255_200.0  # 2026-11-21T10:00:00Z
MIG = "nvidia.com/mig-1g.10gb"
QUIET = Evidence(NOW - 900, NOW, NOW - 900, 0.01)
BUSY = Evidence(NOW - 900, NOW, None, 0.9)
SHORT = Evidence(NOW - 100, NOW, NOW - 100, 0.0)


def look(fleet: Fleet, cards: dict[str, Evidence], **more: Any) -> Idleness:
    """After a meter of node n1 saw these cards."""
    seen = dict.fromkeys(more.pop("seen", cards), ("n1", "", ""))
    fleet.use_readings(seen, {}, {}, Sight(at=NOW, cards=cards, told=frozenset(cards), rule=IdleRule(), **more))
    found = fleet.idle()
    assert found is not None
    return found


def split(one: Held) -> tuple[float, float, float]:
    """Idle, busy, unknown."""
    return one.idle, one.busy, one.unknown


def only(found: Idleness) -> Held:
    (one,) = found.held
    return one


# --- whole cards ------------------------------------------------------------------------------------------------------


def test_a_pod_with_idle_and_busy_cards() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 4, "n1", status=holds("GPU-0", "GPU-1", "GPU-2", "GPU-3")))
    one = only(look(fleet, {"GPU-0": QUIET, "GPU-1": QUIET, "GPU-2": BUSY, "GPU-3": SHORT}))
    assert split(one) == (2, 1, 1) and one.cards == 4 and not one.complete
    assert one.why == (("short", 1.0),)
    assert (one.peak, one.idle_since, one.longer, one.gpu_hours) == (0.01, NOW - 900, True, 0.5)


def test_a_card_no_meter_tells_of_is_unknown() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 2, "n1", status=holds("GPU-0", "GPU-1")))
    assert only(look(fleet, {"GPU-0": QUIET})).why == (("unmetered", 1.0),)
    assert only(look(fleet, {}, seen=[])).why == (("unmetered", 2.0),)


def test_a_card_that_says_all_but_how_busy_it_is() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 1, "n1", status=holds("GPU-0")))
    fleet.use_readings({"GPU-0": ("n1", "", "")}, {}, {}, Sight(at=NOW, told=frozenset({"GPU-0"})))
    found = fleet.idle()
    assert found is not None and only(found).why == (("silent", 1.0),)


def test_the_pod_a_meter_saw_is_the_holder_where_nobody_else_says() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 1, "n1"), pod("b", 1, "n1"))
    fleet.use_readings(
        {"GPU-0": ("n1", "team-a", "a"), "GPU-1": ("n1", "team-a", "b")},
        {},
        {},
        Sight(at=NOW, cards={"GPU-0": QUIET, "GPU-1": BUSY}),
    )
    found = fleet.idle()
    assert found is not None
    assert {one.pod: split(one) for one in found.held} == {"a": (1, 0, 0), "b": (0, 1, 0)}


def test_without_names_a_node_is_judged_where_all_its_cards_do_the_same() -> None:
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 2}), pod("a", 1, "n1"), pod("b", 1, "n1"))
    every = {"GPU-0": QUIET, "GPU-1": QUIET}
    assert [split(one) for one in look(fleet, every).held] == [(1, 0, 0)] * 2
    assert [split(one) for one in look(fleet, dict.fromkeys(every, BUSY)).held] == [(0, 1, 0)] * 2
    mixed = look(fleet, {"GPU-0": QUIET, "GPU-1": BUSY}).held
    assert [one.why for one in mixed] == [(("unnamed", 1.0),)] * 2
    assert [one.why for one in look(fleet, {"GPU-0": QUIET}).held] == [(("unnamed", 1.0),)] * 2, "one card is missing"


def test_a_node_without_a_meter_has_no_idle_pods() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 1, "n1"), node("n2"), pod("b", 1, "n2"))
    found = {one.pod: one.why for one in look(fleet, {"GPU-0": QUIET}).held}
    assert found["b"] == (("unmetered", 1.0),)


def test_who_is_no_holder_is_not_listed() -> None:
    waiting = pod("w", 2, nominated="n1")
    ended = pod("e", 1, "n1", phase="Succeeded", status=holds("GPU-0"))
    fleet = fleet_of(node(product=H100), waiting, ended, pod("web", 0, "n1"))
    assert look(fleet, {"GPU-0": QUIET}).held == ()


def test_an_ending_pod_still_holds() -> None:
    fleet = fleet_of(node(product=H100), pod("a", 1, "n1", terminating=True, status=holds("GPU-0")))
    one = only(look(fleet, {"GPU-0": QUIET}))
    assert (one.idle, one.terminating) == (1, True)


def test_idle_counts_from_the_start_of_the_pod() -> None:
    status = holds("GPU-0")
    young = pod("a", 1, "n1", started="2026-11-21T09:50:00Z", status=status)
    assert only(look(fleet_of(node(), young), {"GPU-0": QUIET})).why == (("young", 1.0),)
    old = pod("a", 1, "n1", started="2026-11-21T09:00:00Z", status=status)
    one = only(look(fleet_of(node(), old), {"GPU-0": Evidence(NOW - 9000, NOW, NOW - 9000, 0.0)}))
    assert (one.idle_since, one.longer, one.gpu_hours, one.since) == (NOW - 3600, False, 1.0, "2026-11-21T09:00:00Z")


# --- parts of cards ---------------------------------------------------------------------------------------------------


def test_a_shared_card_is_idle_for_all_or_for_none() -> None:
    labels = {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    shared = node(capacity={"nvidia.com/gpu": 8}, labels=labels)
    pods = (pod("a", 1, "n1", status=holds("GPU-0::1")), pod("b", 2, "n1", status=holds("GPU-0::2", "GPU-1::0")))
    fleet = fleet_of(shared, *pods)
    found = {one.pod: split(one) for one in look(fleet, {"GPU-0": QUIET, "GPU-1": BUSY}).held}
    assert found == {"a": (0.25, 0, 0), "b": (0.25, 0.25, 0)}
    found = {one.pod: split(one) for one in look(fleet, {"GPU-0": BUSY, "GPU-1": QUIET}).held}
    assert found == {"a": (0, 0.25, 0), "b": (0.25, 0.25, 0)}


def slices_of(fleet: Fleet, *seen: Evidence) -> Held:
    """The pod after its slices were seen, by their pod: their own UUIDs no meter tells."""
    return only(look(fleet, {}, seen=[], slices={("team-a", "a"): seen}))


def test_slices_are_judged_together_where_only_their_pod_is_known() -> None:
    mixed = node(capacity={MIG: 7})
    fleet = fleet_of(mixed, pod("a", 2, "n1", resource=MIG, status=holds("MIG-0", "MIG-1", resource=MIG)))
    both = pytest.approx(2 / 7, abs=1e-5)
    assert slices_of(fleet, QUIET, QUIET).idle == both
    assert slices_of(fleet, BUSY, BUSY).busy == both
    assert slices_of(fleet, QUIET, BUSY).why[0][0] == "unnamed"
    assert slices_of(fleet, QUIET).why[0][0] == "unnamed", "one of two was not seen"
    assert slices_of(fleet).why[0][0] == "unmetered"


def test_a_slice_is_never_judged_by_its_card() -> None:
    fleet = fleet_of(node(capacity={MIG: 7}), pod("a", 1, "n1", resource=MIG, status=holds("MIG-0", resource=MIG)))
    assert only(look(fleet, {"GPU-0": QUIET})).why[0][0] == "unmetered"


def test_a_slice_with_a_uuid_of_its_own() -> None:
    fleet = fleet_of(node(capacity={MIG: 7}), pod("a", 1, "n1", resource=MIG, status=holds("MIG-0", resource=MIG)))
    assert only(look(fleet, {"MIG-0": QUIET})).complete


# --- claims -----------------------------------------------------------------------------------------------------------


def test_claimed_cards() -> None:
    fleet = fleet_of(
        node(capacity={}),
        resource_slice([card(n) for n in range(3)]),
        claim("c", ["gpu-0", "gpu-1"], reserved=("p",)),
        claim("lost", ["gpu-2"]),
        claiming("p", "c", node="n1"),
    )
    found = look(fleet, {"GPU-0": QUIET, "GPU-1": BUSY, "GPU-2": QUIET})
    assert split(only(found)) == (1, 1, 0), "a claim without a pod is nobody's idle card: it is leaked"
    assert [slot.idle for slot in fleet.node("n1").slots] == [True, False, None]


def test_partitions_are_judged_and_their_card_is_not_counted_again() -> None:
    devices = partitionable()
    for one in devices[1:]:
        one["attributes"] = {"uuid": {"string": f"MIG-{one['name']}"}}
    fleet = fleet_of(
        node(capacity={}),
        resource_slice(devices, name="devices", count=2),
        resource_slice(name="counters", count=2, shared=[counters()]),
        claim("c", ["gpu-0-mig-3g-0"], reserved=("p",)),
        claim("d", ["gpu-0-mig-1g-0"], reserved=("q",)),
        claiming("p", "c", node="n1"),
        claiming("q", "d", node="n1"),
    )
    found = look(fleet, {"MIG-gpu-0-mig-3g-0": QUIET, "MIG-gpu-0-mig-1g-0": BUSY}, seen=[])
    by_pod = {one.pod: one for one in found.held}
    assert by_pod["p"].idle == by_pod["p"].cards > 0 and by_pod["q"].busy == by_pod["q"].cards > 0
    assert [slot.idle for slot in fleet.node("n1").slots] == [False], "a card with a busy part is not idle"
    look(fleet, {"MIG-gpu-0-mig-3g-0": QUIET, "MIG-gpu-0-mig-1g-0": QUIET}, seen=[])
    assert [slot.idle for slot in fleet.node("n1").slots] == [True]


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_hours_and_money() -> None:
    fleet = fleet_of(
        node(product=H100),
        node("n2", product="Unknown-Card"),
        pod("a", 2, "n1", status=holds("GPU-0", "GPU-1")),
        pod("b", 1, "n2", status=holds("GPU-9")),
    )
    hour = Evidence(NOW - 3600, NOW, NOW - 3600, 0.0)
    prices = Prices("EUR", ((H100, 3.0),))
    found = look(fleet, {"GPU-0": hour, "GPU-1": QUIET, "GPU-9": QUIET}, prices=prices)
    assert [(one.pod, one.gpu_hours, one.cost) for one in found.rows] == [("a", 1.25, 3.75), ("b", 0.25, None)]
    total = found.total()
    assert (total.pods, total.idle, total.gpu_hours, total.cost, total.priced) == (2, 3, 1.5, 3.75, False)
    assert found.currency == "EUR"


def test_a_slice_costs_its_share() -> None:
    product = f"{H100}-MIG-1g.10gb"
    labels = {"nvidia.com/gpu.product": product, "nvidia.com/mig.strategy": "single"}
    fleet = fleet_of(
        node(capacity={MIG: 7}, labels=labels), pod("a", 1, "n1", resource=MIG, status=holds("MIG-0", resource=MIG))
    )
    hour = Evidence(NOW - 3600, NOW, NOW - 3600, 0.0)
    one = only(look(fleet, {"MIG-0": hour}, prices=Prices("EUR", ((H100, 7.0),))))
    assert one.cost == pytest.approx(1.0, abs=1e-4)


def test_the_sums_of_a_part() -> None:
    fleet = fleet_of(
        node(),
        node("n2"),
        pod("a", 1, "n1", status=holds("GPU-0")),
        pod("b", 1, "n1", namespace="team-b", status=holds("GPU-1")),
        pod("c", 1, "n2", status=holds("GPU-2")),
    )
    found = look(fleet, {"GPU-0": QUIET, "GPU-1": QUIET, "GPU-2": BUSY})
    assert found.total().idle == 2 and found.total().busy == 1
    assert found.only("team-b").total().idle == 1
    assert (found.only("", {"n2"}).total().idle, found.only("", {"n2"}).total().busy) == (0, 1)


# --- what the map sees ------------------------------------------------------------------------------------------------


def test_slots_say_whether_their_card_is_held_for_nothing() -> None:
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 4}), pod("a", 3, "n1", status=holds("GPU-0", "GPU-1", "GPU-2")))
    look(fleet, {"GPU-0": QUIET, "GPU-1": BUSY, "GPU-2": SHORT, "GPU-3": QUIET})
    assert [(slot.device, slot.state, slot.idle) for slot in fleet.node("n1").slots] == [
        ("GPU-0", "held", True),
        ("GPU-1", "held", False),
        ("GPU-2", "held", None),
        ("GPU-3", "free", None),
    ]


def test_a_new_holder_is_not_taken_for_the_old_one() -> None:
    fleet = fleet_of(node(capacity={"nvidia.com/gpu": 1}), old := pod("a", 1, "n1", uid="1", status=holds("GPU-0")))
    look(fleet, {"GPU-0": QUIET})
    assert fleet.node("n1").slots[0].idle is True
    assert [one.idle for one in fleet.workloads()] == [1.0]
    fleet.drop("pods", old)
    fleet.put("pods", pod("a", 1, "n1", uid="2", status=holds("GPU-0")))
    assert fleet.node("n1").slots[0].idle is None
    assert [one.idle for one in fleet.workloads()] == [None]


def test_without_a_meter_nothing_is_said() -> None:
    fleet = fleet_of(node(), pod("a", 1, "n1", status=holds("GPU-0")))
    assert fleet.idle() is None and fleet.node("n1").slots[0].idle is None
    look(fleet, {"GPU-0": QUIET})
    fleet.use_readings({})
    assert fleet.idle() is None and fleet.node("n1").slots[0].idle is None
