"""Stranded GPUs and sizes: free, yet of no use to those who wait."""

from typing import Any

from k8sai.facts import Object, Pod
from k8sai.fit import document, pages
from k8sai.fit.stranded import Stranded, summary
from k8sai.fleet.resources import builtin
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import H100, card, pod, resource_slice

MIG = "nvidia.com/mig-1g.10gb"
VISION = ({"key": "team", "value": "vision", "effect": "NoSchedule"},)
ON_GPU = ({"key": GPU, "value": "present", "effect": "NoSchedule"},)


def found(*objects: Object) -> Stranded:
    world = World(objects)
    return summary(world.board, world.fleet, builtin())


def eater(name: str, on: str, cpu: str, gpus: int = 0, memory: str = "1Gi") -> Pod:
    asks: dict[str, Any] = {"cpu": cpu, "memory": memory, **({GPU: gpus} if gpus else {})}
    return pod(name, 0, on, spec={"containers": [{"name": "c", "resources": {"requests": asks, "limits": asks}}]})


def test_a_block_too_small_for_all_who_wait() -> None:
    said = found(node("n1"), pod("busy", 5, "n1"), pod("w", 4))
    assert (said.free, said.usable, said.stranded, said.meaning) == (3, 0, 3, "waiting")
    assert said.sentence == "3 free, 3 stranded: no waiting pod or gang fits them; the largest block is 3 on n1"
    assert said.blocks[0].why == "fewer than the 4 that are asked for"


def test_somebody_fits() -> None:
    said = found(node("n1"), pod("busy", 4, "n1"), pod("w", 2), pod("big", 8))
    assert (said.stranded, said.sentence) == (0, "4 free, none stranded; the largest block is 4 on n1")


def test_what_is_left_over() -> None:
    """Pods of 3 take 6 of 7."""
    said = found(node("n1"), pod("busy", 1, "n1"), pod("w", 3))
    assert (said.usable, said.stranded, said.blocks[0].why) == (6, 1, "1 left over")


def test_cpu_is_gone() -> None:
    said = found(node("n1", cpu=16), eater("e", "n1", "15"), eater("w", "", "8", 1))
    assert (said.stranded, said.blocks[0].why) == (8, "cpu short")


def test_nobody_waits() -> None:
    """Then the measure is a pod of one GPU, 1 CPU and 1 GiB."""
    said = found(node("n1", cpu=16), eater("e", "n1", "14"), node("n2"))
    assert (said.free, said.stranded, said.meaning, said.blocks[0].why) == (16, 6, "smallest", "cpu short")
    assert said.reason == "not even a pod of one GPU starts there"


def test_nodes_that_take_nothing() -> None:
    said = found(node("a", cordoned=True), node("b", ready=False), node("c", taints=VISION), node("d", taints=ON_GPU))
    assert {block.node: block.why for block in said.blocks} == {
        "a": "cordoned",
        "b": "not ready",
        "c": "taint team=vision:NoSchedule",
    }
    assert (said.free, said.stranded, said.largest_on) == (32, 24, "c")


def test_pods_for_other_nodes_say_nothing_of_these() -> None:
    picky = pod("w", 8, spec={"nodeSelector": {"pool": "x"}})
    said = found(node("n1"), pod("busy", 5, "n1"), picky)
    assert (said.stranded, said.waiting) == (0, 1)


def test_a_gang_counts_as_a_whole() -> None:
    """Two nodes would take one pod each, and the gang is four."""
    gang = {"scheduling.k8s.io/group-name": "g"}
    waiting = [pod(f"w{n}", 8, annotations=gang) for n in range(4)]
    assert found(node("n1"), node("n2"), *waiting).stranded == 16
    assert found(node("n1"), node("n2"), *waiting[:2]).stranded == 0
    assert found(node("n1"), node("n2"), *waiting).blocks[0].why == "too little for the whole gang"


def test_what_is_reserved_is_not_stranded() -> None:
    said = found(node("n1"), pod("next", 6, nominated="n1"))
    assert (said.free, said.reserved, said.usable, said.stranded) == (8, 6, 2, 0)


def test_slices_are_cards_in_the_sum() -> None:
    said = found(node("n1", 0, product=H100), node("m1", 0))
    assert (said.free, said.sentence) == (0, "nothing is free")


def test_devices_of_a_driver() -> None:
    said = found(node("n1", 0), resource_slice([card(0), card(1)]))
    assert (said.free, said.stranded, said.largest) == (2, 0, 2)
    (row,) = said.sizes
    assert (row.kind, row.resource, row.pods) == ("card", "gpu.nvidia.com", (2, 1, 0, 0))


def test_sizes() -> None:
    said = found(
        node("n1"),
        node("n2"),
        pod("busy", 5, "n2"),
        node("n3", cordoned=True),
        node("n4", taints=VISION),
        node("n5", pods=1),
        node("t1", 4, product="Tesla-T4"),
    )
    rows = {row.product: (row.free, row.largest, row.pods) for row in said.sizes}
    assert rows == {H100: (19, 8, (12, 6, 3, 2)), "Tesla-T4": (4, 4, (4, 2, 1, 0))}


def test_as_a_document_and_as_tables() -> None:
    said = found(node("n1"), pod("busy", 5, "n1"), pod("w", 4))
    told = document.stranded(said)
    assert (told["free"], told["stranded"], told["largest"], told["largestOn"]) == (3, 3, 3, "n1")
    assert told["nodes"] == [
        {"name": "n1", "product": H100, "free": 3, "stranded": 3, "why": "fewer than the 4 that are asked for"}
    ]
    (row,) = document.sizes(said.sizes)
    assert row["pods"] == {"1": 3, "2": 1, "4": 0, "8": 0}
    table = pages.sizes(said.sizes)
    assert [cell.text for cell in table.rows[0].cells] == ["H100-80GB-HBM3", "card", "3", "3", "3", "1", "0", "0", GPU]
    assert [cell.text for cell in pages.stranded(said.blocks).rows[0].cells][:4] == ["n1", "H100-80GB-HBM3", "3", "3"]
