"""KServe in Knative mode: what is written, what is waited for, and every trap of it, on the embedded cluster."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.kserve_knative import KServeKnative
from k8sai.canary.facts import Json, Prepared, Wish
from k8sai.canary.pods import pods_of
from k8sai.errors import Drift, K8saiError, Refused, Usage
from tests.canary.knatives import ISVC, SERVING, TO_MODEL, isvc
from tests.canary.world import World

CHAT, TO_V2 = ISVC, TO_MODEL
V1, V2, V3 = (f"chat-predictor-0000{number}" for number in (1, 2, 3))
PERCENT = "/spec/predictor/canaryTrafficPercent"
backend = KServeKnative()


@pytest.fixture
def world() -> World:
    made = World()
    made.node("n1", gpus=8)
    made.has(isvc())
    made.run()
    return made


def begun(world: World, wish: Wish = TO_V2, weight: int = 0) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, weight), prepared)
    world.run(10)
    return prepared


def at(world: World, *weights: int) -> Prepared:
    """A rollout whose canary is ready, at the last of these weights."""
    prepared = begun(world)
    for weight in weights:
        world.reach(backend, CHAT, Shift(weight), prepared)
    return prepared


def next_of(world: World, goal: Goal, prepared: Prepared) -> Any:
    return world.step(backend, CHAT, goal, prepared)


def component(world: World) -> Json:
    found: Json = world.target(CHAT)["status"]["components"]["predictor"]
    return found


def percent(world: World) -> int | None:
    found: int | None = world.target(CHAT)["spec"]["predictor"].get("canaryTrafficPercent")
    return found


def routed(world: World) -> dict[str, int]:
    """Percent by revision, without those that get nothing."""
    found: dict[str, int] = {}
    for one in component(world)["traffic"]:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return {name: share for name, share in found.items() if share}


def gpus(world: World) -> dict[str, int]:
    """GPUs by revision, of pods that are there."""
    found: dict[str, int] = {}
    for one in world.all("pods"):
        name = one["metadata"]["labels"][f"{SERVING}/revision"]
        found[name] = found.get(name, 0) + 1
    return found


def status_is(world: World, **values: Any) -> None:
    """KServe's status of the predictor, written over; the controllers do not look before the next event."""
    target = world.target(CHAT)
    status = target["status"]
    new = {**status, "components": {"predictor": {**status["components"]["predictor"], **values}}}
    resource = world._resource(CHAT.kind)
    assert resource
    world.store.update(resource, {**target, "status": new}, "status")


def pinned(world: World, **more: Any) -> None:
    """Somebody has rolled a version back by hand."""
    model = {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/bad"}
    world.edit(CHAT.kind, "chat", model, {"op": "add", "path": PERCENT, "value": 0})
    world.run(10)


# --- start ------------------------------------------------------------------------------------------------------------


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


# --- a third version --------------------------------------------------------------------------------------------------


def third(world: World) -> None:
    world.edit(CHAT.kind, "chat", {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://v3"})
    world.run(10)


def test_a_third_revision_is_drift_and_the_snapshot_still_brings_the_old_one_back(world: World) -> None:
    prepared = at(world, 25)
    third(world)
    seen = world.see(backend, CHAT, prepared)
    assert seen.drift == (
        f"a third revision has appeared: {V3}",
        "spec.predictor of isvc/chat is not what the rollout wrote",
    )
    with pytest.raises(Drift):
        next_of(world, Shift(50), prepared)
    with pytest.raises(Drift):
        next_of(world, Promote(), prepared)
    world.reach(backend, CHAT, Rollback(), prepared)
    assert routed(world) == {V1: 100}


def test_a_revision_that_a_new_runtime_makes_is_drift_too(world: World) -> None:
    """The text is ours, and yet there is a third one: KServe renders it anew when its runtime changes."""
    prepared = at(world, 25)
    made = world.get(f"revisions.{SERVING}", "default", V2)
    labels = {**made["metadata"]["labels"], f"{SERVING}/configurationGeneration": "3"}
    meta = {
        "name": V3,
        "namespace": "default",
        "labels": labels,
        "ownerReferences": made["metadata"]["ownerReferences"],
    }
    world.create("revisions", {**made, "metadata": meta})
    assert world.see(backend, CHAT, prepared).drift == (f"a third revision has appeared: {V3}",)


def test_a_revert_by_gitops_is_drift_and_rolls_back_to_what_it_wrote(world: World) -> None:
    prepared = at(world, 25)
    old = {"op": "replace", "path": "/spec/predictor", "value": isvc()["spec"]["predictor"]}
    world.edit(CHAT.kind, "chat", old)
    world.run(10)
    assert "spec.predictor of isvc/chat is not what the rollout wrote" in world.see(backend, CHAT, prepared).drift
    assert world.reach(backend, CHAT, Rollback(), prepared) == []
    assert routed(world) == {V3: 100}


def test_kserve_splitting_against_another_revision_is_drift(world: World) -> None:
    prepared = at(world, 25)
    status_is(world, latestRolledoutRevision="chat-predictor-00000")
    assert "KServe counts chat-predictor-00000 as rolled out, not chat-predictor-00001" in (
        world.see(backend, CHAT, prepared).drift
    )


def test_kserve_turning_to_the_version_before_by_itself_is_drift_and_is_mended(world: World) -> None:
    """While all shares are of one revision that is also the latest created, KServe takes the one before for rolled out:
    so it is for a moment after a start when Knative's Route is faster than its Configuration (kserve/kserve#2040).
    """
    first = at(world, 100)
    world.reach(backend, CHAT, Promote(), first)
    wish = Wish(model_uri="hf://org/chat-v3")
    prepared = world.prepare(backend, CHAT, wish)
    world.carry(next_of(world, Begin(wish, 0), prepared))
    world.settle()
    status_is(world, latestRolledoutRevision=V1)
    world.run(10)
    assert routed(world) == {V1: 100}, "the version before the old one"
    assert world.see(backend, CHAT, prepared).drift == (f"KServe counts {V1} as rolled out, not {V2}",)
    (write,) = world.reach(backend, CHAT, Rollback(), prepared)
    assert f"{V2} cannot be gone back to" in write.why
    assert routed(world) == {"chat-predictor-00004": 100}
    assert world.target(CHAT)["spec"]["predictor"]["model"]["storageUri"] == "hf://org/chat-v2"


def test_a_version_that_takes_something_out_is_told_from_the_old_one(world: World) -> None:
    """The old text has all that the new one has: which is there is told by the rest."""
    less = Wish(patch={"model": {"args": None}})
    prepared = world.prepare(backend, CHAT, less)
    assert world.see(backend, CHAT, prepared).drift == ()
    (write,) = world.reach(backend, CHAT, Begin(less, 0), prepared)
    assert isinstance(write.body, list) and {"op": "remove", "path": "/spec/predictor/model/args"} in write.body
    world.run(10)
    world.reach(backend, CHAT, Shift(10), prepared)
    assert world.see(backend, CHAT, prepared).drift == ()
    assert routed(world) == {V1: 90, V2: 10}


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


# --- seen -------------------------------------------------------------------------------------------------------------


def test_a_crash_is_trouble_in_the_words_of_knative(world: World) -> None:
    crash = {"sim.k8sai.dev/run-for": "1s", "sim.k8sai.dev/exit-code": "1"}
    wish = Wish(model_uri="hf://bad", patch={"annotations": crash})
    prepared = begun(world, wish)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and seen.canary.trouble.startswith("ExitCode1")
    assert seen.canary.model_ready is False
    assert routed(world) == {V1: 100}


def test_an_image_that_cannot_be_had_is_trouble(world: World) -> None:
    wish = Wish(image="nowhere/x", patch={"annotations": {"sim.k8sai.dev/image-error": "not found"}})
    seen = world.see(backend, CHAT, begun(world, wish))
    assert seen.canary and seen.canary.trouble == "ErrImagePull: not found"


def test_waiting_for_a_node_is_no_trouble(world: World) -> None:
    more = Wish(values={"model.resources.limits.nvidia\\.com/gpu": "16"})
    seen = world.see(backend, CHAT, begun(world, more))
    assert seen.canary and (seen.canary.trouble, seen.canary.ready, seen.canary.model_ready) == ("", 0, False)


def test_without_a_rollout_a_split_is_seen_as_it_is(world: World) -> None:
    seen = backend.see(world.target(CHAT), {}, world.reading())
    assert (seen.stable.name, seen.canary, seen.applied, seen.drift) == (V1, None, True, ())
    pinned(world)
    seen = backend.see(world.target(CHAT), {}, world.reading())
    assert seen.canary and (seen.stable.name, seen.canary.name, seen.configured) == (V1, V2, 0.0)


def test_it_takes_what_kserve_runs_on_knative(world: World) -> None:
    assert backend.takes(world.target(CHAT), world.reading())
    for said in ("Standard", "RawDeployment", "ModelMesh"):
        other = {"metadata": {"name": "x"}, "spec": {}, "status": {"deploymentMode": said}}
        assert not backend.takes(other, world.reading())
    old = {"metadata": {"name": "x", "annotations": {"serving.kserve.io/deploymentMode": "Serverless"}}, "spec": {}}
    assert backend.takes(old, world.reading())
