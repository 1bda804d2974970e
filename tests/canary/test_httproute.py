"""An HTTPRoute: its weights go up and back, and end as they began."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Ref
from k8sai.errors import Drift
from tests.canary.http_chat import TO_V2, backend, reach, written
from tests.canary.routes import ROUTE, route, to, two_versions, weights
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    made = two_versions()
    made.has(route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    return made


def test_a_shift_is_one_patch_that_tests_both_weights(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert reach(world, Begin(TO_V2, 0), prepared) == []
    uid = world.target(ROUTE)["metadata"]["uid"]
    (write,) = reach(world, Shift(5), prepared)
    assert (write.op, write.on, write.weight) == ("json-patch", Ref(ROUTE.kind, "default", "chat", uid, "httproute"), 5)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/rules/0/name", "value": "main"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "chat-v1"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/weight", "value": 1},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/name", "value": "chat-v2"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/weight", "value": 0},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 95},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 5},
    ]


def test_a_canary_that_nobody_refers_to_is_added_with_weight_0() -> None:
    world = two_versions()
    world.has(route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    (write,) = reach(world, Begin(TO_V2, 0), prepared)
    ref = {"group": "", "kind": "Service", "name": "chat-v2", "port": 8000, "weight": 0}
    assert isinstance(write.body, list)
    assert write.body[-1] == {"op": "add", "path": "/spec/rules/0/backendRefs/-", "value": ref}
    assert weights(world) == {"chat-v1": 1, "chat-v2": 0}
    reach(world, Shift(25), prepared)
    reach(world, Rollback(), prepared)
    assert weights(world) == {"chat-v1": 1}


def test_0_percent_leaves_the_old_side_what_it_has(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    for goal, expected in ((Shift(100), (0, 100)), (Shift(0), (100, 0)), (Shift(20), (80, 20)), (Shift(0), (80, 0))):
        reach(world, goal, prepared)
        assert weights(world) == dict(zip(("chat-v1", "chat-v2"), expected, strict=True))


def test_it_waits_until_the_gateway_has_taken_the_weights_over(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.carry(written(world.step(backend, ROUTE, Shift(5), prepared)))
    waiting = Wait("gateway gateway has not yet said Accepted of what is written")
    assert world.step(backend, ROUTE, Shift(5), prepared) == waiting
    world.settle()
    assert world.step(backend, ROUTE, Shift(5), prepared) is None


def test_both_sides_are_seen_with_their_pods(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(25), prepared)
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary
    assert (seen.stable.name, seen.stable.replicas, seen.stable.ready, seen.stable.percent) == ("chat-v1", 1, 1, 75)
    assert (seen.canary.name, seen.canary.labels, seen.configured) == ("chat-v2", {"app": "chat-v2"}, 25)
    assert seen.drift == () and seen.applied


def test_a_promotion_keeps_the_old_side_until_it_is_retired(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Promote(), prepared)
    assert weights(world) == {"chat-v1": 0, "chat-v2": 100}
    reach(world, Retire(), prepared)
    assert weights(world) == {"chat-v2": 100}
    assert world.step(backend, ROUTE, Retire(), prepared) is None


def test_a_side_that_gets_requests_is_not_retired(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(50), prepared)
    with pytest.raises(Drift, match="svc/chat-v1 still gets requests"):
        world.step(backend, ROUTE, Retire(), prepared)


GOALS = st.one_of(
    st.builds(Shift, st.integers(0, 100)),
    st.builds(Rollback, st.integers(0, 100), st.booleans()),
    st.just(Promote()),
    st.just(Begin(TO_V2, 0)),
)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1_000_000), st.sampled_from([None, 0]), st.lists(st.tuples(GOALS, st.integers(0, 3)), max_size=5))
def test_goals_that_break_off_anywhere_are_taken_up_and_a_rollback_ends_as_it_began(
    weight: int, canary: int | None, goals: list[tuple[Goal, int]]
) -> None:
    world = two_versions(replicas=3)
    refs = [to("chat-v1", weight=weight)] + ([to("chat-v2", weight=0)] if canary is not None else [])
    world.has(route({"name": "a", "backendRefs": refs}, {"backendRefs": refs}))
    before = world.target(ROUTE)["spec"]
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Begin(TO_V2, 0), prepared)
    for goal, writes in goals:
        for _ in range(writes):  # then whoever asked is gone, and somebody asks for something else
            if isinstance(step := world.step(backend, ROUTE, goal, prepared), Write):
                world.carry(step)
            world.run()
    reach(world, Begin(TO_V2, 0), prepared)
    reach(world, Shift(37), prepared)
    assert {weights(world, at)["chat-v2"] for at in (0, 1)} == {37}
    assert reach(world, Shift(37), prepared) == []
    reach(world, Rollback(), prepared)
    assert world.target(ROUTE)["spec"] == before
    assert reach(world, Rollback(), prepared) == []
