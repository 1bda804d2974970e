"""Situations of room: GPUs, CPU, memory and pods on nodes that take them or not, and the change fit offers first."""

import pytest

from tests.fit.situation import JOB, ON_GPU, UNREACHABLE, VISION, Situation, flags, using
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import H100, pod

SITUATIONS = [
    Situation("an empty node", [node("n1")], flags(), "now", 1, "Yes: 1 pod of 8 GPUs starts now on 1 node."),
    Situation(
        "a gang", [node(f"n{i}") for i in range(4)], flags(8, 4), "now", 4, "4 pods of 8 GPUs start now on 4 nodes."
    ),
    Situation("several on a node", [node("n1")], flags(2, 4), "now", 4, "Yes: 4 pods of 2 GPUs start now on 1 node."),
    Situation(
        "others hold some",
        [node("n1"), pod("busy", 3, "n1")],
        flags(),
        "later",
        0,
        "No: no node takes a pod of 8 GPUs; 1 node is short of nvidia.com/gpu.",
        ["Insufficient"],
        "end pod team-a/busy, which holds 3 nvidia.com/gpu, on node n1",
    ),
    Situation(
        "the fewest GPUs of others end",
        [node("n1"), node("n2"), pod("a", 4, "n1"), pod("b", 2, "n1"), pod("c", 5, "n2")],
        flags(6),
        "later",
        0,
        "2 nodes are short of nvidia.com/gpu",
        ["Insufficient"],
        "end pod team-a/a, which holds 4 nvidia.com/gpu, on node n1",
    ),
    Situation(
        "nearly all of a gang",
        [*(node(f"n{i}") for i in range(4)), pod("busy", 1, "n3")],
        flags(8, 4),
        "later",
        3,
        "No: 3 of 4 pods of 8 GPUs fit; 1 node is short of nvidia.com/gpu.",
        ["Insufficient"],
        "start 3 pods of 8 GPUs, 1 fewer",
    ),
    Situation(
        "half of a gang",
        [node("n1"), node("n2"), pod("busy", 1, "n2")],
        flags(8, 2),
        "later",
        1,
        "No: 1 of 2 pods of 8 GPUs fits",
        ["Insufficient"],
        "end pod team-a/busy, which holds 1 nvidia.com/gpu, on node n2",
    ),
    Situation(
        "more than any node has",
        [node("n1")],
        flags(16),
        "never",
        0,
        "No, and never as it is asked: no node takes a pod of 16 GPUs; the largest node has 8 nvidia.com/gpu, "
        "16 nvidia.com/gpu are asked.",
        ["Insufficient"],
        "ask for 8 GPUs per pod instead of 16",
    ),
    Situation(
        "more pods than the cluster ever takes",
        [node("n1")],
        flags(8, 2),
        "never",
        1,
        "No, and never as it is asked: 1 of 2 pods of 8 GPUs fits; not on an empty cluster either.",
        change="ask for 4 GPUs per pod instead of 8",
    ),
    Situation(
        "no such resource",
        [node("n1", 0)],
        flags(),
        "never",
        0,
        "no nvidia.com/gpu there",
        ["NoSuchResource"],
    ),
    Situation(
        "nodes without GPUs do not matter",
        [node("n1"), node("cpu", 0), pod("busy", 8, "n1")],
        flags(1),
        "later",
        0,
        "1 node is short of nvidia.com/gpu",
        ["Insufficient", "NoSuchResource"],
        "end pod team-a/busy, which holds 8 nvidia.com/gpu, on node n1",
    ),
    Situation(
        "cordoned",
        [node("n1", cordoned=True)],
        flags(),
        "later",
        0,
        "1 node is cordoned",
        ["Cordoned"],
        "uncordon node n1",
    ),
    Situation(
        "as few nodes as possible are uncordoned",
        [node("n1", 4, cordoned=True), node("n2", cordoned=True), node("n3", cordoned=True)],
        flags(4, 3),
        "later",
        0,
        "3 nodes are cordoned",
        ["Cordoned"],
        "uncordon 2 nodes (n2, n3)",
    ),
    Situation(
        "a node that is not well",
        [node("n1", taints=UNREACHABLE)],
        flags(),
        "later",
        0,
        "1 node is unreachable",
        ["NotReady"],
    ),
    Situation(
        "a node that is not ready, and not tainted yet",
        [node("n1", ready=False)],
        flags(),
        "later",
        0,
        "1 node is not ready",
        ["NotReady"],
    ),
    Situation(
        "a taint of a team",
        [node("n1", taints=VISION)],
        flags(),
        "never",
        0,
        "not on an empty cluster either",
        ["Tainted"],
        "tolerate team=vision:NoSchedule (1 node)",
    ),
    Situation(
        "a taint named after the GPUs, tolerated",
        [node("n1", taints=ON_GPU)],
        flags(tolerations=({"key": GPU, "operator": "Exists"},)),
        "now",
        1,
        "Yes",
    ),
    Situation(
        "CPU short beside free GPUs",
        [node("n1", cpu=64), pod("eater", 0, "n1", spec=using("60"))],
        flags(cpu="16"),
        "later",
        0,
        "1 node is short of cpu",
        ["Insufficient"],
        "ask for 4 cpu per pod instead of 16",
    ),
    Situation(
        "memory short beside free GPUs",
        [node("n1"), pod("eater", 0, "n1", spec=using("1", "500Gi"))],
        flags(memory="64Gi"),
        "later",
        0,
        "1 node is short of memory",
        ["Insufficient"],
        "ask for 12Gi memory per pod instead of 64Gi",
    ),
    Situation(
        "no room for more pods",
        [node("n1", pods=1), pod("one", 0, "n1")],
        flags(1),
        "later",
        0,
        "no room for more pods on 1 node",
        ["TooManyPods"],
        "end pod team-a/one, on node n1",
    ),
    Situation(
        "no nodes at all",
        [],
        flags(),
        "never",
        0,
        "never as it is asked: no node takes a pod of 8 GPUs; there is no node.",
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
def test_situation(situation: Situation) -> None:
    situation.holds()


def test_a_change_is_never_offered_untried() -> None:
    """Ending a pod of this node would not help: CPU is short too, and nobody here holds enough of it."""
    world = World([node("n1", cpu=8), pod("busy", 8, "n1", owners=JOB)])
    found = world.fit(8, 1, cpu="16")
    assert [change.kind for change in found.changes] == []
    assert found.verdict == "never"


def test_products_are_told_with_placements() -> None:
    (found,) = World([node("n1", clique="c.1", zone="z")]).fit(6).placements
    assert (found.node, found.pods, found.product, found.clique, found.zone, found.free_after) == (
        "n1",
        1,
        H100,
        "c.1",
        "z",
        2,
    )
