"""KServe in Standard mode: what others write meanwhile, and going on after a break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.facts import Json
from k8sai.errors import Drift, Refused
from tests.canary.kserve import isvc, world_with
from tests.canary.standard_chat import ISVC, KIND, V2, at, backend, begun, changes, pods
from tests.canary.world import World, Writes


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


OTHERS: list[tuple[Json, str]] = [
    ({"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/other"}, "spec.predictor of"),
    ({"op": "replace", "path": "/spec/canary/0/predictor/model/storageUri", "value": "hf://org/x"}, "the canary v2 of"),
    (
        {
            "op": "add",
            "path": "/spec/canary/-",
            "value": {"trafficPercent": 1, "predictor": {"name": "mine", "model": {"name": "a", "storageUri": "b"}}},
        },
        "has got another canary: mine",
    ),
]


@pytest.mark.parametrize(("edit", "said"), OTHERS, ids=[said for _, said in OTHERS])
def test_a_third_version_is_drift_and_rollback_still_brings_the_first_back(world: World, edit: Json, said: str) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.run()
    world.edit(KIND, "chat", edit)
    for _ in range(3):
        world.run()
    assert any(said in one for one in world.see(backend, ISVC, prepared).drift)
    world.reach(backend, ISVC, Rollback(), prepared)
    spec = world.target(ISVC)["spec"]
    assert spec["predictor"] == prepared.before["predictor"]
    assert [one["predictor"]["name"] for one in spec.get("canary", [])] == (["mine"] if "another" in said else [])


STALE: list[tuple[str, Json]] = [
    ("the weight", {"op": "replace", "path": "/spec/canary/0/trafficPercent", "value": 3}),
    ("the name", {"op": "replace", "path": "/spec/canary/0/predictor/name", "value": "v9"}),
    ("the canary", {"op": "remove", "path": "/spec/canary"}),
]


@pytest.mark.parametrize("edit", [edit for _, edit in STALE], ids=[word for word, _ in STALE])
def test_a_write_of_somebody_else_makes_ours_fail(edit: Json) -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    write = world.step(backend, ISVC, Shift(5), prepared)
    assert isinstance(write, Write)
    world.edit(KIND, "chat", edit)
    with pytest.raises(Drift):
        world.carry(write)


def test_a_service_that_somebody_stops_is_drift(world: World) -> None:
    prepared = begun(world)
    world.edit(KIND, "chat", {"op": "add", "path": "/metadata/annotations/serving.kserve.io~1stop", "value": "true"})
    world.run()
    assert world.see(backend, ISVC, prepared).drift == ("isvc/chat is stopped",)
    with pytest.raises(Refused, match="is stopped"):
        world.edit(KIND, "chat", {"op": "remove", "path": "/spec/canary"})
        world.prepare(backend, ISVC, V2)


def test_a_canary_that_somebody_takes_away_is_drift_and_rollback_has_little_to_do(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.edit(KIND, "chat", {"op": "remove", "path": "/spec/canary"})
    world.run()
    with pytest.raises(Drift, match="the canary v2 is gone"):
        world.step(backend, ISVC, Shift(50), prepared)
    writes: Writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [changes(one) for one in writes] == [[("add", "/spec/predictor/minReplicas")]]


GOALS: list[Goal] = [Begin(V2, 0), Shift(5), Shift(50), Promote(), Retire()]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 3), max_size=4), st.integers(1, 4))
def test_a_goal_is_reached_from_wherever_it_broke_off(after: list[int], size: int) -> None:
    """After a kill -9 somebody asks for the goal again: it goes on, and says None once it stands."""
    world = world_with(isvc(replicas=size))
    prepared = world.prepare(backend, ISVC, V2)
    for number, goal in enumerate(GOALS):
        for _ in range(after[number] if number < len(after) else 0):
            step = world.step(backend, ISVC, goal, prepared)
            if isinstance(step, Write):
                world.carry(step)
        world.reach(backend, ISVC, goal, prepared)
        world.run()
        assert world.step(backend, ISVC, goal, prepared) is None
        assert pods(world, "chat-predictor") + pods(world, "chat-v2-predictor") >= size
    assert (pods(world, "chat-v2-predictor"), "canary" in world.target(ISVC)["spec"]) == (size, False)
