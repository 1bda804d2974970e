"""Rollouts that are not rolled out, each with its reason; and what the others should know before."""

import pytest

from k8sai.canary.backend import Promote, Shift
from k8sai.canary.facts import Json, Wish
from k8sai.errors import Refused
from tests.canary.rollouts import (
    CHAT,
    TO_V2,
    V1,
    V3,
    backend,
    begun,
    made,
    rollout,
    say,
    writes,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return made()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"strategy": {"blueGreen": {"activeService": "chat"}}}, "blueGreen strategy, which has no weights"),
        ({"strategy": {}}, "has no canary strategy"),
        ({"workloadRef": {"kind": "Deployment", "name": "chat"}}, "are described in Deployment chat"),
        ({"steps": []}, "has no steps"),
        ({"steps": [{"setWeight": 100}, {"pause": {}}]}, "everything would go to the new version before any gate"),
        ({"replicas": 0}, "asks for no pods"),
        ({"canary": {"trafficRouting": {"maxTrafficWeight": 1000}}}, "shares of 1000"),
    ],
)
def test_what_cannot_be_rolled_out_says_why(spec: Json, said: str) -> None:
    target = {**made().target(CHAT), "spec": rollout(**spec)["spec"]}
    with pytest.raises(Refused) as raised:
        backend.prepare(target, TO_V2, made().reading())
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"observedGeneration": "1"}, "is not at rest: the controller has not seen generation"),
        ({"abort": True}, "is aborted, and its template still has the version that was given up"),
        ({"stableRS": "other"}, "has a version on its way already"),
        ({"stableRS": None}, "has a version on its way already"),
    ],
)
def test_one_that_is_not_at_rest_is_refused(world: World, changes: Json, said: str) -> None:
    say(world, **changes)
    with pytest.raises(Refused) as raised:
        world.prepare(backend, CHAT, TO_V2)
    assert said in raised.value.message


def test_what_belongs_to_another_controller_is_not_rolled_out_behind_its_back(world: World) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": "Platform", "name": "ai", "uid": "1", "controller": True}
    target = world.target(CHAT)
    owned = {**target, "metadata": {**target["metadata"], "ownerReferences": [owner]}}
    with pytest.raises(Refused, match="belongs to platform/ai"):
        backend.prepare(owned, TO_V2, world.reading())


def test_a_version_within_the_rollback_window_would_go_past_all_gates() -> None:
    world = made(rollbackWindow={"revisions": 3})
    world.reach(backend, CHAT, Promote(), begun(world))
    with pytest.raises(Refused, match="ungated"):
        world.prepare(backend, CHAT, Wish(image=V1))
    assert world.prepare(backend, CHAT, Wish(image=V3)).steps == (25, 75)


def test_the_notes_say_what_the_gate_does_not_see() -> None:
    steps = [{"setWeight": 5}, {"pause": {"duration": "10m"}}, {"setWeight": 25}, {"pause": {}}, {"analysis": {}}]
    world = made(steps=steps, routed=True, progressDeadlineAbort=True)
    prepared = world.prepare(backend, CHAT, TO_V2)
    assert (prepared.start, prepared.steps) == (25, (25,))
    assert prepared.notes == (
        "the canary gets 25 % as soon as it is ready: its first step is no pause at 0 %",
        "5 % (step 1) is not gated: the Rollout passes it by itself, for 10m",
        "behind the pause at 25 % nothing is gated: it is promoted from there",
        "it has analyses of its own: one that fails, or cannot measure, aborts it whatever the gate says",
        "progressDeadlineAbort is set: its controller aborts by itself where pods take too long",
        "its controller keeps the old pods 30 s after the promotion, whatever --keep-old says",
    )


def test_a_dark_canary_begins_at_nothing() -> None:
    steps = [{"setCanaryScale": {"replicas": 2}}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]
    world = made(steps=steps, routed=True)
    prepared = begun(world, at=0)
    assert (prepared.start, prepared.steps) == (0, (50,))
    assert [(one.count, one.why) for one in prepared.demand] == [(2, "the canary")]
    assert [one.count for one in prepared.peak] == [4]
    world.run()
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary
    assert (seen.configured, seen.canary.ready, seen.applied) == (0, 2, True)
    assert writes(world, Shift(50), prepared) == ["past the pause of step 2, to 50 %"]


@pytest.mark.parametrize(("replicas", "weight"), [(2, 75), (10, 95), (1, 5)])
def test_a_weight_that_makes_no_pod_is_refused(replicas: int, weight: int) -> None:
    world = made(replicas=replicas, steps=[{"setWeight": weight}, {"pause": {}}], canary={"maxSurge": 0})
    with pytest.raises(Refused, match=f"{weight} % of {replicas} pods would be no pod of the canary at all"):
        world.prepare(backend, CHAT, TO_V2)
