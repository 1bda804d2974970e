"""A Rollout's two sides: who they are, how many pods of each, and where requests go."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Json
from k8sai.errors import Forbidden
from tests.canary.rollouts import (
    ABORT,
    BACK,
    CHAT,
    TO_V2,
    backend,
    begun,
    made,
    say,
    status,
    step,
    writes,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return made()


def test_without_a_rollout_the_sides_are_those_on_their_way(world: World) -> None:
    idle = backend.see(world.target(CHAT), {}, world.reading())
    assert (idle.canary, idle.configured, idle.applied, idle.drift) == (None, 0, True, ())
    begun(world)
    seen = backend.see(world.target(CHAT), {}, world.reading())
    assert seen.canary
    assert (seen.configured, seen.canary.ready, seen.stable.ready) == (25, 1, 3)


def test_a_share_of_pods_is_what_is_ready() -> None:
    world = made(steps=[{"setWeight": 5}, {"pause": {}}])
    prepared = begun(world, at=5)
    seen = world.see(backend, CHAT, prepared)
    assert (seen.configured, seen.route, seen.given) == (5, 20, 20)
    assert "5 % becomes 1 of 5 pods: 20 %" in prepared.notes


def test_the_sides_are_told_apart_by_the_hash_of_their_version(world: World) -> None:
    prepared = begun(world)
    seen = world.see(backend, CHAT, prepared)
    now = status(world)
    assert seen.canary
    assert seen.stable.labels == {"app": "chat", "rollouts-pod-template-hash": now["stableRS"]}
    assert seen.canary.labels == {"app": "chat", "rollouts-pod-template-hash": now["currentPodHash"]}
    assert seen.canary.name == f"chat-{now['currentPodHash']}"


def test_where_replicasets_may_not_be_read_the_status_tells(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = begun(world)
    listed = world.list

    def blind(kind: str, *args: Any, **more: Any) -> list[Json]:
        if kind == "replicasets.apps":
            raise Forbidden("no")
        return listed(kind, *args, **more)

    monkeypatch.setattr(world, "list", blind)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary
    assert (seen.configured, seen.route, seen.canary.ready) == (25, None, None)
    assert writes(world, Rollback(), prepared) == [ABORT, BACK]


def test_a_weight_between_two_stops_is_on_its_way_to_the_second(world: World) -> None:
    prepared = begun(world)
    write = step(world, Shift(75), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    world.settle()
    assert status(world)["currentStepIndex"] == 2
    assert world.see(backend, CHAT, prepared).configured == 75


def test_a_canary_that_serves_on_its_way_to_the_first_stop_is_there() -> None:
    """A clock that runs for hours is no pod that does not come up."""
    world = made(steps=[{"setWeight": 25}, {"pause": {"duration": "2h"}}, {"setWeight": 50}, {"pause": {}}])
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.reach(backend, CHAT, Begin(TO_V2, 50), prepared)
    seen = world.see(backend, CHAT, prepared)
    assert (seen.applied, seen.waiting) == (False, "step 1 of 4: setWeight 25")
    world.run(60)
    seen = world.see(backend, CHAT, prepared)
    assert (seen.applied, seen.waiting) == (True, "step 2 of 4: pause 2h, which ends by itself")
    assert (seen.configured, seen.route) == (50, 25)
    assert step(world, Shift(50), prepared) == Wait(seen.waiting)


def test_what_its_own_analyses_say_is_said(world: World) -> None:
    prepared = begun(world)
    run = {"name": "chat-2-2", "status": "Error", "message": "metric answers assessed Error"}
    say(world, canary={"currentStepAnalysisRunStatus": run})
    said = "its own AnalysisRun chat-2-2 is Error: metric answers assessed Error"
    assert world.see(backend, CHAT, prepared).notes == (said,)
