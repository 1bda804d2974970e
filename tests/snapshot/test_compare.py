"""What changed between two pictures, and what did not."""

from math import nan

from k8sai.facts import Object
from k8sai.fleet.answers import Figures
from k8sai.fleet.picture import Picture, take
from k8sai.snapshot.compare import Difference, compare, same
from tests.fleet.facts_by_hand import fleet_of, node, pod


def picture(*objects: Object) -> Picture:
    return take(fleet_of(*objects), context="c", at="2026-11-21T10:00:00Z")


def changed(before: list[Object], after: list[Object]) -> Difference:
    found = compare(picture(*before), picture(*after))
    assert found.differs
    return found


def test_the_same_twice() -> None:
    objects = (node("n1"), node("n2"), pod("a", 2, "n1"), pod("b", 8))
    assert not compare(picture(*objects), picture(*objects)).differs


def test_nodes_come_go_and_change() -> None:
    found = changed(
        [node("old"), node("same"), node("sick"), node("closed")],
        [
            node("new"),
            node("same"),
            node("sick", allocatable={"nvidia.com/gpu": "7"}, ready=False),
            node("closed", cordoned=True),
        ],
    )
    assert [(one.name, one.what, one.fields) for one in found.nodes] == [
        ("closed", "changed", (("schedulable", True, False),)),
        ("new", "added", (("capacity", 0.0, 8.0),)),
        ("old", "gone", (("capacity", 8.0, 0.0),)),
        ("sick", "changed", (("ready", True, False), ("allocatable", 8.0, 7.0))),
    ]


def test_pods_start_end_move_and_are_resized() -> None:
    nodes = [node("n1"), node("n2")]
    found = changed(
        [
            *nodes,
            pod("ends", 1, "n1"),
            pod("made-anew", 2, "n1", uid="u1"),
            pod("grows", 1, "n2"),
            pod("back", 1, "n2"),
        ],
        [
            *nodes,
            pod("starts", 4, "n2"),
            pod("made-anew", 2, "n2", uid="u2"),
            pod("grows", 3, "n2"),
            pod("back", 1, "n2", uid="other"),
        ],
    )
    assert [(one.name, one.what, one.before, one.after, one.cards) for one in found.pods] == [
        ("ends", "ended", "n1", "", 1),
        ("grows", "resized", "n2", "n2", 3),
        ("made-anew", "moved", "n1", "n2", 2),
        ("starts", "started", "", "n2", 4),
    ]
    assert [(one.name, one.before.used, one.after.used) for one in found.namespaces] == [("team-a", 5, 10)]


def test_waiting_begins_and_ceases() -> None:
    nodes = [node("n1")]
    found = changed([*nodes, pod("waited", 8)], [*nodes, pod("waited", 8, "n1"), pod("waits", 8)])
    assert [row.name for row in found.waits] == ["waits"]
    assert [row.name for row in found.waited] == ["waited"]
    assert [one.what for one in found.pods] == ["started"]


def test_two_unknown_figures_are_alike() -> None:
    assert same(Figures(used=nan), Figures(used=nan))
    assert not same(Figures(used=nan), Figures(used=0))
