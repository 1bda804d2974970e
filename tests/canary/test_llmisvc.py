"""LLMInferenceServices in a routing group: which of the two objects is written when, up to all requests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.errors import Drift
from tests.canary.kserve import llmisvc, world_with
from tests.canary.llm_chat import CHAT, STOP, V2, backend, begun, named, pods, shared, stopped, told, weight
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(llmisvc(replicas=2))


def test_a_shift_is_one_weight_of_the_canary(world: World) -> None:
    prepared = begun(world)
    (write,) = world.reach(backend, CHAT, Shift(5), prepared)
    uid = named(world, "chat-v2")["metadata"]["uid"]
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/router/route/group", "value": "chat"},
        {"op": "test", "path": "/spec/router/route/weight", "value": 100},
        {"op": "replace", "path": "/spec/router/route/weight", "value": 521},
    ]
    assert write.on.name == "chat-v2" and write.weight == pytest.approx(5, abs=0.01)
    seen = world.see(backend, CHAT, prepared)
    assert seen.route == seen.configured == pytest.approx(5, abs=0.01)


def test_the_weight_rises_only_with_enough_ready_replicas(world: World) -> None:
    prepared = begun(world)
    writes = world.reach(backend, CHAT, Shift(75), prepared)
    assert told(writes) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat-v2", "json-patch", [("/spec/router/route/weight", 29700)]),
    ]
    assert pods(world, "chat-v2") == 2


def test_all_is_the_old_weight_at_nothing_and_back_begins_there(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    assert told(world.reach(backend, CHAT, Shift(100), prepared)) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat", "json-patch", [("/spec/router/route/weight", 0)]),
    ]
    assert world.see(backend, CHAT, prepared).configured == 100
    assert told(world.reach(backend, CHAT, Shift(25), prepared)) == [
        ("chat", "json-patch", [("/spec/router/route/weight", 9900)]),
        ("chat-v2", "json-patch", [("/spec/router/route/weight", 3300)]),
    ]


@pytest.mark.parametrize("start", [1, 25, 50, 99])
def test_no_write_in_between_is_beyond_both_ends(world: World, start: int) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(start), prepared)
    for goal, low, high in ((Promote(), start, 100), (Rollback(), 0, 100)):
        stands = [one.weight for one in world.reach(backend, CHAT, goal, prepared) if one.weight is not None]
        assert all(low - 0.05 <= one <= high for one in stands)
        assert stands == sorted(stands, reverse=isinstance(goal, Rollback))


def test_a_step_counts_only_when_every_member_s_route_has_it(world: World) -> None:
    prepared = begun(world)
    write = world.step(backend, CHAT, Shift(5), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    seen = world.see(backend, CHAT, prepared)
    assert not seen.applied and seen.waiting == "KServe has not worked on llmisvc/chat-v2 yet"
    world.settle()
    assert world.see(backend, CHAT, prepared).applied


def test_an_autoscaled_one_is_not_scaled_by_us() -> None:
    world = world_with(llmisvc(replicas=None, scaling={"minReplicas": 1, "maxReplicas": 4}))
    prepared = begun(world)
    assert "replicas" not in prepared.handle["body"]["spec"]
    assert [one for one, _, _ in told(world.reach(backend, CHAT, Promote(), prepared))] == ["chat"]


def test_promote_is_full_size_then_all_requests_and_the_old_one_stays(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(25), prepared)
    assert told(world.reach(backend, CHAT, Promote(), prepared)) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat", "json-patch", [("/spec/router/route/weight", 0)]),
    ]
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (2, 2)


def test_retire_stops_the_old_one_and_waits_until_its_pods_are_given_back(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    generation = named(world, "chat")["metadata"]["generation"]
    write = world.step(backend, CHAT, Retire(), prepared)
    assert isinstance(write, Write)
    assert (write.op, write.body) == ("merge", {"metadata": {"annotations": {STOP: "true"}}})
    world.carry(write)
    assert named(world, "chat")["metadata"]["generation"] == generation  # an annotation does not raise it
    assert world.step(backend, CHAT, Retire(), prepared) == Wait("KServe still runs chat")
    world.settle()
    world.run(40)
    assert world.step(backend, CHAT, Retire(), prepared) is None
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (0, 2)
    assert shared(world, "chat-v2") == [("chat-v2-inference-pool", 100)]
    seen = world.see(backend, CHAT, prepared)
    assert (seen.configured, seen.route, seen.stable.replicas) == (100, 100, 0)


def test_the_old_one_is_not_stopped_while_it_gets_requests(world: World) -> None:
    prepared = begun(world)
    with pytest.raises(Drift, match="still gets requests"):
        world.step(backend, CHAT, Retire(), prepared)


GOALS: list[Goal] = [Begin(V2, 1), Shift(5), Shift(50), Promote(), Retire()]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), max_size=4))
def test_a_goal_is_reached_from_wherever_it_broke_off(after: list[int]) -> None:
    """After a kill -9 somebody asks for the goal again: it goes on, and says None once it stands."""
    world = world_with(llmisvc(replicas=2))
    prepared = world.prepare(backend, CHAT, V2)
    for number, goal in enumerate(GOALS):
        for _ in range(after[number] if number < len(after) else 0):
            step = world.step(backend, CHAT, goal, prepared)
            if isinstance(step, Write):
                world.carry(step)
        world.reach(backend, CHAT, goal, prepared)
        assert world.step(backend, CHAT, goal, prepared) is None
    assert (stopped(world, "chat"), weight(world, "chat")) == (True, 0)
