"""KServe in Standard mode: what a start writes, needs and says."""

import pytest

from k8sai.canary.backend import Begin, Promote, Retire
from k8sai.canary.facts import Wish
from k8sai.errors import Refused
from tests.canary.kserve import isvc, model, world_with
from tests.canary.standard_chat import ISVC, V2, at, backend, begun, changes, pods
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def test_start_is_one_patch_that_makes_the_canary_and_insists_that_there_is_none(world: World) -> None:
    before = world.target(ISVC)
    prepared = world.prepare(backend, ISVC, V2)
    (write,) = world.reach(backend, ISVC, Begin(V2, 0), prepared)
    assert (write.op, write.weight, write.on.title) == ("json-patch", 0, "isvc/chat")
    assert isinstance(write.body, list)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": before["metadata"]["uid"]},
        {"op": "test", "path": "/spec/predictor", "value": before["spec"]["predictor"]},
        {"op": "test", "path": "/spec/canary", "value": None},
        {
            "op": "add",
            "path": "/spec/canary",
            "value": [
                {
                    "trafficPercent": 0,
                    "predictor": {
                        "name": "v2",
                        "minReplicas": 1,
                        "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
                    },
                }
            ],
        },
    ]
    assert world.step(backend, ISVC, Begin(V2, 0), prepared) is None


def test_the_canary_has_all_of_the_old_predictor_but_what_scales_it() -> None:
    scaled = isvc(
        replicas=2,
        maxReplicas=4,
        scaleTarget=3,
        scaleMetric="cpu",
        autoScaling={"metrics": []},
        tolerations=[{"key": "gpu"}],
    )
    world = world_with(scaled)
    entry = world.prepare(backend, ISVC, V2).handle["entry"]
    assert entry == {
        "name": "v2",
        "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
        "tolerations": [{"key": "gpu"}],
    }


def test_an_old_framework_is_named_too() -> None:
    world = world_with(isvc(replicas=1, model=None, sklearn={"storageUri": "s3://a/1"}))
    entry = world.prepare(backend, ISVC, Wish(model_uri="s3://a/2")).handle["entry"]
    assert entry["sklearn"] == {"name": "kserve-container", "storageUri": "s3://a/2"}


def test_annotations_are_the_same_before_and_after(world: World) -> None:
    before = world.target(ISVC)["metadata"]["annotations"]
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    assert world.target(ISVC)["metadata"]["annotations"] == before


def test_it_says_what_the_canary_will_need(world: World) -> None:
    prepared = world.prepare(backend, ISVC, Wish(model_uri="hf://org/chat-v2", values={"nodeSelector.gpu": "h200"}))
    (demand,), (peak,) = prepared.demand, prepared.peak
    assert (demand.count, peak.count, prepared.start) == (1, 4, 0)
    spec = demand.template["spec"]
    assert spec["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert spec["nodeSelector"] == {"gpu": "h200"}
    assert prepared.notes == (
        "KServe lowers the old version from 4 to 3 replicas when the canary is ready; the first step brings it back",
        "the readiness probe of isvc/chat asks only whether a port is open: that its model is loaded nobody tells",
    )


def test_a_probe_that_asks_for_the_model_says_nothing_more() -> None:
    probe = {"httpGet": {"path": "/v1/models", "port": 8080}}
    world = world_with(isvc(replicas=1, model=model(readinessProbe=probe)))
    assert world.prepare(backend, ISVC, V2).notes == ()


def test_the_canary_is_not_called_as_another_service_s_deployment(world: World) -> None:
    assert world.prepare(backend, ISVC, V2).handle["name"] == "v2"
    world.has(isvc("chat-v2", replicas=1))  # its Deployment is chat-v2-predictor
    assert world.prepare(backend, ISVC, V2).handle["name"] == "v3"
    with pytest.raises(Refused, match="the pods of isvc/chat-v2 are called so"):
        world.prepare(backend, ISVC, Wish(model_uri="b", name="v2"))


def test_with_swap_the_old_version_gives_a_replica_in_the_same_patch() -> None:
    world = world_with(isvc(replicas=2), gpus=2)
    wish = Wish(model_uri="hf://org/chat-v2", swap=True)
    prepared = world.prepare(backend, ISVC, wish)
    (write,) = world.reach(backend, ISVC, Begin(wish, 0), prepared)
    assert changes(write) == [("add", "/spec/canary"), ("add", "/spec/predictor/minReplicas")]
    for _ in range(3):
        world.run()
    at(world, prepared, 50)
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (1, 1)


def test_the_next_canary_has_the_next_name(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    for _ in range(3):
        world.run()
    again = world.prepare(backend, ISVC, Wish(model_uri="hf://org/chat-v3"))
    assert (again.handle["name"], again.handle["stable"]) == ("v3", "v2")
