"""Numbers of pods that no cluster has: an answer all the same, and not one object per pod asked for."""

import pytest

from k8sai.facts import Object
from k8sai.fit.say import sentence
from k8sai.fit.wish import Means, Wish, asked
from tests.fit.world import GPU, World, node
from tests.fleet.facts_by_hand import card, device_class, resource_slice

BILLION = 10**9


def claimed() -> list[Object]:
    return [node("n1", 0, pods=20), resource_slice([card(0), card(1)]), device_class("gpu.nvidia.com")]


@pytest.mark.parametrize(
    ("objects", "device_class_name", "placed"),
    [([node("n1"), node("n2")], "", 16), (claimed(), "gpu.nvidia.com", 2)],
    ids=["resource", "claims"],
)
def test_a_billion_pods_are_refused_with_how_many_would_start(
    objects: list[Object], device_class_name: str, placed: int
) -> None:
    found = World(objects).fit(1, BILLION, device_class=device_class_name)
    assert (found.verdict, found.placed) == ("never", placed)
    assert f"{placed} of {BILLION} pods" in sentence(found)
    fewer = next(change for change in found.changes if change.kind == "pods")
    assert fewer.text == f"start {placed} pods of 1 GPU, {BILLION - placed} fewer"


def test_only_so_many_candidates_are_made_as_could_ever_run() -> None:
    world = World([node("n1"), node("n2")])
    scene = world.scene()
    pods = scene.candidates(scene.admitted(asked(Wish(BILLION, 1, namespace="team-a"), Means(GPU))))
    assert len(pods) == 17
    assert len({pod.info.uid for pod in pods}) == len({pod.info.name for pod in pods}) == 17
