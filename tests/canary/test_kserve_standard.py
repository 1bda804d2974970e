"""KServe in Standard mode: shares go up, up to all of them, and the canary becomes the stable side."""

import pytest

from k8sai.canary.backend import Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.errors import Drift
from tests.canary.kserve import isvc, model, world_with
from tests.canary.standard_chat import ISVC, at, backend, begun, changes, guarded_by, pods, weights
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def test_a_shift_tests_the_name_and_the_weight_that_was_read() -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    (write,) = world.reach(backend, ISVC, Shift(5), prepared)
    uid = world.target(ISVC)["metadata"]["uid"]
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/canary/0/predictor/name", "value": "v2"},
        {"op": "test", "path": "/spec/canary/0/trafficPercent", "value": 0},
        {"op": "replace", "path": "/spec/canary/0/trafficPercent", "value": 5},
    ]
    assert (write.weight, weights(world)) == (5, [("chat-predictor", 95), ("chat-v2-predictor", 5)])


def test_the_weight_rises_only_with_enough_ready_replicas(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow, shift = world.reach(backend, ISVC, Shift(50), prepared)
    assert grow.weight is None and shift.weight == 50
    assert ("replace", "/spec/canary/0/predictor/minReplicas") in changes(grow)
    assert changes(shift) == [("replace", "/spec/canary/0/trafficPercent")]
    assert pods(world, "chat-v2-predictor") == 2


def test_replicas_of_the_canary_that_are_not_ready_are_waited_for(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow = world.step(backend, ISVC, Shift(75), prepared)
    assert isinstance(grow, Write)
    world.carry(grow)
    world.settle()
    assert world.step(backend, ISVC, Shift(75), prepared) == Wait("1 of 3 replicas of v2 are ready", pods=True)


def test_promote_scales_first_then_moves_all_requests_and_keeps_the_old_version(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    grow, shift = world.reach(backend, ISVC, Promote(), prepared)
    assert changes(grow) == [
        ("replace", "/spec/canary/0/predictor/minReplicas"),
        ("add", "/spec/predictor/minReplicas"),
    ]
    assert (changes(shift), shift.weight) == ([("replace", "/spec/canary/0/trafficPercent")], 100)
    assert (pods(world, "chat-v2-predictor"), pods(world, "chat-predictor")) == (4, 4)
    assert weights(world) == [("chat-predictor", 0), ("chat-v2-predictor", 100)]


def test_the_swap_is_one_patch_restarts_no_pod_and_leaves_no_list(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Promote(), prepared)
    before = {one["metadata"]["uid"] for one in world.list("pods", labels="app=isvc.chat-v2-predictor")}
    (swap,) = world.reach(backend, ISVC, Retire(), prepared)
    assert changes(swap) == [("replace", "/spec/predictor"), ("remove", "/spec/canary")]
    assert set(guarded_by(swap)) == {"/metadata/uid", "/spec/predictor", "/spec/canary"}
    for _ in range(3):
        world.run()
    spec = world.target(ISVC)["spec"]
    assert spec == {
        "predictor": {
            "name": "v2",
            "minReplicas": 4,
            "model": {"name": "kserve-container", **model("hf://org/chat-v2")},
        }
    }
    after = {one["metadata"]["uid"] for one in world.list("pods", labels="app=isvc.chat-v2-predictor")}
    assert after == before and pods(world, "chat-predictor") == 0
    assert world.step(backend, ISVC, Retire(), prepared) is None
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None
    assert (seen.canary.percent, seen.canary.ready, seen.stable.replicas, seen.drift) == (100.0, 4, 0, ())


def test_a_list_that_was_there_and_empty_stays() -> None:
    target = isvc(replicas=1)
    target["spec"]["canary"] = []
    world = world_with(target)
    prepared = begun(world)
    at(world, prepared, 50)
    world.reach(backend, ISVC, Rollback(), prepared)
    assert world.target(ISVC)["spec"]["canary"] == []


def test_autoscaling_comes_back_with_the_swap() -> None:
    world = world_with(isvc(replicas=1, scaler="hpa", maxReplicas=6, scaleTarget=70, scaleMetric="cpu"))
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    new = world.target(ISVC)["spec"]["predictor"]
    assert {key: new[key] for key in ("minReplicas", "maxReplicas", "scaleTarget", "scaleMetric")} == {
        "minReplicas": 1,
        "maxReplicas": 6,
        "scaleTarget": 70,
        "scaleMetric": "cpu",
    }


def test_the_old_version_is_not_retired_while_it_gets_requests(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    with pytest.raises(Drift, match="still gets requests"):
        world.step(backend, ISVC, Retire(), prepared)
