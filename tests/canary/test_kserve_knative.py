"""KServe in Knative mode: shares go up and back, pinned at 0, and what is restored."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Restore, Retire, Rollback, Shift, Wait
from k8sai.canary.facts import Wish
from k8sai.errors import Drift, Refused
from tests.canary.knatives import SERVING, isvc
from tests.canary.kserve_chat import (
    CHAT,
    PERCENT,
    TO_V2,
    V1,
    V2,
    V3,
    at,
    backend,
    begun,
    chat,
    component,
    gpus,
    next_of,
    percent,
    pinned,
    routed,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return chat()


# --- shift ------------------------------------------------------------------------------------------------------------


def test_a_shift_is_one_patch_that_tests_the_old_percent(world: World) -> None:
    prepared = begun(world)
    (write,) = world.reach(backend, CHAT, Shift(25), prepared)
    assert isinstance(write.body, list)
    assert write.body[2:] == [
        {"op": "test", "path": PERCENT, "value": 0},
        {"op": "test", "path": "/status/components/predictor/latestRolledoutRevision", "value": V1},
        {"op": "replace", "path": PERCENT, "value": 25},
    ]
    assert routed(world) == {V1: 75, V2: 25}
    assert next_of(world, Shift(25), prepared) is None


def test_two_that_shift_at_once_change_the_weight_once(world: World) -> None:
    prepared = begun(world)
    first, second = (next_of(world, Shift(weight), prepared) for weight in (5, 5))
    world.carry(first)
    with pytest.raises(Drift):
        world.carry(second)
    assert percent(world) == 5


def test_a_shift_up_waits_for_the_canary(world: World) -> None:
    """Until it is ready the percent would go to the old version, and to the new one at once when it is."""
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.carry(next_of(world, Begin(TO_V2, 0), prepared))
    world.settle()
    assert next_of(world, Shift(25), prepared) == Wait(f"revision {V2} is not ready", pods=True)
    assert percent(world) == 0


@pytest.mark.parametrize("weight", [-1, 101])
@pytest.mark.parametrize("goal", [Shift, Rollback, lambda weight: Begin(TO_V2, weight)])
def test_the_range_of_a_percent_is_ours_to_check(world: World, goal: Any, weight: int) -> None:
    prepared = begun(world)
    with pytest.raises(Refused, match="is no percent"):
        next_of(world, goal(weight), prepared)


def test_a_shift_is_reached_when_the_route_says_so(world: World) -> None:
    prepared = begun(world)
    world.carry(next_of(world, Shift(25), prepared))
    step = next_of(world, Shift(25), prepared)
    assert step == Wait(f"75 % to {V1}, 25 % to {V2} is written, 100 % to {V1} is routed")


# --- promote ----------------------------------------------------------------------------------------------------------


def test_promoting_removes_the_percent_and_waits_until_the_revision_is_rolled_out(world: World) -> None:
    prepared = at(world, 25)
    (write,) = world.reach(backend, CHAT, Promote(), prepared)
    assert isinstance(write.body, list) and write.body[-1] == {"op": "remove", "path": PERCENT}
    assert {"op": "test", "path": PERCENT, "value": 25} in write.body
    assert (component(world)["latestRolledoutRevision"], component(world)["previousRolledoutRevision"]) == (V2, V1)
    assert routed(world) == {V2: 100}
    assert next_of(world, Promote(), prepared) is None
    assert next_of(world, Retire(), prepared) is None
    world.run(60)
    assert gpus(world) == {V2: 2}, "what no route names gives its GPUs back"
    assert world.find("revisions", V1, SERVING) is not None, "and is not collected"


def test_a_promotion_goes_on_from_100(world: World) -> None:
    prepared = at(world, 50, 100)
    assert (percent(world), component(world)["latestRolledoutRevision"]) == (100, V2)
    world.reach(backend, CHAT, Promote(), prepared)
    assert percent(world) is None


# --- roll back --------------------------------------------------------------------------------------------------------


def test_a_rollback_pins_at_zero_and_warns(world: World) -> None:
    prepared = at(world, 50)
    (write,) = world.reach(backend, CHAT, Rollback(), prepared)
    assert isinstance(write.body, list) and write.body[-1] == {"op": "replace", "path": PERCENT, "value": 0}
    assert write.why == f"everything to {V1}; the new model stays in the text, pinned at 0 %: removing it promotes"
    assert any("to remove canaryTrafficPercent would promote it" in note for note in prepared.notes)
    seen = world.see(backend, CHAT, prepared)
    assert seen.notes == (f"canaryTrafficPercent is 0: to remove it would promote {V2}",)
    assert routed(world) == {V1: 100}
    assert component(world)["traffic"][1]["tag"] == "prev"
    assert world.target(CHAT)["spec"]["predictor"]["model"]["storageUri"] == "hf://org/chat-v2"
    world.run(60)
    assert gpus(world) == {V1: 2, V2: 2}, "a target at 0 % keeps its min-scale"


def test_removing_the_percent_after_a_rollback_does_promote(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    world.edit(CHAT.kind, "chat", {"op": "remove", "path": PERCENT})
    world.settle()
    assert routed(world) == {V2: 100}


def test_a_rollback_part_of_the_way_never_rises(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(10), prepared)
    assert routed(world) == {V1: 90, V2: 10}
    assert world.reach(backend, CHAT, Rollback(25), prepared) == []
    assert percent(world) == 10


@pytest.mark.parametrize("last", ["at 100", "promoted"])
def test_back_from_everything_the_old_pods_come_first(world: World, last: str) -> None:
    """No route named the old revision, so it has no pods: 1 % brings it back into the route, then it gets all."""
    prepared = at(world, 50, 100)
    if last == "promoted":
        world.reach(backend, CHAT, Promote(), prepared)
    world.run(60)
    assert gpus(world) == {V2: 2}
    writes = world.reach(backend, CHAT, Rollback(), prepared)
    assert [write.weight for write in writes] == [99.0, 0.0]
    assert component(world)["latestRolledoutRevision"] == V1, "KServe turns to the revision before"
    assert (routed(world), gpus(world)) == ({V1: 100}, {V1: 2, V2: 2})


def test_a_canary_that_cannot_serve_is_left_at_once(world: World) -> None:
    prepared = at(world, 100)
    world.run(60)
    writes = world.reach(backend, CHAT, Rollback(all_at_once=True), prepared)
    assert [write.weight for write in writes] == [0.0]
    assert routed(world) == {V1: 100}


def test_a_rollback_of_nothing_writes_nothing(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    assert world.reach(backend, CHAT, Rollback(), prepared) == []


def test_a_revision_that_never_came_is_taken_back_without_waiting_for_it(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    step = next_of(world, Begin(TO_V2, 0), prepared)
    world.carry(step)
    assert next_of(world, Begin(TO_V2, 0), prepared) == Wait("KServe has not made the new revision")
    assert next_of(world, Rollback(), prepared) is None


def test_when_the_old_revision_is_gone_its_text_comes_back(world: World) -> None:
    """Collected, or deleted by hand: KServe cannot split against it."""
    prepared = at(world, 100)
    world.reach(backend, CHAT, Promote(), prepared)
    world.delete("revisions", V1, SERVING)
    world.run()
    (write,) = world.reach(backend, CHAT, Rollback(), prepared)
    assert "starts a new revision" in write.why
    assert world.target(CHAT)["spec"] == isvc()["spec"]
    assert routed(world) == {V3: 100}


# --- restore ----------------------------------------------------------------------------------------------------------


def test_restore_writes_the_old_text_pinned_then_frees_it(world: World) -> None:
    """Without the pin the bad model would get everything until the third revision is ready."""
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    first = next_of(world, Restore(), prepared)
    assert "a third revision starts, on GPUs of its own" in first.why
    world.carry(first)
    world.settle()
    assert isinstance(next_of(world, Restore(), prepared), Wait)
    assert (percent(world), routed(world)) == (0, {V1: 100})
    writes = world.reach(backend, CHAT, Restore(), prepared)
    assert len(writes) == 1
    assert world.target(CHAT)["spec"] == isvc()["spec"]
    assert (routed(world), component(world)["latestRolledoutRevision"]) == ({V3: 100}, V3)
    world.run(60)
    assert gpus(world) == {V3: 2}


def test_restore_waits_for_the_third_revision_to_be_made(world: World) -> None:
    """Until then the canary is the latest that is ready: without a percent it would get everything."""
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    world.carry(next_of(world, Restore(), prepared))
    assert component(world)["latestReadyRevision"] == component(world)["latestCreatedRevision"] == V2
    assert next_of(world, Restore(), prepared) == Wait("KServe has not made the revision of the old text")


def test_restore_is_for_what_is_pinned(world: World) -> None:
    prepared = at(world, 50)
    with pytest.raises(Drift, match="not pinned at 0 %"):
        next_of(world, Restore(), prepared)


# --- from a rollback on -----------------------------------------------------------------------------------------------


def test_after_a_rollback_a_new_canary_begins_at_zero(world: World) -> None:
    """What is ready is the version that was rolled back: any percent would go to it until the new one is ready."""
    pinned(world)
    prepared = world.prepare(backend, CHAT, Wish(model_uri="hf://org/chat-v3"))
    assert any("its text is of a version that was rolled back" in note for note in prepared.notes)
    with pytest.raises(Refused, match=f"5 % would go to {V2}"):
        next_of(world, Begin(TO_V2, 5), prepared)
    world.reach(backend, CHAT, Begin(TO_V2, 0), prepared)
    world.run(10)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.stable.name, seen.canary.name, seen.drift) == (V1, V3, ())
    world.reach(backend, CHAT, Shift(10), prepared)
    assert routed(world) == {V1: 90, V3: 10}
    world.reach(backend, CHAT, Rollback(), prepared)
    assert routed(world) == {V1: 100}
    with pytest.raises(Refused, match="stays pinned"):
        next_of(world, Restore(), prepared)
