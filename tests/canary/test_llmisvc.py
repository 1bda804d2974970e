"""LLMInferenceServices in a routing group: which of the two objects is written when, and every trap of the group."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.llmisvc.backend import LlmIsvcGroup
from k8sai.canary.backends.llmisvc.group import FINE, MOST, fine, percent_of, stable_weight, weight_for
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import ClusterError, Drift, NotFound, Refused, Usage
from tests.canary.kserve import GATEWAY, NAMESPACE, llmisvc
from tests.canary.world import World

KIND = "llminferenceservices.serving.kserve.io"
CHAT = Ref(KIND, "default", "chat", word="llmisvc")
STOP = "serving.kserve.io/stop"
V2 = Wish(model_uri="hf://org/chat-v2")
TO = Wish(to="llmisvc/new")
backend = LlmIsvcGroup()


def world_with(*targets: Json, gpus: int = 16) -> World:
    world = World()
    world.node("n1", gpus)
    world.has(NAMESPACE, GATEWAY)
    world.has(*targets)
    world.run()
    return world


@pytest.fixture
def world() -> World:
    return world_with(llmisvc(replicas=2))


def begun(world: World, wish: Wish = V2) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, prepared.start), prepared)
    world.run()
    world.run()
    return prepared


def named(world: World, name: str) -> Json:
    return world.get(KIND, "default", name)


def weight(world: World, name: str) -> int | None:
    found: int | None = named(world, name)["spec"]["router"]["route"].get("weight")
    return found


def stopped(world: World, name: str) -> bool:
    return (named(world, name)["metadata"].get("annotations") or {}).get(STOP) == "true"


def pods(world: World, name: str) -> int:
    found = world.list("pods", labels=f"app.kubernetes.io/name={name}")
    return sum(1 for one in found if one["status"].get("phase") == "Running" and not _leaves(one))


def _leaves(pod: Json) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def shared(world: World, name: str) -> list[tuple[str, int]]:
    route = world.get("httproutes.gateway.networking.k8s.io", "default", f"{name}-kserve-route")
    rule = next(one for one in route["spec"]["rules"] if one["name"] == "v1-model-routing")
    return [(one["name"], one["weight"]) for one in rule["backendRefs"]]


def told(writes: list[Write]) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    """(object, operation, what it sets) of each write; tests left out."""
    found: list[tuple[str, str, list[tuple[str, Any]]]] = []
    for one in writes:
        body = one.body if isinstance(one.body, list) else []
        found.append((one.on.name, one.op, [(op["path"], op.get("value")) for op in body if op["op"] != "test"]))
    return found


# --- the arithmetic ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_101), st.integers(0, 99))
def test_a_weight_is_the_nearest_to_the_percent(stable: int, percent: int) -> None:
    weight = weight_for(percent, stable)
    assert abs(weight - stable * percent / (100 - percent)) <= 0.5
    assert 0 <= weight <= MOST


@given(st.integers(0, MOST), st.integers(1, 99))
def test_the_weight_of_the_old_side_makes_every_percent_exact(now: int, percent: int) -> None:
    stable = stable_weight(now)
    assert abs(percent_of(stable, weight_for(percent, stable)) - percent) < 0.05
    assert weight_for(percent, stable) <= MOST
    assert stable in (now, FINE)


@given(st.integers(1, 10_000), st.integers(0, 98))
def test_a_greater_percent_is_never_a_smaller_weight(stable: int, percent: int) -> None:
    assert weight_for(percent, stable) <= weight_for(percent + 1, stable)


def test_a_weight_of_a_hundred_is_not_fine_enough() -> None:
    assert percent_of(100, weight_for(5, 100)) == pytest.approx(4.76, abs=0.01)
    assert not fine(100) and not fine(0) and fine(FINE) and not fine(10_102)


# --- start ------------------------------------------------------------------------------------------------------------


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


# --- shift ------------------------------------------------------------------------------------------------------------


def test_a_shift_is_one_weight_of_the_canary(world: World) -> None:
    prepared = begun(world)
    (write,) = world.reach(backend, CHAT, Shift(5), prepared)
    uid = named(world, "chat-v2")["metadata"]["uid"]
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/router/route/group", "value": "chat"},
        {"op": "test", "path": "/spec/router/route/weight", "value": 100},
        {"op": "replace", "path": "/spec/router/route/weight", "value": 521},
    ]
    assert write.on.name == "chat-v2" and write.weight == pytest.approx(5, abs=0.01)
    seen = world.see(backend, CHAT, prepared)
    assert seen.route == seen.configured == pytest.approx(5, abs=0.01)


def test_the_weight_rises_only_with_enough_ready_replicas(world: World) -> None:
    prepared = begun(world)
    writes = world.reach(backend, CHAT, Shift(75), prepared)
    assert told(writes) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat-v2", "json-patch", [("/spec/router/route/weight", 29700)]),
    ]
    assert pods(world, "chat-v2") == 2


def test_all_is_the_old_weight_at_nothing_and_back_begins_there(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    assert told(world.reach(backend, CHAT, Shift(100), prepared)) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat", "json-patch", [("/spec/router/route/weight", 0)]),
    ]
    assert world.see(backend, CHAT, prepared).configured == 100
    assert told(world.reach(backend, CHAT, Shift(25), prepared)) == [
        ("chat", "json-patch", [("/spec/router/route/weight", 9900)]),
        ("chat-v2", "json-patch", [("/spec/router/route/weight", 3300)]),
    ]


@pytest.mark.parametrize("start", [1, 25, 50, 99])
def test_no_write_in_between_is_beyond_both_ends(world: World, start: int) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(start), prepared)
    for goal, low, high in ((Promote(), start, 100), (Rollback(), 0, 100)):
        stands = [one.weight for one in world.reach(backend, CHAT, goal, prepared) if one.weight is not None]
        assert all(low - 0.05 <= one <= high for one in stands)
        assert stands == sorted(stands, reverse=isinstance(goal, Rollback))


def test_a_step_counts_only_when_every_member_s_route_has_it(world: World) -> None:
    prepared = begun(world)
    write = world.step(backend, CHAT, Shift(5), prepared)
    assert isinstance(write, Write)
    world.carry(write)
    seen = world.see(backend, CHAT, prepared)
    assert not seen.applied and seen.waiting == "KServe has not worked on llmisvc/chat-v2 yet"
    world.settle()
    assert world.see(backend, CHAT, prepared).applied


def test_an_autoscaled_one_is_not_scaled_by_us() -> None:
    world = world_with(llmisvc(replicas=None, scaling={"minReplicas": 1, "maxReplicas": 4}))
    prepared = begun(world)
    assert "replicas" not in prepared.handle["body"]["spec"]
    assert [one for one, _, _ in told(world.reach(backend, CHAT, Promote(), prepared))] == ["chat"]


def test_divergence_is_trouble_although_the_pods_are_ready(world: World) -> None:
    prepared = begun(world)
    world.edit(KIND, "chat-v2", {"op": "replace", "path": "/spec/model/name", "value": "other"})
    world.run()
    seen = world.see(backend, CHAT, prepared)
    assert seen.canary is not None
    assert seen.canary.trouble == "MemberDivergence: group has members with different model sets: other"
    assert seen.drift == ("llmisvc/chat-v2 is another version than when the rollout began",)


# --- promote ----------------------------------------------------------------------------------------------------------


def test_promote_is_full_size_then_all_requests_and_the_old_one_stays(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(25), prepared)
    assert told(world.reach(backend, CHAT, Promote(), prepared)) == [
        ("chat-v2", "json-patch", [("/spec/replicas", 2)]),
        ("chat", "json-patch", [("/spec/router/route/weight", 0)]),
    ]
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (2, 2)


def test_retire_stops_the_old_one_and_waits_until_its_pods_are_given_back(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    generation = named(world, "chat")["metadata"]["generation"]
    write = world.step(backend, CHAT, Retire(), prepared)
    assert isinstance(write, Write)
    assert (write.op, write.body) == ("merge", {"metadata": {"annotations": {STOP: "true"}}})
    world.carry(write)
    assert named(world, "chat")["metadata"]["generation"] == generation  # an annotation does not raise it
    assert world.step(backend, CHAT, Retire(), prepared) == Wait("KServe still runs chat")
    world.settle()
    world.run(40)
    assert world.step(backend, CHAT, Retire(), prepared) is None
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (0, 2)
    assert shared(world, "chat-v2") == [("chat-v2-inference-pool", 100)]
    seen = world.see(backend, CHAT, prepared)
    assert (seen.configured, seen.route, seen.stable.replicas) == (100, 100, 0)


def test_the_old_one_is_not_stopped_while_it_gets_requests(world: World) -> None:
    prepared = begun(world)
    with pytest.raises(Drift, match="still gets requests"):
        world.step(backend, CHAT, Retire(), prepared)


# --- rollback ---------------------------------------------------------------------------------------------------------


def test_rollback_is_requests_then_gpus_then_the_group(world: World) -> None:
    before = named(world, "chat")["spec"]
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    writes = world.reach(backend, CHAT, Rollback(), prepared)
    assert [(one.on.name, one.op) for one in writes] == [
        ("chat-v2", "json-patch"),
        ("chat-v2", "merge"),
        ("chat", "json-patch"),
    ]
    assert (writes[0].weight, writes[1].body) == (0, {"metadata": {"annotations": {STOP: "true"}}})
    assert named(world, "chat")["spec"] == before
    world.run(40)
    assert (stopped(world, "chat-v2"), pods(world, "chat-v2"), pods(world, "chat")) == (True, 0, 2)
    assert world.step(backend, CHAT, Rollback(), prepared) is None
    assert world.see(backend, CHAT, prepared).configured == 0


def test_rollback_after_promotion_wakes_the_old_one_and_waits_for_it(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    world.reach(backend, CHAT, Retire(), prepared)
    world.run(40)
    wake = world.step(backend, CHAT, Rollback(), prepared)
    assert isinstance(wake, Write) and wake.body == {"metadata": {"annotations": {STOP: None}}}
    world.carry(wake)
    world.settle()
    waits = world.step(backend, CHAT, Rollback(), prepared)
    assert isinstance(waits, Wait) and waits.pods
    world.reach(backend, CHAT, Rollback(), prepared)
    assert stopped(world, "chat-v2") and not stopped(world, "chat")


def test_rollback_does_not_wait_when_the_canary_cannot_serve(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(100), prepared)
    for one in world.list("pods", labels="app.kubernetes.io/name=chat"):
        world.delete("pods", one["metadata"]["name"])
    world.settle()
    step = world.step(backend, CHAT, Rollback(all_at_once=True), prepared)
    assert isinstance(step, Write) and step.on.name == "chat"
    assert isinstance(step.body, list) and step.body[-1]["value"] == 9900


def test_rollback_to_a_weight_stops_there(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Shift(50), prepared)
    (write,) = world.reach(backend, CHAT, Rollback(weight=25), prepared)
    assert write.weight == 25
    assert world.reach(backend, CHAT, Rollback(weight=25), prepared) == []


def test_one_that_was_there_is_left_as_it_was_found() -> None:
    new = llmisvc("new", model={"name": "chat", "uri": "hf://org/chat-v2"})
    world = world_with(llmisvc(), new)
    before = named(world, "chat")["spec"], named(world, "new")["spec"]
    prepared = begun(world, TO)
    world.reach(backend, CHAT, Shift(50), prepared)
    world.reach(backend, CHAT, Rollback(), prepared)
    assert (named(world, "chat")["spec"], named(world, "new")["spec"]) == before
    assert not stopped(world, "new")


def test_rollback_without_the_canary_still_leaves_the_group(world: World) -> None:
    before = named(world, "chat")["spec"]
    prepared = begun(world)
    world.delete("llminferenceservices", "chat-v2", "serving.kserve.io")
    world.run()
    with pytest.raises(Drift, match="llmisvc/chat-v2 is gone"):
        world.step(backend, CHAT, Shift(5), prepared)
    assert told(world.reach(backend, CHAT, Rollback(), prepared)) == [
        ("chat", "json-patch", [("/spec/router/route/group", None), ("/spec/router/route/weight", None)])
    ]
    assert named(world, "chat")["spec"] == before


def test_the_way_back_after_all_is_a_rollout_to_the_one_that_was_stopped(world: World) -> None:
    prepared = begun(world)
    world.reach(backend, CHAT, Promote(), prepared)
    world.reach(backend, CHAT, Retire(), prepared)
    world.run(40)
    new, wish = Ref(KIND, "default", "chat-v2", word="llmisvc"), Wish(to="llmisvc/chat")
    back = world.prepare(backend, new, wish)
    for goal in (Begin(wish, 1), Shift(50), Promote(), Retire()):
        world.reach(backend, new, goal, back)
    world.run(40)
    assert (stopped(world, "chat"), stopped(world, "chat-v2")) == (False, True)
    assert (pods(world, "chat"), pods(world, "chat-v2")) == (2, 0)


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


# --- others write -----------------------------------------------------------------------------------------------------


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


GOALS: list[Goal] = [Begin(V2, 1), Shift(5), Shift(50), Promote(), Retire()]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), max_size=4))
def test_a_goal_is_reached_from_wherever_it_broke_off(after: list[int]) -> None:
    """After a kill -9 somebody asks for the goal again: it goes on, and says None once it stands."""
    world = world_with(llmisvc(replicas=2))
    prepared = world.prepare(backend, CHAT, V2)
    for number, goal in enumerate(GOALS):
        for _ in range(after[number] if number < len(after) else 0):
            step = world.step(backend, CHAT, goal, prepared)
            if isinstance(step, Write):
                world.carry(step)
        world.reach(backend, CHAT, goal, prepared)
        assert world.step(backend, CHAT, goal, prepared) is None
    assert (stopped(world, "chat"), weight(world, "chat")) == (True, 0)
