"""A Knative Service: a third version, others in its route, a split that is there already."""

import pytest

from k8sai.canary.backend import Promote, Retire, Rollback, Shift
from k8sai.canary.facts import Json
from k8sai.errors import Drift, Forbidden
from tests.canary.knatives import SERVING, ksvc
from tests.canary.ksvc_chat import CHAT, V1, V2, V3, at, backend, begun, next_of, routed, there
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return there(ksvc())


# --- a third version --------------------------------------------------------------------------------------------------


def test_a_third_revision_is_drift_and_the_snapshot_still_brings_the_old_one_back(world: World) -> None:
    prepared = at(world, 25)
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry/chat:3"}
    world.edit(CHAT.kind, "chat", image)
    world.run(10)
    assert world.see(backend, CHAT, prepared).drift == (
        f"a third revision has appeared: {V3}",
        "spec.template of ksvc/chat is not what the rollout wrote",
    )
    for goal in (Shift(50), Promote(), Retire()):
        with pytest.raises(Drift):
            next_of(world, goal, prepared)
    world.reach(backend, CHAT, Rollback(), prepared)
    assert routed(world) == {V1: 100}


def test_requests_for_a_revision_of_others_are_drift(world: World) -> None:
    prepared = at(world, 25)
    added = [{"revisionName": V1, "percent": 70}, {"latestRevision": True, "percent": 25}]
    other = {"revisionName": "chat-00000", "percent": 5}
    world.edit(CHAT.kind, "chat", {"op": "replace", "path": "/spec/traffic", "value": [*added, other]})
    assert world.see(backend, CHAT, prepared).drift == ("5 % goes to chat-00000, which is no part of the rollout",)


def test_a_duration_that_appears_is_drift(world: World) -> None:
    prepared = at(world, 25)
    annotations = {"op": "add", "path": "/metadata/annotations", "value": {f"{SERVING}/rollout-duration": "10m"}}
    world.edit(CHAT.kind, "chat", annotations)
    assert world.see(backend, CHAT, prepared).drift == ("ksvc/chat is now shifted over a time (rollout-duration)",)


# --- seen -------------------------------------------------------------------------------------------------------------


def test_what_scales_to_zero_is_not_told_to_have_none_ready() -> None:
    world = there(ksvc(least=0))
    prepared = begun(world)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.canary.replicas, seen.canary.ready, seen.canary.trouble) == (0, None, "")
    assert any("scales to zero" in note for note in prepared.notes)
    world.reach(backend, CHAT, Shift(10), prepared)
    assert routed(world) == {V1: 90, V2: 10}


def test_without_a_rollout_a_split_is_seen_as_it_is() -> None:
    world = there(ksvc())
    seen = backend.see(world.target(CHAT), {}, world.reading())
    assert (seen.stable.name, seen.canary, seen.applied) == (V1, None, True)
    at(world, 25)
    seen = backend.see(world.target(CHAT), {}, world.reading())
    assert seen.canary and (seen.stable.name, seen.canary.name, seen.configured) == (V1, V2, 25.0)


def test_revisions_that_may_not_be_read_are_told_by_the_status(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = at(world, 25)
    real = World.list

    def listed(self: World, kind: str, namespace: str = "", **more: str) -> list[Json]:
        if kind.startswith("revisions"):
            raise Forbidden("no")
        return real(self, kind, namespace, **more)

    monkeypatch.setattr(World, "list", listed)
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.stable.name, seen.canary.name, seen.configured) == (V1, V2, 25.0)
    assert seen.drift == ()
