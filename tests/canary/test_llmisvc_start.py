"""LLMInferenceServices in a routing group: what a start writes, needs and refuses."""

import pytest

from k8sai.canary.backend import Begin
from k8sai.canary.facts import Json, Wish
from k8sai.errors import NotFound, Refused, Usage
from tests.canary.kserve import llmisvc, world_with
from tests.canary.llm_chat import CHAT, KIND, STOP, TO, V2, backend, begun, named, shared, stopped, weight
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(llmisvc(replicas=2))


def test_start_puts_the_old_one_into_a_group_of_its_own_and_then_makes_the_new_one(world: World) -> None:
    before = named(world, "chat")
    prepared = world.prepare(backend, CHAT, V2)
    assert prepared.start == 1  # a cold cluster at 0 fails the first requests after
    join, make = world.reach(backend, CHAT, Begin(V2, 1), prepared)
    uid = before["metadata"]["uid"]
    assert join.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/router/route/group", "value": None},
        {"op": "test", "path": "/spec/router/route/weight", "value": None},
        {"op": "add", "path": "/spec/router/route/group", "value": "chat"},
        {"op": "add", "path": "/spec/router/route/weight", "value": 9900},
    ]
    assert (make.op, make.on.name, make.weight) == ("create", "chat-v2", 1)
    route = {"http": {}, "group": "chat", "weight": 100}
    assert make.body == {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": {"name": "chat-v2", "namespace": "default"},
        "spec": {
            **before["spec"],
            "model": {"uri": "hf://org/chat-v2", "name": "chat"},
            "replicas": 1,
            "router": {**before["spec"]["router"], "route": route},
        },
    }


def test_the_copy_answers_to_the_old_name_or_kserve_would_not_route_it(world: World) -> None:
    prepared = begun(world)
    assert prepared.handle["body"]["spec"]["model"]["name"] == "chat"
    assert shared(world, "chat") == [("chat-inference-pool", 9900), ("chat-v2-inference-pool", 100)]
    assert shared(world, "chat-v2") == shared(world, "chat")


def test_a_copy_is_not_known_to_git_and_not_stopped() -> None:
    target = llmisvc()
    target["metadata"] |= {
        "labels": {"team": "a", "app.kubernetes.io/instance": "prod", "argocd.argoproj.io/instance": "prod"},
        "annotations": {
            "argocd.argoproj.io/tracking-id": "x",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "prometheus.io/scrape": "true",
            "note": "mine",
        },
    }
    body = world_with(target).prepare(backend, CHAT, V2).handle["body"]
    assert body["metadata"] == {
        "name": "chat-v2",
        "namespace": "default",
        "labels": {"team": "a"},
        "annotations": {"prometheus.io/scrape": "true"},
    }


def test_an_image_goes_to_the_container_that_serves(world: World) -> None:
    body = world.prepare(backend, CHAT, Wish(image="vllm/vllm-openai:v2")).handle["body"]
    assert body["spec"]["template"]["containers"][0]["image"] == "vllm/vllm-openai:v2"
    assert body["spec"]["model"]["uri"] == "hf://org/chat-v1"


def test_what_it_needs_and_what_it_says(world: World) -> None:
    prepared = world.prepare(backend, CHAT, V2)
    (demand,), (peak,) = prepared.demand, prepared.peak
    assert (demand.count, peak.count) == (1, 2)
    assert demand.template["spec"]["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert prepared.notes == (
        "requests to /default/chat/ are not split, only those that name the model; it ends when the old version is "
        "retired",
    )


def test_a_group_that_is_there_is_kept_and_its_weight_too_where_it_is_fine() -> None:
    world = world_with(llmisvc(group="talk", weight=5000))
    prepared = begun(world)
    assert (prepared.handle["group"], weight(world, "chat"), weight(world, "chat-v2")) == ("talk", 5000, 51)


def test_start_with_one_that_is_there_wakes_it_last() -> None:
    new = llmisvc("new", model={"name": "chat", "uri": "hf://org/chat-v2"})
    new["metadata"]["annotations"] = {STOP: "true"}
    world = world_with(llmisvc(), new)
    prepared = world.prepare(backend, CHAT, TO)
    writes = world.reach(backend, CHAT, Begin(TO, 1), prepared)
    assert [(one.on.name, one.op) for one in writes] == [
        ("chat", "json-patch"),
        ("new", "json-patch"),
        ("new", "merge"),
    ]
    assert writes[2].body == {"metadata": {"annotations": {STOP: None}}}
    assert writes[2].live is not None and not stopped(world, "new")


REFUSED: list[tuple[Json, Wish, str]] = [
    (llmisvc(router={"ingress": {}, "route": {}}), V2, "is behind an Ingress"),
    (llmisvc(router={"gateway": {}}), V2, "has no spec.router.route"),
    (llmisvc(router={"route": {"http": {"refs": [{"name": "mine"}]}}}), V2, "has HTTPRoutes of its own"),
    (
        llmisvc(router={"route": {}, "scheduler": {"pool": {"ref": {"name": "mine"}}}}),
        V2,
        "a copy would be in the same one",
    ),
    (llmisvc(router={"route": {"http": {"spec": {"rules": [{}]}}}}), V2, "a copy would refer to the old version"),
    (llmisvc(replicas=2), Wish(model_uri="a", warm_replicas=3), "from 1 to the 2 that the old version has"),
    (llmisvc(), Wish(model_uri="a", name="chat"), "llmisvc/chat is there already"),
    (llmisvc(), Wish(values={"model.name": "other"}), r"llmisvc/chat-v2 serves other and chat chat: KServe"),
    (
        llmisvc(),
        Wish(values={"model.lora": '{"adapters": [{"name": "sql", "uri": "hf://a"}]}'}),
        r"llmisvc/chat-v2 serves chat\+sql and chat chat: KServe",
    ),
]


@pytest.mark.parametrize(("target", "wish", "why"), REFUSED, ids=[why[:30] for _, _, why in REFUSED])
def test_what_kserve_could_not_do_is_refused(target: Json, wish: Wish, why: str) -> None:
    world = world_with(target)
    with pytest.raises(Refused, match=why):
        world.prepare(backend, CHAT, wish)


def test_members_of_another_model_are_refused_because_kserve_leaves_them_out() -> None:
    world = world_with(llmisvc(), llmisvc("new"))
    with pytest.raises(Refused, match="only to members with the same names of model"):
        world.prepare(backend, CHAT, TO)


def test_a_third_member_is_refused_but_not_a_stopped_one() -> None:
    third = llmisvc("old", group="talk", weight=1, model={"name": "chat", "uri": "a"})
    world = world_with(llmisvc(group="talk", weight=1), third)
    with pytest.raises(Refused, match="shares its group with old already"):
        world.prepare(backend, CHAT, V2)
    world.edit(KIND, "old", {"op": "add", "path": "/metadata/annotations", "value": {STOP: "true"}})
    world.run()
    assert world.prepare(backend, CHAT, V2).handle["canary"] == "chat-v2"


def test_another_version_of_the_api_is_named() -> None:
    world = world_with(llmisvc())
    target = {**named(world, "chat"), "apiVersion": "serving.kserve.io/v1alpha1"}
    with pytest.raises(Refused, match=r"served as serving.kserve.io/v1alpha1: a group is told of in .*v1alpha2 only"):
        backend.prepare(target, V2, world.reading())


@pytest.mark.parametrize("wish", [Wish(), Wish(model_uri="a", rule="b"), Wish(to="svc/new"), Wish(to="a", name="b")])
def test_a_wish_that_has_no_place_here_is_a_wrong_usage(world: World, wish: Wish) -> None:
    with pytest.raises(Usage):
        world.prepare(backend, CHAT, wish)
    with pytest.raises(NotFound):
        world.prepare(backend, CHAT, TO)
