"""KServe in Knative mode: a third version, a crash, a split that is there already."""

import pytest

from k8sai.canary.backend import Begin, Promote, Rollback, Shift
from k8sai.canary.facts import Wish
from k8sai.errors import Drift
from tests.canary.knatives import SERVING, isvc
from tests.canary.kserve_chat import CHAT, V1, V2, V3, at, backend, begun, chat, next_of, pinned, routed, status_is
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return chat()


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
