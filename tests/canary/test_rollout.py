"""Argo Rollouts as a backend: what is written with which guards, and what is waited for."""

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Wish
from k8sai.errors import Drift, Refused
from tests.canary.rollouts import (
    ABORT,
    BACK,
    CHAT,
    IMAGE,
    STEPS,
    TO_V2,
    V1,
    V2,
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


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_start_is_one_patch_of_the_image_bound_to_what_was_thought_up(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    target = world.target(CHAT)
    write = step(world, Begin(TO_V2, 25), prepared)
    assert isinstance(write, Write)
    assert (write.op, write.subresource, write.weight) == ("json-patch", "", 25)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": target["metadata"]["uid"]},
        {"op": "test", "path": "/status/currentPodHash", "value": target["status"]["stableRS"]},
        {"op": "test", "path": "/status/stableRS", "value": target["status"]["stableRS"]},
        {"op": "test", "path": "/spec/paused", "value": None},
        {"op": "test", "path": "/spec/strategy/canary/steps", "value": STEPS},
        {"op": "test", "path": IMAGE, "value": V1},
        {"op": "replace", "path": IMAGE, "value": V2},
    ]


def test_a_shift_takes_the_pause_away_that_was_seen(world: World) -> None:
    prepared = begun(world)
    now = status(world)
    write = step(world, Shift(75), prepared)
    assert isinstance(write, Write)
    assert (write.subresource, write.weight) == ("status", 75)
    assert isinstance(write.body, list)
    assert write.body[3:] == [
        {"op": "test", "path": "/spec/paused", "value": None},
        {"op": "test", "path": "/spec/strategy/canary/steps", "value": STEPS},
        {"op": "test", "path": "/status/currentStepIndex", "value": 1},
        {"op": "test", "path": "/status/pauseConditions", "value": now["pauseConditions"]},
        {"op": "remove", "path": "/status/pauseConditions"},
    ]
    assert now["pauseConditions"][0]["reason"] == "CanaryPauseStep"
    world.carry(write)
    with pytest.raises(Drift):
        world.carry(write)


def test_what_is_not_this_tools_to_write_stays_as_it_is(world: World) -> None:
    """No annotation, no label; after the way there and back the spec is the very same."""
    before = world.target(CHAT)
    prepared = begun(world, at=75)
    world.reach(backend, CHAT, Rollback(), prepared)
    after = world.target(CHAT)
    assert after["spec"] == before["spec"]
    assert set(after["metadata"].get("annotations") or ()) <= {"rollout.argoproj.io/revision"}
    assert (step(world, Retire(), prepared), step(world, Restore(), prepared)) == (None, None)


@pytest.mark.parametrize("goal", [Shift(25), Shift(75), Promote(), Rollback(25), Rollback()])
@pytest.mark.parametrize("at", [25, 75])
def test_a_goal_that_stands_writes_nothing(goal: Goal, at: int) -> None:
    world = made(routed=True)
    prepared = begun(world, at)
    if goal == Shift(25) and at == 75:
        with pytest.raises(Drift, match="past 25 %"):
            step(world, goal, prepared)
        return
    world.reach(backend, CHAT, goal, prepared)
    world.run()
    assert world.reach(backend, CHAT, goal, prepared) == []


def test_a_step_that_is_no_stop_is_refused(world: World) -> None:
    prepared = begun(world)
    with pytest.raises(Refused, match="no pause at 50 %") as raised:
        step(world, Shift(50), prepared)
    assert raised.value.hint == "it pauses at 25 %, 75 %"
    with pytest.raises(Refused, match="cannot go back to 50 %"):
        step(world, Rollback(50), prepared)


def test_several_stops_are_walked_one_pause_at_a_time() -> None:
    world = made(steps=[{"setWeight": 25}, {"pause": {}}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}])
    prepared = begun(world)
    assert writes(world, Shift(50), prepared) == [
        "past the pause of step 2, to 25 %",
        "past the pause of step 3, to 50 %",
    ]


# --- what is waited for -----------------------------------------------------------------------------------------------


def test_a_generation_that_is_seen_is_not_yet_a_version_that_is_there(world: World) -> None:
    """observedGeneration, a string, follows one write before currentPodHash does."""
    prepared = world.prepare(backend, CHAT, TO_V2)
    write = step(world, Begin(TO_V2, 25), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    assert step(world, Begin(TO_V2, 25), prepared) == Wait("the controller has not seen generation 3 yet, only 2")
    say(world, observedGeneration="3")
    said = "the controller has not made the new version's ReplicaSet yet"
    assert step(world, Begin(TO_V2, 25), prepared) == Wait(said)
    assert step(world, Shift(25), prepared) == Wait(said)
    assert not world.see(backend, CHAT, prepared).applied


def test_a_pause_that_was_taken_away_is_left_by_the_controller(world: World) -> None:
    prepared = begun(world)
    write = step(world, Shift(75), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    assert step(world, Shift(75), prepared) == Wait("the controller has not left the pause yet")
    world.settle()
    assert step(world, Shift(75), prepared) == Wait("step 3 of 6: setWeight 50", pods=True)


def test_a_pause_that_ends_by_itself_is_waited_for() -> None:
    world = made(
        steps=[{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "1h"}}, {"pause": {}}]
    )
    prepared = begun(world)
    write = step(world, Shift(50), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    world.run(10)
    said = "step 4 of 5: pause 1h, which ends by itself"
    assert step(world, Shift(50), prepared) == Wait(said)  # not for pods: that would be given up one day
    assert world.see(backend, CHAT, prepared).configured == 50
    world.run(3600)
    assert step(world, Shift(50), prepared) is None


def test_a_canary_whose_pods_do_not_come_up_stands_nowhere() -> None:
    world = made(routed=True)
    wish = Wish(image=V2, values={"spec.nodeSelector.nowhere": "x"})
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, 25), prepared)
    world.run(60)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary
    assert (seen.canary.replicas, seen.canary.ready, seen.route) == (1, 0, 0)
    assert (seen.applied, seen.waiting) == (False, "step 1 of 6: setWeight 25")
    assert writes(world, Rollback(all_at_once=True), prepared) == [ABORT, BACK]


def test_a_promotion_is_over_when_the_new_pods_are_there(world: World) -> None:
    prepared = begun(world, at=75)
    write = step(world, Promote(), prepared)
    assert isinstance(write, Write)
    assert write.weight == 100
    world.carry(write)
    world.settle()
    waiting = step(world, Promote(), prepared)
    assert isinstance(waiting, Wait)
    assert waiting.why.startswith("all steps are done")
    world.reach(backend, CHAT, Promote(), prepared)
    assert status(world)["updatedReplicas"] == status(world)["availableReplicas"] == 4


def test_a_rollback_waits_for_the_stable_pods_unless_the_canary_cannot_serve(world: World) -> None:
    prepared = begun(world, at=75)
    abort = step(world, Rollback(), prepared)
    assert isinstance(abort, Write)
    world.carry(abort)
    assert step(world, Rollback(), prepared) == Wait("the controller has not seen the abort yet")
    world.settle()
    while not isinstance(patient := step(world, Rollback(), prepared), Write):
        assert patient
        world.run(0.1)
    assert world.see(backend, CHAT, prepared).stable.ready == 4


def test_where_nobody_says_the_weights_nothing_is_over() -> None:
    """Back at the old version it is Healthy first; the weight follows up to a second later."""
    world = made(routed=True)
    prepared = begun(world)
    world.reach(backend, CHAT, Rollback(), prepared)
    say(world, canary={})
    assert step(world, Rollback(), prepared) == Wait("nobody says yet where requests go")


# --- dynamicStableScale -----------------------------------------------------------------------------------------------


def test_a_dynamic_stable_side_comes_up_before_requests_go_back() -> None:
    world = made(routed=True, canary={"dynamicStableScale": True})
    prepared = begun(world, at=75)
    assert [(one.count, one.why) for one in prepared.demand] == [(1, "the canary")]
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary
    assert (seen.stable.ready, seen.canary.ready) == (1, 3)
    abort = step(world, Rollback(), prepared)
    assert isinstance(abort, Write)
    world.carry(abort)
    world.settle()
    assert status(world)["phase"] == "Degraded"  # which says nothing of requests
    assert status(world)["canary"]["weights"]["canary"]["weight"] > 0
    waiting = step(world, Rollback(), prepared)
    assert isinstance(waiting, Wait)
    assert writes(world, Rollback(), prepared) == [BACK]
    seen = world.see(backend, CHAT, prepared)
    assert (seen.stable.ready, seen.route) == (4, 0)
