"""KServe in Standard mode: back, from wherever it is, and for whoever asks."""

import pytest

from k8sai.canary.backend import Promote, Retire, Rollback, Wait, Write
from k8sai.canary.facts import Json
from k8sai.errors import Forbidden, Refused
from tests.canary.kserve import isvc, world_with
from tests.canary.standard_chat import ISVC, at, backend, begun, changes, pods, weights
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def test_rollback_moves_the_requests_first_and_then_takes_the_canary_away(world: World) -> None:
    before = world.target(ISVC)["spec"]
    prepared = begun(world)
    at(world, prepared, 50)
    world.run()
    shift, gone = world.reach(backend, ISVC, Rollback(), prepared)
    assert (changes(shift), shift.weight) == ([("replace", "/spec/canary/0/trafficPercent")], 0)
    assert changes(gone) == [("remove", "/spec/canary"), ("add", "/spec/predictor/minReplicas")]
    assert world.target(ISVC)["spec"] == before
    world.run()
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (4, 0)
    assert [name for name, _ in weights(world)] == ["chat-predictor"]
    assert world.step(backend, ISVC, Rollback(), prepared) is None


def test_rollback_waits_for_replicas_of_the_old_version_that_are_coming(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 75)
    for one in world.list("pods", labels="app=isvc.chat-predictor")[:2]:
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    part = world.step(backend, ISVC, Rollback(), prepared)
    assert isinstance(part, Write) and part.weight == 50  # two of four are ready
    world.carry(part)
    world.settle()
    waits = world.step(backend, ISVC, Rollback(), prepared)
    assert isinstance(waits, Wait) and waits.pods
    world.reach(backend, ISVC, Rollback(), prepared)
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_does_not_wait_when_the_canary_cannot_serve(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 75)
    for one in world.list("pods", labels="app=isvc.chat-predictor"):
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    step = world.step(backend, ISVC, Rollback(all_at_once=True), prepared)
    assert isinstance(step, Write) and step.weight == 0


def test_rollback_does_not_wait_for_pods_that_find_no_node() -> None:
    world = world_with(isvc(replicas=2), gpus=3)
    prepared = begun(world)
    at(world, prepared, 50)
    for one in world.list("pods", labels="app=isvc.chat-predictor")[:1]:
        world.delete("pods", one["metadata"]["name"])
    world.pod("thief", 1)
    for _ in range(3):
        world.run()
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes] == [0, None]
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_works_for_who_may_see_nothing_but_the_service(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    get = world.get

    def hidden(kind: str, namespace: str, name: str) -> Json:
        if not kind.startswith("inferenceservices"):
            raise Forbidden(f"{kind} may not be read")
        return get(kind, namespace, name)

    def none(kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        raise Forbidden(f"{kind} may not be listed")

    monkeypatch.setattr(world, "get", hidden)
    monkeypatch.setattr(world, "list", none)
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes][-2:] == [0, None]
    assert "canary" not in world.target(ISVC)["spec"]


def test_rollback_to_a_weight_stops_there(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 50)
    world.run()
    (write,) = world.reach(backend, ISVC, Rollback(weight=25), prepared)
    assert write.weight == 25
    assert world.reach(backend, ISVC, Rollback(weight=40), prepared) == []


def test_rollback_after_promotion_finds_the_old_version_until_it_is_retired(world: World) -> None:
    before = world.target(ISVC)["spec"]
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.run()
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert writes[0].weight == 0
    assert world.target(ISVC)["spec"] == before


def test_after_the_swap_there_is_nothing_to_go_back_to(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, ISVC, Promote(), prepared)
    world.reach(backend, ISVC, Retire(), prepared)
    with pytest.raises(Refused, match="has deleted the pods"):
        world.step(backend, ISVC, Rollback(), prepared)
