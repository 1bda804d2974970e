"""LLMInferenceServices in a routing group: what others do to the two members, and what cannot be read."""

import pytest

from k8sai.canary.backend import Shift, Write
from k8sai.canary.facts import Json
from k8sai.errors import ClusterError, Drift
from tests.canary.kserve import llmisvc, world_with
from tests.canary.llm_chat import CHAT, KIND, backend, begun, named
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(llmisvc(replicas=2))


def test_divergence_is_trouble_although_the_pods_are_ready(world: World) -> None:
    prepared = begun(world)
    world.edit(KIND, "chat-v2", {"op": "replace", "path": "/spec/model/name", "value": "other"})
    world.run()
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary is not None
    assert seen.canary.trouble == "MemberDivergence: group has members with different model sets: other"
    assert seen.drift == ("llmisvc/chat-v2 is another version than when the rollout began",)


def test_one_that_cannot_be_read_is_not_taken_for_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = begun(world)
    target, get = named(world, "chat"), world.get

    def unwell(kind: str, namespace: str, name: str) -> Json:
        if name == "chat-v2":
            raise ClusterError("the server is unwell")
        return get(kind, namespace, name)

    monkeypatch.setattr(world, "get", unwell)
    with pytest.raises(ClusterError, match="unwell"):
        backend.see(target, prepared.handle, world.reading())


def test_a_third_version_and_a_third_member_are_drift(world: World) -> None:
    prepared = begun(world)
    assert world.see(backend, CHAT, prepared).drift == ()
    world.edit(KIND, "chat", {"op": "replace", "path": "/spec/model/uri", "value": "hf://org/other"})
    world.has(llmisvc("third", group="chat", weight=1, model={"name": "chat", "uri": "x"}))
    assert world.see(backend, CHAT, prepared).drift == (
        "llmisvc/chat is another version than when the rollout began",
        "the group chat has got another member: third",
    )


@pytest.mark.parametrize("path", ["/spec/router/route/weight", "/spec/router/route/group"])
def test_a_write_of_somebody_else_makes_ours_fail(world: World, path: str) -> None:
    prepared = begun(world)
    write = world.step(backend, CHAT, Shift(5), prepared)
    assert isinstance(write, Write)
    world.edit(KIND, "chat-v2", {"op": "replace", "path": path, "value": 7 if "weight" in path else "mine"})
    with pytest.raises(Drift):
        world.carry(write)
