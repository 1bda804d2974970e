"""KServe in Standard mode: what is refused before anything is written."""

import pytest

from k8sai.canary.facts import Json, Wish
from k8sai.errors import Refused, Usage
from tests.canary.kserve import isvc, world_with
from tests.canary.standard_chat import ISVC, V2, backend, begun
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


REFUSED: list[tuple[Json, Wish, str]] = [
    (isvc(replicas=1, workerSpec={"size": 2}), V2, "runs on several nodes, of which KServe makes no canary"),
    (isvc(replicas=1, storageUris=[{"uri": "a"}]), V2, "has storageUris, which KServe does not fetch for a canary"),
    (isvc(replicas=1, scaler="external"), V2, "is scaled from outside by the name of its Deployment"),
    (isvc(replicas=1), Wish(image="vllm/vllm-openai:v2"), "only with another storageUri"),
    (isvc(replicas=1), Wish(model_uri="hf://b", values={"model.args": "null"}), "it cannot take away model.args"),
    (isvc(replicas=2), Wish(model_uri="hf://b", warm_replicas=3), "from 1 to the 2 that the old version has"),
    (isvc(replicas=1), Wish(model_uri="hf://b", swap=True), "--swap would leave 0 of 1 replicas"),
]


@pytest.mark.parametrize(("target", "wish", "why"), REFUSED, ids=[why[:30] for _, _, why in REFUSED])
def test_what_kserve_could_not_do_is_refused_before_anything_is_written(target: Json, wish: Wish, why: str) -> None:
    world = world_with(target)
    with pytest.raises(Refused, match=why):
        world.prepare(backend, ISVC, wish)


@pytest.mark.parametrize("part", ["transformer", "explainer"])
def test_a_service_of_several_parts_is_refused(part: str) -> None:
    target = isvc(replicas=1)
    target["spec"][part] = {"containers": [{"name": "c", "image": "i"}]}
    with pytest.raises(Refused, match=f"go past the {part}"):
        world_with(target).prepare(backend, ISVC, V2)


def test_a_deployment_that_flagger_rolls_out_is_refused(world: World) -> None:
    canary = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "theirs"}}
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat-predictor"}
    world.has({**canary, "spec": {"targetRef": aim, "service": {}, "analysis": {}}})
    with pytest.raises(Refused, match="is Flagger's"):
        world.prepare(backend, ISVC, V2)


def test_a_second_canary_is_refused(world: World) -> None:
    begun(world)
    with pytest.raises(Refused, match="has a canary already: v2"):
        world.prepare(backend, ISVC, V2)


def test_a_service_that_is_not_ready_or_not_routed_is_refused() -> None:
    world = World()
    world.has(isvc(replicas=1))
    with pytest.raises(Refused, match="is not ready"):
        world.prepare(backend, ISVC, V2)
    world = world_with(isvc(replicas=1))
    world.delete("httproutes", "chat", "gateway.networking.k8s.io")
    with pytest.raises(Refused, match="KServe gives a canary pods and no requests"):
        world.prepare(backend, ISVC, V2)


@pytest.mark.parametrize("wish", [Wish(), Wish(to="svc/a"), Wish(model_uri="a", headers={"a": "b"})])
def test_a_wish_that_has_no_place_here_is_a_wrong_usage(world: World, wish: Wish) -> None:
    with pytest.raises(Usage):
        world.prepare(backend, ISVC, wish)


def test_a_volume_of_one_node_is_refused(world: World) -> None:
    claim: Json = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"}}
    world.has({**claim, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    with pytest.raises(Refused, match="two versions cannot both mount it"):
        world.prepare(backend, ISVC, Wish(model_uri="pvc://weights/chat"))
