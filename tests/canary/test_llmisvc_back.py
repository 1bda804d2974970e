"""LLMInferenceServices in a routing group: requests, then GPUs, then the group."""

import pytest

from k8sai.canary.backend import Begin, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Ref, Wish
from k8sai.errors import Drift
from tests.canary.kserve import llmisvc, world_with
from tests.canary.llm_chat import CHAT, KIND, STOP, TO, backend, begun, named, pods, stopped, told
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(llmisvc(replicas=2))


def test_rollback_is_requests_then_gpus_then_the_group(world: World) -> None:
    before = named(world, "chat")["spec"]
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    writes = world.reach(backend, CHAT, Rollback(), prepared)
    assert [(one.on.name, one.op) for one in writes] == [
        ("chat-v2", "json-patch"),
        ("chat-v2", "merge"),
        ("chat", "json-patch"),
    ]
    assert (writes[0].weight, writes[1].body) == (0, {"metadata": {"annotations": {STOP: "true"}}})
    assert named(world, "chat")["spec"] == before
    world.run(40)
    assert (stopped(world, "chat-v2"), pods(world, "chat-v2"), pods(world, "chat")) == (True, 0, 2)
    assert world.step(backend, CHAT, Rollback(), prepared) is None
    assert world.see(backend, CHAT, prepared).configured == 0


def test_rollback_after_promotion_wakes_the_old_one_and_waits_for_it(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    world.reach(backend, CHAT, Retire(), prepared)
    world.run(40)
    wake = world.step(backend, CHAT, Rollback(), prepared)
    assert isinstance(wake, Write) and wake.body == {"metadata": {"annotations": {STOP: None}}}
    world.carry(wake)
    world.settle()
    waits = world.step(backend, CHAT, Rollback(), prepared)
    assert isinstance(waits, Wait) and waits.pods
    world.reach(backend, CHAT, Rollback(), prepared)
    assert stopped(world, "chat-v2") and not stopped(world, "chat")


def test_rollback_does_not_wait_when_the_canary_cannot_serve(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(100), prepared)
    for one in world.list("pods", labels="app.kubernetes.io/name=chat"):
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    step = world.step(backend, CHAT, Rollback(all_at_once=True), prepared)
    assert isinstance(step, Write) and step.on.name == "chat"
    assert isinstance(step.body, list) and step.body[-1]["value"] == 9900


def test_rollback_to_a_weight_stops_there(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    (write,) = world.reach(backend, CHAT, Rollback(weight=25), prepared)
    assert write.weight == 25
    assert world.reach(backend, CHAT, Rollback(weight=25), prepared) == []


def test_one_that_was_there_is_left_as_it_was_found() -> None:
    new = llmisvc("new", model={"name": "chat", "uri": "hf://org/chat-v2"})
    world = world_with(llmisvc(), new)
    before = named(world, "chat")["spec"], named(world, "new")["spec"]
    prepared = begun(world, TO)
    world.reach(backend, CHAT, Shift(50), prepared)
    world.reach(backend, CHAT, Rollback(), prepared)
    assert (named(world, "chat")["spec"], named(world, "new")["spec"]) == before
    assert not stopped(world, "new")


def test_rollback_without_the_canary_still_leaves_the_group(world: World) -> None:
    before = named(world, "chat")["spec"]
    prepared = begun(world)
    world.delete("llminferenceservices", "chat-v2", "serving.kserve.io")
    world.run()
    with pytest.raises(Drift, match="llmisvc/chat-v2 is gone"):
        world.step(backend, CHAT, Shift(5), prepared)
    assert told(world.reach(backend, CHAT, Rollback(), prepared)) == [
        ("chat", "json-patch", [("/spec/router/route/group", None), ("/spec/router/route/weight", None)])
    ]
    assert named(world, "chat")["spec"] == before


def test_the_way_back_after_all_is_a_rollout_to_the_one_that_was_stopped(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    world.reach(backend, CHAT, Retire(), prepared)
    world.run(40)
    new, wish = Ref(KIND, "default", "chat-v2", word="llmisvc"), Wish(to="llmisvc/chat")
    back = world.prepare(backend, new, wish)
    for goal in (Begin(wish, 1), Shift(50), Promote(), Retire()):
        world.reach(backend, new, goal, back)
    world.run(40)
    assert (stopped(world, "chat"), stopped(world, "chat-v2")) == (False, True)
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (2, 0)
