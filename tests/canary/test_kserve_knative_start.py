"""KServe in Knative mode: what begins a rollout, in one write, and what is refused."""

import pytest

from k8sai.canary.backend import Begin, Rollback, Write
from k8sai.canary.facts import Json, Wish
from k8sai.canary.pods import pods_of
from k8sai.errors import Drift, K8saiError, Refused, Usage
from tests.canary.knatives import isvc
from tests.canary.kserve_chat import (
    CHAT,
    PERCENT,
    TO_V2,
    V1,
    V2,
    at,
    backend,
    begun,
    chat,
    component,
    next_of,
    routed,
    status_is,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return chat()


def test_model_and_percent_are_one_write(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    step = next_of(world, Begin(TO_V2, 5), prepared)
    assert isinstance(step, Write) and step.op == "json-patch" and isinstance(step.body, list)
    meta = world.target(CHAT)["metadata"]
    assert step.body == [
        {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": 1},
        {"op": "test", "path": PERCENT, "value": None},
        {"op": "test", "path": "/status/components/predictor/latestRolledoutRevision", "value": V1},
        {"op": "add", "path": PERCENT, "value": 5},
        {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/chat-v2"},
    ]
    assert step.weight == 5.0
    assert len(world.reach(backend, CHAT, Begin(TO_V2, 5), prepared)) == 1


def test_the_old_version_keeps_everything_until_the_new_one_is_ready(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.carry(next_of(world, Begin(TO_V2, 5), prepared))
    world.settle()
    assert component(world)["latestReadyRevision"] == V1
    assert routed(world) == {V1: 100}
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.canary.name, seen.canary.model_ready, seen.canary.ready) == (V2, False, 0)
    assert next_of(world, Begin(TO_V2, 5), prepared) is None
    world.run(10)
    assert routed(world) == {V1: 95, V2: 5}


def test_begin_is_done_with_the_revision_and_said_only_once(world: World) -> None:
    prepared = begun(world)
    assert next_of(world, Begin(TO_V2, 0), prepared) is None
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.canary.name, seen.canary.ready, seen.canary.model_ready) == (V2, 2, True)
    assert (seen.applied, seen.route, seen.configured, seen.drift) == (True, 0.0, 0.0, ())
    found = pods_of(seen.canary, "default", world.reading())
    assert found and (found.ready, found.gpus) == (2, 2.0)


def test_annotations_stay_as_they_are(world: World) -> None:
    before = world.target(CHAT)["metadata"]["annotations"]
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    assert world.target(CHAT)["metadata"]["annotations"] == before


def test_nothing_rolled_out_yet_refuses_and_writes_nothing(world: World) -> None:
    """KServe would ignore the percent: all requests would go to the new model."""
    status_is(world, latestRolledoutRevision="")
    before = world.target(CHAT)["spec"]
    with pytest.raises(Refused, match="has no latestRolledoutRevision: KServe would ignore the percent"):
        world.prepare(backend, CHAT, TO_V2)
    assert world.target(CHAT)["spec"] == before


def test_the_revision_to_split_against_is_tested_by_the_very_write(world: World) -> None:
    """It may go between the look and the write."""
    prepared = world.prepare(backend, CHAT, TO_V2)
    step = next_of(world, Begin(TO_V2, 0), prepared)
    status_is(world, latestRolledoutRevision="")
    with pytest.raises(Drift):
        world.carry(step)
    assert world.target(CHAT)["spec"]["predictor"]["model"]["storageUri"] == "hf://org/chat-v1"


def test_without_a_rolled_out_revision_kserve_does_ignore_the_percent() -> None:
    """What the refusal keeps from happening, on the embedded cluster's KServe."""
    world = World()
    world.node("n1")
    world.has(isvc(canaryTrafficPercent=10))
    world.run(10)
    assert routed(world) == {V1: 100}


@pytest.mark.parametrize(
    ("annotations", "predictor", "said"),
    [
        ({"serving.kserve.io/stop": "true"}, {}, "is stopped"),
        ({"serving.knative.dev/rollout-duration": "380s"}, {}, "is shifted over a time by Knative itself"),
        ({}, {"canaryTrafficPercent": 25}, "has a canary already: canaryTrafficPercent is 25"),
        ({}, {"canaryTrafficPercent": 101}, "has a canary already: canaryTrafficPercent is 101"),
        ({}, {"canaryTrafficPercent": -1}, "has a canary already: canaryTrafficPercent is -1"),
    ],
)
def test_what_cannot_have_a_canary_says_why(annotations: Json, predictor: Json, said: str) -> None:
    world = World()
    world.node("n1")
    world.has(isvc(annotations=annotations, **predictor))
    with pytest.raises(Refused, match=said):
        world.prepare(backend, CHAT, TO_V2)


def test_a_version_on_its_way_is_waited_for(world: World) -> None:
    world.edit(CHAT.kind, "chat", {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://x"})
    world.settle()
    with pytest.raises(Refused, match="has revision chat-predictor-00002 on its way"):
        world.prepare(backend, CHAT, TO_V2)


def test_a_rolled_out_revision_that_is_gone_is_nothing_to_compare_with(world: World) -> None:
    status_is(world, latestRolledoutRevision="chat-predictor-00000", latestReadyRevision="chat-predictor-00000")
    status_is(world, latestCreatedRevision="chat-predictor-00000")
    with pytest.raises(Refused, match="chat-predictor-00000 as rolled out, which is gone"):
        world.prepare(backend, CHAT, TO_V2)


@pytest.mark.parametrize(
    ("wish", "error", "said"),
    [
        (Wish(), Usage, "say what the new version is"),
        (Wish(to="isvc/chat-v2"), Usage, "--to does nothing here"),
        (Wish(image="x", headers={"a": "b"}), Usage, "--header does nothing here"),
        (Wish(image="x", warm_replicas=1), Usage, "--warm-replicas does nothing here"),
        (Wish(image="x", swap=True), Usage, "--swap does nothing here"),
        (Wish(values={"canaryTrafficPercent": "10"}), Usage, "canaryTrafficPercent is the rollout's"),
        (Wish(values={"name": "other"}), Refused, "another Knative Service, with all requests at once"),
        (Wish(model_uri="hf://org/chat-v1"), Refused, "the new version is the old one"),
    ],
)
def test_a_wish_that_has_no_place_is_refused(world: World, wish: Wish, error: type[K8saiError], said: str) -> None:
    with pytest.raises(error, match=said):
        world.prepare(backend, CHAT, wish)


def test_the_pods_of_the_canary_are_known_before(world: World) -> None:
    more = {"model": {"resources": {"limits": {"nvidia.com/gpu": "4"}}}}
    prepared = world.prepare(backend, CHAT, Wish(patch=more))
    (demand,), (peak,) = prepared.demand, prepared.peak
    assert (demand.count, peak.count, prepared.start) == (2, 2, 0)
    assert demand.template["spec"]["containers"][0]["resources"] == {"limits": {"nvidia.com/gpu": "4"}}


def test_what_scales_to_zero_is_told() -> None:
    world = World()
    world.node("n1")
    world.has(isvc(minReplicas=0))
    prepared = world.prepare(backend, CHAT, TO_V2)
    assert any("scales to zero" in note for note in prepared.notes)


def test_text_that_changed_after_the_look_is_not_written_over(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.edit(CHAT.kind, "chat", {"op": "replace", "path": "/spec/predictor/minReplicas", "value": 3})
    with pytest.raises(Drift, match="not what was looked at"):
        next_of(world, Begin(TO_V2, 0), prepared)
