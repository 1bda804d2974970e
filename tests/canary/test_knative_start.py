"""A Knative Service: what begins a rollout, in one write, and what is refused."""

import pytest

from k8sai.canary.backend import Begin, Restore, Rollback, Write
from k8sai.canary.facts import Json, Ref, Wish
from k8sai.errors import K8saiError, Refused, Usage
from tests.canary.knatives import SERVING, isvc, ksvc
from tests.canary.ksvc_chat import CANARY, CHAT, STABLE, TO_V2, V1, V2, at, backend, next_of, pods, routed, spec, there
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return there(ksvc())


def test_template_and_traffic_are_one_write(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    step = next_of(world, Begin(TO_V2, 0), prepared)
    assert isinstance(step, Write) and isinstance(step.body, list)
    new = {"image": "registry/chat:2", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    assert step.body == [
        {"op": "test", "path": "/metadata/uid", "value": world.target(CHAT)["metadata"]["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": 1},
        {"op": "test", "path": "/spec/traffic", "value": None},
        {"op": "replace", "path": "/spec/template/spec/containers", "value": [new]},
        {"op": "add", "path": "/spec/traffic", "value": [{**STABLE, "percent": 100}, {**CANARY, "percent": 0}]},
    ]
    world.carry(step)
    world.settle()
    assert next_of(world, Begin(TO_V2, 0), prepared) is None
    assert routed(world) == {V1: 100}
    world.run(10)
    assert routed(world) == {V1: 100, V2: 0}
    assert pods(world) == {V1: 2, V2: 2}
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary and (seen.canary.name, seen.canary.ready, seen.route, seen.drift) == (V2, 2, 0.0, ())


def test_what_an_inference_service_owns_is_refused_naming_it() -> None:
    inference = isvc()
    inference["metadata"]["name"] = "llm"
    world = there(inference)
    with pytest.raises(Refused, match="ksvc/llm-predictor belongs to isvc/llm") as refused:
        world.prepare(backend, Ref(CHAT.kind, "default", "llm-predictor"), TO_V2)
    assert refused.value.hint == "`k8sai canary start isvc/llm`"


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (ksvc(annotations={f"{SERVING}/rollout-duration": "380s"}), "is shifted over a time by Knative itself"),
        (ksvc({"latestRevision": True, "percent": 70}), "sum up to 70 %"),
        (ksvc({"revisionName": "chat-00009", "percent": 100}), "is gone"),
        (ksvc({"revisionName": V1, "percent": 60}, {"latestRevision": True, "percent": 40}), "has a canary already"),
    ],
)
def test_what_cannot_have_a_canary_says_why(service: Json, said: str) -> None:
    world = there(service)
    with pytest.raises(Refused, match=said):
        world.prepare(backend, CHAT, TO_V2)


def test_a_revision_on_its_way_is_waited_for(world: World) -> None:
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry/chat:1b"}
    world.edit(CHAT.kind, "chat", image)
    with pytest.raises(Refused, match="has not been looked at"):
        world.prepare(backend, CHAT, TO_V2)
    world.settle()
    with pytest.raises(Refused, match=f"has revision {V2} on its way"):
        world.prepare(backend, CHAT, TO_V2)


@pytest.mark.parametrize(
    ("wish", "error", "said"),
    [
        (Wish(), Usage, "say what the new version is"),
        (Wish(model_uri="hf://x"), Usage, "--model-uri does nothing here"),
        (Wish(to="ksvc/other"), Usage, "--to does nothing here"),
        (Wish(image="x", headers={"a": "b"}), Usage, "--header does nothing here"),
        (Wish(image="x", swap=True), Usage, "--swap does nothing here"),
        (Wish(image="x", container="nobody"), Usage, "there is none of that name"),
        (Wish(image="registry/chat:1"), Refused, "the new version is the old one"),
    ],
)
def test_a_wish_that_has_no_place_is_refused(world: World, wish: Wish, error: type[K8saiError], said: str) -> None:
    with pytest.raises(error, match=said):
        world.prepare(backend, CHAT, wish)


def test_the_pods_of_the_canary_are_known_before(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    (demand,) = prepared.demand
    assert (demand.count, prepared.start, prepared.peak[0].count) == (2, 0, 2)
    assert demand.template["spec"]["containers"][0]["image"] == "registry/chat:2"


def test_warm_replicas_are_those_it_begins_with() -> None:
    world = there(ksvc(least=1))
    prepared = world.prepare(backend, CHAT, Wish(image="x", warm_replicas=3))
    assert prepared.demand[0].count == 3
    world.carry(next_of(world, Begin(TO_V2, 0), prepared))
    world.settle()
    assert pods(world) == {V1: 1, V2: 3}


def test_the_name_of_a_revision_is_not_given_twice() -> None:
    world = there(ksvc(name="chat-first"))
    prepared = at(world, 25)
    assert routed(world) == {"chat-first": 75, "chat-00002": 25}
    world.reach(backend, CHAT, Rollback(), prepared)
    writes = world.reach(backend, CHAT, Restore(), prepared)
    assert len(writes) == 2 and spec(world)["template"]["metadata"]["name"] == "chat-first"
    assert routed(world) == {"chat-first": 100}, "the old revision is taken again: no third one"
