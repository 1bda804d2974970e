"""Situations by hand: what fit says of each, and the change it offers first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from k8sai.facts import Object
from k8sai.fit.answer import Answer
from k8sai.fit.ask import Asked, Bounds, Group
from k8sai.fit.place import WhatIf
from k8sai.fit.say import sentence
from k8sai.fit.scene import Rules
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import H100, card, claim, device_class, pod, resource_slice

A100 = "NVIDIA-A100-SXM4-80GB"
VISION = ({"key": "team", "value": "vision", "effect": "NoSchedule"},)
ON_GPU = ({"key": GPU, "value": "present", "effect": "NoSchedule"},)
UNREACHABLE = ({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},)
JOB = ({"kind": "Job", "name": "train", "uid": "j", "controller": True},)
DAEMON = ({"kind": "DaemonSet", "name": "d", "uid": "d", "controller": True},)


def using(cpu: str = "1", memory: str = "1Gi", gpus: int = 0) -> dict[str, Any]:
    asks: dict[str, Any] = {"cpu": cpu, "memory": memory, **({GPU: gpus} if gpus else {})}
    return {"containers": [{"name": "c", "resources": {"requests": asks, "limits": asks}}]}


def group(spec: dict[str, Any], count: int = 1, name: str = "pod", labels: dict[str, str] | None = None) -> Group:
    return Group(name, count, {"metadata": {"namespace": "team-a", "labels": labels or {}}, "spec": spec})


def quota(hard: dict[str, Any], used: dict[str, Any]) -> Rules:
    meta = {"namespace": "team-a", "name": "q"}
    return Rules(quotas=[{"metadata": meta, "spec": {"hard": hard}, "status": {"hard": hard, "used": used}}])


@dataclass
class Situation:
    """`said` is a part of the sentence, `codes` are those of what is short, `change` the first change's text."""

    name: str
    objects: list[Object]
    ask: Callable[[World], Answer]
    verdict: str
    placed: int
    said: str
    codes: list[str] = field(default_factory=list)
    change: str = ""
    rules: Rules | None = None


def flags(gpus: int = 8, pods: int = 1, **more: Any) -> Callable[[World], Answer]:
    return lambda world: world.fit(gpus, pods, **more)


def manifest(*groups: Group) -> Callable[[World], Answer]:
    return lambda world: world.fit_all(Asked(groups))


def apart(count: int) -> Group:
    """Pods that keep away from each other, node by node."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return group({**using(gpus=1), "affinity": rule}, count, labels={"app": "x"})


def hosts(*names: str) -> list[Object]:
    return [node(name, labels={"kubernetes.io/hostname": name}) for name in names]


def by_node(world: World) -> Answer:
    return world.fit(8, 1, what_if=world.drained("n1"))


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
    found = situation.ask(World(situation.objects, situation.rules))
    said = sentence(found)
    assert (found.verdict, found.placed) == (situation.verdict, situation.placed), said
    assert situation.said in said
    assert [short.code for short in found.shorts] == situation.codes
    assert (found.changes[0].text if found.changes else "") == situation.change


def test_there_are_enough_situations() -> None:
    assert len(SITUATIONS) >= 25
    assert len({one.name for one in SITUATIONS}) == len(SITUATIONS)


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


def test_a_change_is_never_offered_untried() -> None:
    """Ending a pod of this node would not help: CPU is short too, and nobody here holds enough of it."""
    world = World([node("n1", cpu=8), pod("busy", 8, "n1", owners=JOB)])
    found = world.fit(8, 1, cpu="16")
    assert [change.kind for change in found.changes] == []
    assert found.verdict == "never"


def test_what_if_leaves_the_scene_as_it_was() -> None:
    world = World([node("n1"), pod("busy", 8, "n1", owners=JOB)])
    scene = world.scene()
    before = {name: dict(info.used) for name, info in scene.trial.view.nodes.items()}
    world.fit(8, 1, what_if=WhatIf(gone=frozenset(["uid-team-a-busy"])))
    assert {name: dict(info.used) for name, info in scene.trial.view.nodes.items()} == before


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
