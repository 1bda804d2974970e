"""What others do to a Rollout on its way: persons, its own controller and its analyses."""

import pytest

from k8sai.canary.backend import Begin, Promote, Rollback, Shift, Write
from k8sai.canary.facts import Wish
from k8sai.errors import Drift, Refused
from tests.canary.rollouts import (
    ABORT,
    BACK,
    CHAT,
    IMAGE,
    V2,
    V3,
    backend,
    begun,
    edit,
    made,
    rollout,
    say,
    status,
    step,
    writes,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return made()


def test_a_third_version_is_drift(world: World) -> None:
    prepared = begun(world)
    edit(world, IMAGE, V3, "replace")
    assert world.see(backend, CHAT, prepared).drift == (
        "rollout/chat has a third version: its pod template is neither the old nor the new one",
    )
    with pytest.raises(Drift, match="another version"):
        step(world, Shift(75), prepared)
    assert writes(world, Rollback(), prepared) == [ABORT, BACK]
    assert world.target(CHAT)["spec"]["template"] == prepared.before["template"]


def test_the_same_text_spelled_by_another_writer_is_no_drift(world: World) -> None:
    prepared = begun(world)
    world.edit(
        CHAT.kind,
        "chat",
        {
            "op": "add",
            "path": "/spec/template/spec/containers/0/resources/limits",
            "value": {"nvidia.com/gpu": "1000m"},
        },
    )
    assert world.see(backend, CHAT, prepared).drift == ()


def test_replicas_may_change_on_the_way(world: World) -> None:
    prepared = begun(world)
    edit(world, "/spec/replicas", 8, "replace")
    seen = world.see(backend, CHAT, prepared)
    assert (seen.drift, seen.configured, status(world)["currentStepIndex"]) == ((), 25, 1)
    assert writes(world, Shift(75), prepared) == ["past the pause of step 2, to 75 %"]


def test_an_edit_of_the_steps_is_a_restart(world: World) -> None:
    prepared = begun(world, at=75)
    edit(world, "/spec/strategy/canary/steps", [{"setWeight": 50}, {"pause": {}}], "replace")
    again = "; its controller has begun the canary again, at the first step"
    assert world.see(backend, CHAT, prepared).drift == (f"the steps of rollout/chat were edited{again}",)
    with pytest.raises(Drift, match="begun the canary again"):
        step(world, Promote(), prepared)


def test_an_edit_of_the_steps_after_an_abort_is_a_restart_and_not_an_abort(world: World) -> None:
    prepared = begun(world)
    abort = step(world, Rollback(), prepared)
    assert isinstance(abort, Write)
    world.carry(abort)
    world.run()
    assert "is aborted" in world.see(backend, CHAT, prepared).drift[0]
    edit(world, "/spec/strategy/canary/steps", [{"setWeight": 50}, {"pause": {}}], "replace")
    seen = world.see(backend, CHAT, prepared)
    assert (len(seen.drift), seen.configured) == (1, 50)
    assert "begun the canary again" in seen.drift[0]
    assert writes(world, Rollback(), prepared) == [ABORT, BACK]


def test_an_abort_of_its_controllers_own_is_told_with_its_words(world: World) -> None:
    prepared = begun(world)
    say(world, abort=True, message="RolloutAborted: metric errors assessed Failed")
    assert world.see(backend, CHAT, prepared).drift == (
        "rollout/chat is aborted: RolloutAborted: metric errors assessed Failed",
    )
    with pytest.raises(Drift):
        step(world, Shift(75), prepared)


def test_a_pause_of_its_analysis_is_nobodys_to_take_away(world: World) -> None:
    prepared = begun(world)
    pauses = [
        *status(world)["pauseConditions"],
        {"reason": "InconclusiveAnalysisRun", "startTime": "2026-01-01T00:00:00Z"},
    ]
    say(world, pauseConditions=pauses)
    with pytest.raises(Refused, match="InconclusiveAnalysisRun"):
        step(world, Shift(75), prepared)
    assert isinstance(step(world, Rollback(), prepared), Write)


def test_a_person_who_pauses_it_is_not_overruled_on_the_way_up(world: World) -> None:
    prepared = begun(world)
    edit(world, "/spec/paused", True)
    with pytest.raises(Refused, match="paused by a person"):
        step(world, Shift(75), prepared)
    with pytest.raises(Refused, match="paused by a person"):
        step(world, Promote(), prepared)
    first, unpause, last = writes(world, Rollback(), prepared)
    assert (first, last) == (ABORT, BACK)
    assert "keeps its share" in unpause
    assert world.see(backend, CHAT, prepared).route == 0


@pytest.mark.parametrize("paused", [False, True])
def test_past_all_steps_an_abort_is_not_even_tried(paused: bool) -> None:
    world = made(routed=True)
    wish = Wish(image=V2, values={"spec.nodeSelector.nowhere": "x"})
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, 25), prepared)
    say(world, promoteFull=True)
    world.run()
    assert "promoteFull" in world.see(backend, CHAT, prepared).drift[0]
    if paused:
        edit(world, "/spec/paused", True)
    write = step(world, Rollback(), prepared)
    assert isinstance(write, Write) and isinstance(write.body, list)
    assert {"op": "test", "path": "/status/currentPodHash", "value": status(world)["currentPodHash"]} in write.body
    unpaused = {"op": "replace", "path": "/spec/paused", "value": False}
    assert (write.subresource, unpaused in write.body) == ("", paused)
    assert writes(world, Rollback(), prepared) == ["the old template: an abort would not hold"]
    assert world.see(backend, CHAT, prepared).route == 0


def test_a_rollback_wins_wherever_a_promotion_is(world: World) -> None:
    prepared = begun(world, at=75)
    promote = step(world, Promote(), prepared)
    assert isinstance(promote, Write)
    world.carry(promote)
    world.settle()
    world.reach(backend, CHAT, Rollback(), prepared)
    assert world.see(backend, CHAT, prepared).route == 0
    assert world.target(CHAT)["spec"]["template"] == prepared.before["template"]


def test_another_object_of_that_name_is_not_the_one(world: World) -> None:
    prepared = begun(world)
    world.delete("rollouts", "chat", "argoproj.io")
    world.has(rollout())
    assert world.see(backend, CHAT, prepared).drift == ("rollout/chat was deleted and made anew",)
