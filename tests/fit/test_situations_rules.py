"""Situations of rules: products, cliques, zones, quotas, claims and what-ifs, and the change fit offers first."""

import pytest

from k8sai.fit.ask import Bounds
from k8sai.fit.place import WhatIf
from tests.fit.situation import (
    A100,
    DAEMON,
    JOB,
    Situation,
    apart,
    by_node,
    flags,
    group,
    hosts,
    manifest,
    quota,
    using,
)
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import card, claim, device_class, pod, resource_slice

SITUATIONS = [
    Situation(
        "another product would do",
        [node("n1"), node("n2", product=A100), pod("busy", 8, "n1")],
        flags(bounds=Bounds(product="h100")),
        "later",
        0,
        "1 node is short of nvidia.com/gpu",
        ["Insufficient"],
        f"take {A100} instead",
    ),
    Situation(
        "one clique takes all",
        [node("n1", clique="c.1"), node("n2", clique="c.2"), node("n3", clique="c.2")],
        flags(8, 2, bounds=Bounds(together="clique")),
        "now",
        2,
        "Yes: 2 pods of 8 GPUs start now on 2 nodes in clique c.2.",
    ),
    Situation(
        "the tightest clique is taken",
        [*(node(f"a{i}", clique="wide") for i in range(4)), *(node(f"b{i}", clique="tight") for i in range(2))],
        flags(8, 2, bounds=Bounds(together="clique")),
        "now",
        2,
        "in clique tight",
    ),
    Situation(
        "no clique takes all",
        [node("n1", clique="c.1"), node("n2", clique="c.2"), node("n3")],
        flags(8, 2, bounds=Bounds(together="clique")),
        "never",
        1,
        "1 of 2 pods of 8 GPUs fits; not on an empty cluster either in one NVLink clique",
        change="leave out --same-clique",
    ),
    Situation(
        "one zone is full",
        [node("n1", zone="a"), node("n2", zone="a"), node("n3", zone="b"), pod("busy", 8, "n2")],
        flags(8, 2, bounds=Bounds(together="zone")),
        "later",
        1,
        "No: 1 of 2 pods of 8 GPUs fits in one zone; 1 node is short of nvidia.com/gpu.",
        ["Insufficient"],
        "leave out --same-zone",
    ),
    Situation(
        "labels leave one node",
        [node("n1", labels={"pool": "dev"}), node("n2"), pod("busy", 1, "n1")],
        flags(bounds=Bounds(labels="pool=dev")),
        "later",
        0,
        "1 node is short of nvidia.com/gpu",
        ["Insufficient"],
        "end pod team-a/busy, which holds 1 nvidia.com/gpu, on node n1",
    ),
    Situation(
        "those that end leave enough",
        [node("n1"), pod("leaves", 8, "n1", terminating=True)],
        flags(),
        "later",
        0,
        "1 node is short of nvidia.com/gpu",
        ["Insufficient"],
        "wait for ending pod team-a/leaves",
    ),
    Situation(
        "room reserved for a nominee",
        [node("n1"), pod("next", 6, nominated="n1")],
        flags(4),
        "later",
        0,
        "1 node is short of nvidia.com/gpu",
        ["Insufficient"],
        "ask for 2 GPUs per pod instead of 4",
    ),
    Situation(
        "a node selector that nothing matches",
        [node("n1")],
        manifest(group({**using(gpus=1), "nodeSelector": {"pool": "x"}})),
        "never",
        0,
        "not on an empty cluster either",
        ["Selector"],
    ),
    Situation(
        "pods that keep apart",
        hosts("n1", "n2"),
        manifest(apart(3)),
        "never",
        2,
        "2 of 3 pods fit",
        change="start 2 pods, 1 fewer",
    ),
    Situation(
        "two groups",
        [node("n1"), node("cpu", 0)],
        manifest(group(using(gpus=8), 1, "workers"), group(using("60"), 1, "driver")),
        "now",
        2,
        "Yes: 2 pods start now on 2 nodes.",
    ),
    Situation(
        "a quota has too little left",
        [node("n1"), node("n2")],
        flags(8, 2),
        "later",
        2,
        "the nodes have room, but ResourceQuota team-a/q leaves 8 of 64 requests.nvidia.com/gpu, 16 would be needed.",
        change="start 1 pod of 8 GPUs, 1 fewer",
        rules=quota({"requests.nvidia.com/gpu": "64"}, {"requests.nvidia.com/gpu": "56"}),
    ),
    Situation(
        "a quota that is never enough",
        [node("n1"), node("n2")],
        flags(8, 2),
        "never",
        2,
        "leaves 1 of 1 pods, 2 would be needed",
        change="start 1 pod of 8 GPUs, 1 fewer",
        rules=quota({"pods": "1"}, {}),
    ),
    Situation(
        "devices by claim",
        [node("n1", 0), resource_slice([card(n) for n in range(4)]), device_class("gpu.nvidia.com")],
        flags(2, 2, device_class="gpu.nvidia.com"),
        "now",
        2,
        "Yes: 2 pods of 2 GPUs start now on 1 node.",
    ),
    Situation(
        "devices taken by a claim",
        [
            node("n1", 0),
            resource_slice([card(n) for n in range(4)]),
            device_class("gpu.nvidia.com"),
            claim("c", ["gpu-0", "gpu-1", "gpu-2"], reserved=("holder",), node="n1"),
            pod("holder", 0, "n1", spec={"resourceClaims": [{"name": "c", "resourceClaimName": "c"}]}),
        ],
        flags(2, 1, device_class="gpu.nvidia.com"),
        "later",
        0,
        "no set of devices satisfies the claim on 1 node",
        ["Devices"],
        "end pod team-a/holder, which holds 3 devices, on node n1",
    ),
    Situation(
        "a resource that a device class serves",
        [node("n1", 0), resource_slice([card(n) for n in range(4)]), device_class("gpu.nvidia.com", GPU)],
        flags(4, 1),
        "now",
        1,
        "Yes",
    ),
    Situation(
        "a device class that is not there",
        [node("n1", 0), resource_slice([card(0)])],
        flags(1, 1, device_class="gpu.nvidia.com"),
        "never",
        0,
        "never as it is asked",
        ["Devices"],
    ),
    Situation(
        "after a drain the pods of the node go first",
        [node("n1"), node("n2"), pod("moves", 4, "n1", owners=JOB), pod("own", 0, "n1", owners=DAEMON)],
        by_node,
        "later",
        0,
        "1 node is short of nvidia.com/gpu, once n1 is drained.",
        ["Insufficient"],
        "end pod team-a/moves, which holds 4 nvidia.com/gpu, on node n2",
    ),
    Situation(
        "after a drain with room for all",
        [node("n1"), node("n2"), node("n3"), pod("moves", 4, "n1", owners=JOB)],
        by_node,
        "now",
        1,
        "Yes: 1 pod of 8 GPUs starts then on 1 node, once n1 is drained.",
    ),
    Situation(
        "after a job has finished",
        [node("n1"), pod("busy", 8, "n1", owners=JOB)],
        lambda world: world.fit(8, 1, what_if=world.finished("job/train")),
        "now",
        1,
        "Yes: 1 pod of 8 GPUs starts then on 1 node, once Job/train in team-a has finished.",
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
def test_situation(situation: Situation) -> None:
    situation.holds()


def test_drained_pods_are_accounted_for() -> None:
    """Placed again, out of place, lost for ever; a DaemonSet's just goes."""
    world = World(
        [
            node("n1"),
            node("n2", 4),
            pod("moves", 4, "n1", owners=JOB),
            pod("waits", 4, "n1", owners=JOB),
            pod("bare", 0, "n1"),
            pod("own", 0, "n1", owners=DAEMON),
        ]
    )
    moved = by_node(world).moved
    assert (moved.placed, moved.waiting, moved.lost) == (
        {"team-a/moves": "n2"},
        ("team-a/waits",),
        ("team-a/bare",),
    )


def test_what_if_leaves_the_scene_as_it_was() -> None:
    world = World([node("n1"), pod("busy", 8, "n1", owners=JOB)])
    scene = world.scene()
    before = {name: dict(info.used) for name, info in scene.trial.view.nodes.items()}
    world.fit(8, 1, what_if=WhatIf(gone=frozenset(["uid-team-a-busy"])))
    assert {name: dict(info.used) for name, info in scene.trial.view.nodes.items()} == before
