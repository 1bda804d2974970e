"""Which pods hold what, on which nodes, and what is left."""

from k8sai.fleet.answers import Figures
from k8sai.fleet.query import NodeQuery
from tests.fleet.facts_by_hand import H100, fleet_of, node, pod


def test_a_node_with_two_holders() -> None:
    one = fleet_of(node(product=H100), pod("a", 4, "n1"), pod("b", 2, "n1", namespace="team-b"))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=6, free=2)
    row = one.node("n1")
    assert row.product == H100
    assert row.largest_free == 2
    assert [(r.resource, r.capacity, r.used, r.free) for r in row.resources] == [("nvidia.com/gpu", 8, 6, 2)]
    assert [slot.state for slot in row.slots] == ["held"] * 6 + ["free"] * 2
    assert [(t.name, t.figures.used, t.pods) for t in one.namespaces()] == [("team-a", 4, 1), ("team-b", 2, 1)]


def test_the_order_of_events_does_not_matter() -> None:
    one = fleet_of(pod("a", 4, "n1"), node(product=H100))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=4, free=4)
    assert one.node("n1") == fleet_of(node(product=H100), pod("a", 4, "n1")).node("n1")


def test_unhealthy_devices_leave_allocatable_and_free_may_be_negative() -> None:
    one = fleet_of(node(capacity={"nvidia.com/gpu": 8}, allocatable={"nvidia.com/gpu": 2}), pod("a", 4, "n1"))
    assert one.totals() == Figures(capacity=8, allocatable=2, used=4, free=-2, unhealthy=6)
    assert one.node("n1").largest_free == 0


def test_preset_node_names_may_overcommit() -> None:
    one = fleet_of(node(), pod("a", 6, "n1"), pod("b", 6, "n1"))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=12, free=-4)


def test_a_terminating_pod_holds_until_it_has_ended() -> None:
    one = fleet_of(node(), pod("a", 8, "n1", terminating=True))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=8, terminating=8)
    one.put("pods", pod("a", 8, "n1", terminating=True, phase="Failed"))
    assert one.totals() == Figures(capacity=8, allocatable=8, free=8)


def test_pending_and_unknown_phases_hold_once_bound() -> None:
    one = fleet_of(node(), pod("a", 1, "n1", phase="Pending"), pod("b", 1, "n1", phase="Unknown"))
    assert one.totals().used == 2


def test_a_nominated_pod_reserves_and_is_still_pending() -> None:
    one = fleet_of(node(), pod("victim", 6, "n1"), pod("nominee", 7, nominated="n1"))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=6, free=2, pending=7, reserved=7)
    assert one.node("n1").largest_free == 0
    assert [holder.nominated for holder in one.node("n1").holders] == [False, True]


def test_a_cordoned_or_unready_node_keeps_its_free_cards_but_offers_none() -> None:
    for unusable in (node(cordoned=True), node(ready=False)):
        one = fleet_of(unusable, pod("a", 3, "n1"))
        assert one.totals() == Figures(capacity=8, allocatable=8, used=3, free=5, blocked=5)
        assert one.node("n1").largest_free == 0
        assert {slot.state for slot in one.node("n1").slots} == {"held", "cordoned"}


def test_a_node_that_vanishes_leaves_its_holders() -> None:
    one = fleet_of(node(), pod("a", 3, "n1"))
    one.drop("nodes", node())
    assert one.totals() == Figures(used=3)
    row = one.node("n1")
    assert (row.gone, row.schedulable, row.resources[0].used, row.resources[0].free) == (True, False, 3, 0)
    assert one.node_names() == ["n1"]
    one.put("nodes", node(uid="another"))
    assert one.totals() == Figures(capacity=8, allocatable=8, used=3, free=5)
    one.drop("nodes", node(uid="uid-n1"))  # the news of the first one's end comes late
    assert one.totals().capacity == 8


def test_a_pod_replaced_by_one_of_the_same_name() -> None:
    one = fleet_of(node(), pod("a", 3, "n1", uid="first"))
    one.put("pods", pod("a", 5, "n1", uid="second"))
    one.drop("pods", pod("a", 3, "n1", uid="first"))
    assert one.totals().used == 5
    one.drop("pods", pod("a", 5, "n1", uid="second"))
    assert one.totals().used == 0


def test_pods_without_gpus_are_not_kept() -> None:
    one = fleet_of(node(), pod("web", 0, "n1"))
    assert one.counts()["pods"] == 0
    one.put("pods", pod("web", 1, "n1"))
    one.put("pods", pod("web", 0, "n1"))
    assert one.totals().used == 0


def test_replace_forgets_what_is_not_listed() -> None:
    one = fleet_of(node("n1"), node("n2"), pod("a", 1, "n1"), pod("b", 2, "n2"))
    one.replace("pods", [pod("b", 3, "n2")])
    one.replace("nodes", [node("n2")])
    assert one.totals() == Figures(capacity=8, allocatable=8, used=3, free=5)
    assert one.node_names(NodeQuery(gpu_only=False)) == ["n2"]


def test_malformed_quantities_are_problems_and_count_nothing() -> None:
    one = fleet_of(node("n1", {"nvidia.com/gpu": "8"}), node("n2", {"nvidia.com/gpu": "eight"}), pod("a", "many", "n1"))
    assert [problem.what for problem in one.problems()] == ["node n2", "pod team-a/a"]
    assert one.totals() == Figures(capacity=8, allocatable=8, free=8)
    one.put("nodes", node("n2", {"nvidia.com/gpu": "-1"}))
    one.put("pods", pod("a", 1, "n1"))
    assert [problem.what for problem in one.problems()] == ["node n2"]
    one.drop("nodes", node("n2"))
    assert one.problems() == ()


def test_a_pod_told_to_end_before_it_was_bound_asks_for_nothing() -> None:
    one = fleet_of(node(), pod("a", 3, terminating=True))
    assert one.totals().pending == 0
    assert one.pending() == ()
