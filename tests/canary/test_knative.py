"""A Knative Service: what is written, what is waited for, and every trap of it, on the embedded cluster."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Wait, Write
from k8sai.canary.backends.knative import Knative
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import Drift, K8saiError, Refused, Usage
from tests.canary.knatives import KSVC, SERVING, TO_IMAGE, isvc, ksvc
from tests.canary.world import World

CHAT, TO_V2 = KSVC, TO_IMAGE
V1, V2, V3 = (f"chat-0000{number}" for number in (1, 2, 3))
backend = Knative()


def there(*objects: Json) -> World:
    made = World()
    made.node("n1", gpus=8)
    made.has(*objects)
    made.run()
    return made


@pytest.fixture
def world() -> World:
    return there(ksvc())


def begun(world: World, wish: Wish = TO_V2, weight: int = 0) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, weight), prepared)
    world.run(10)
    return prepared


def at(world: World, *weights: int) -> Prepared:
    prepared = begun(world)
    for weight in weights:
        world.reach(backend, CHAT, Shift(weight), prepared)
    return prepared


def next_of(world: World, goal: Goal, prepared: Prepared) -> Any:
    return world.step(backend, CHAT, goal, prepared)


def routed(world: World) -> dict[str, int]:
    """Percent by revision, with those that get nothing."""
    found: dict[str, int] = {}
    for one in world.target(CHAT)["status"]["traffic"]:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return found


def pods(world: World) -> dict[str, int]:
    """By revision."""
    found: dict[str, int] = {}
    for one in world.all("pods"):
        name = one["metadata"]["labels"][f"{SERVING}/revision"]
        found[name] = found.get(name, 0) + 1
    return found


def spec(world: World) -> Json:
    found: Json = world.target(CHAT)["spec"]
    return found


STABLE: Json = {"revisionName": V1, "latestRevision": False, "tag": "stable"}
CANARY: Json = {"latestRevision": True, "tag": "canary"}


# --- start ------------------------------------------------------------------------------------------------------------


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


# --- shift, promote, retire -------------------------------------------------------------------------------------------


def test_a_shift_tests_the_list_and_writes_it_whole(world: World) -> None:
    prepared = begun(world)
    (write,) = world.reach(backend, CHAT, Shift(25), prepared)
    assert isinstance(write.body, list)
    old, new = ([{**STABLE, "percent": 100 - of}, {**CANARY, "percent": of}] for of in (0, 25))
    assert write.body[2:] == [
        {"op": "test", "path": "/spec/traffic", "value": old},
        {"op": "add", "path": "/spec/traffic", "value": new},
    ]
    assert routed(world) == {V1: 75, V2: 25}


def test_two_that_shift_at_once_change_the_weight_once(world: World) -> None:
    prepared = begun(world)
    first, second = (next_of(world, Shift(5), prepared) for _ in range(2))
    world.carry(first)
    with pytest.raises(Drift):
        world.carry(second)
    assert spec(world)["traffic"][1]["percent"] == 5


def test_a_shift_up_waits_for_the_canary(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.carry(next_of(world, Begin(TO_V2, 0), prepared))
    world.settle()
    assert next_of(world, Shift(25), prepared) == Wait(f"revision {V2} is not ready", pods=True)


def test_a_shift_is_reached_when_the_status_says_so(world: World) -> None:
    prepared = begun(world)
    world.carry(next_of(world, Shift(25), prepared))
    assert next_of(world, Shift(25), prepared) == Wait("Knative has not looked at generation 3 yet")
    world.settle()
    assert next_of(world, Shift(25), prepared) is None


@pytest.mark.parametrize("weight", [-1, 101])
@pytest.mark.parametrize("goal", [Shift, Rollback, lambda weight: Begin(TO_V2, weight)])
def test_the_range_of_a_percent_is_checked(world: World, goal: Any, weight: int) -> None:
    prepared = begun(world)
    with pytest.raises(Refused, match="is no percent"):
        next_of(world, goal(weight), prepared)


def test_after_a_promotion_the_old_side_stays_warm_until_it_is_retired(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Promote(), prepared)
    world.run(60)
    assert (routed(world), pods(world)) == ({V1: 0, V2: 100}, {V1: 2, V2: 2})
    (write,) = world.reach(backend, CHAT, Retire(), prepared)
    assert write.weight == 100.0
    assert spec(world)["traffic"] == [{"latestRevision": True, "percent": 100}]
    world.run(60)
    assert pods(world) == {V2: 2}
    assert world.find("revisions", V1, SERVING) is not None, "a revision is not collected so soon"
    assert next_of(world, Retire(), prepared) is None


def test_what_still_gets_requests_is_not_retired(world: World) -> None:
    prepared = at(world, 50)
    with pytest.raises(Drift, match=f"{V1} still gets requests"):
        next_of(world, Retire(), prepared)


# --- roll back --------------------------------------------------------------------------------------------------------


def test_a_rollback_names_the_old_revision_and_frees_the_canary(world: World) -> None:
    prepared = at(world, 50)
    (write,) = world.reach(backend, CHAT, Rollback(), prepared)
    assert "to name the latest again would promote it" in write.why
    assert spec(world)["traffic"] == [{**STABLE, "percent": 100}]
    assert spec(world)["template"]["spec"]["containers"][0]["image"] == "registry/chat:2"
    world.run(60)
    assert (routed(world), pods(world)) == ({V1: 100}, {V1: 2})
    assert next_of(world, Rollback(), prepared) is None
    seen = world.see(backend, CHAT, prepared)
    assert seen.notes == (f"spec.traffic names {V1}: to name the latest would promote {V2}",)


def test_naming_the_latest_after_a_rollback_does_promote(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    world.edit(CHAT.kind, "chat", {"op": "remove", "path": "/spec/traffic"})
    world.settle()
    assert routed(world) == {V2: 100}


def test_a_rollback_part_of_the_way_never_rises(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(10), prepared)
    assert routed(world) == {V1: 90, V2: 10}
    assert world.reach(backend, CHAT, Rollback(25), prepared) == []
    assert routed(world) == {V1: 90, V2: 10}


def test_back_from_a_retired_side_its_pods_come_first(world: World) -> None:
    prepared = at(world, 50)
    for goal in (Promote(), Retire()):
        world.reach(backend, CHAT, goal, prepared)
    world.run(60)
    assert pods(world) == {V2: 2}
    writes = world.reach(backend, CHAT, Rollback(), prepared)
    assert [write.weight for write in writes] == [100.0, 0.0]
    assert (routed(world), pods(world)[V1]) == ({V1: 100}, 2)


def test_a_canary_that_cannot_serve_is_left_at_once(world: World) -> None:
    prepared = at(world, 50)
    for goal in (Promote(), Retire()):
        world.reach(backend, CHAT, goal, prepared)
    world.run(60)
    writes = world.reach(backend, CHAT, Rollback(all_at_once=True), prepared)
    assert [write.weight for write in writes] == [0.0]


def test_a_rollback_of_nothing_writes_nothing(world: World) -> None:
    prepared = world.prepare(backend, CHAT, TO_V2)
    assert world.reach(backend, CHAT, Rollback(), prepared) == []
    assert spec(world) == ksvc()["spec"]


@pytest.mark.parametrize("pinned", [False, True])
def test_when_the_old_revision_is_gone_its_template_comes_back(pinned: bool) -> None:
    world = there(ksvc(*([{"revisionName": V1, "latestRevision": False, "percent": 100}] if pinned else ())))
    prepared = at(world, 50)
    for goal in (Promote(), Retire()):
        world.reach(backend, CHAT, goal, prepared)
    world.delete("revisions", V1, SERVING)
    world.run()
    (write,) = world.reach(backend, CHAT, Rollback(), prepared)
    assert "the old template starts a new revision" in write.why
    assert spec(world)["template"] == ksvc()["spec"]["template"]
    assert routed(world) == {V3: 100}


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


# --- restore ----------------------------------------------------------------------------------------------------------


def test_restore_writes_the_old_template_pinned_then_the_old_route(world: World) -> None:
    prepared = at(world, 50)
    world.reach(backend, CHAT, Rollback(), prepared)
    first = next_of(world, Restore(), prepared)
    assert "a third revision starts, on GPUs of its own" in first.why
    world.carry(first)
    assert isinstance(next_of(world, Restore(), prepared), Wait), "the canary is the latest that is ready"
    world.settle()
    assert isinstance(next_of(world, Restore(), prepared), Wait)
    assert routed(world) == {V1: 100}
    (second,) = world.reach(backend, CHAT, Restore(), prepared)
    assert second.why == "the revision of the old template is ready: the route as it was"
    assert spec(world)["template"] == ksvc()["spec"]["template"]
    assert routed(world) == {V3: 100}


def test_restore_is_for_what_is_pinned(world: World) -> None:
    prepared = at(world, 50)
    with pytest.raises(Drift, match=f"does not send everything to {V1}"):
        next_of(world, Restore(), prepared)


def test_after_a_rollback_a_new_canary_begins_at_zero(world: World) -> None:
    first = at(world, 50)
    world.reach(backend, CHAT, Rollback(), first)
    world.run(60)
    wish = Wish(image="registry/chat:3")
    prepared = world.prepare(backend, CHAT, wish)
    assert any("its template is of a version that was rolled back" in note for note in prepared.notes)
    with pytest.raises(Refused, match=f"5 % would go to {V2}"):
        next_of(world, Begin(wish, 5), prepared)
    world.reach(backend, CHAT, Begin(wish, 0), prepared)
    world.run(10)
    world.reach(backend, CHAT, Shift(10), prepared)
    assert (routed(world), world.see(backend, CHAT, prepared).drift) == ({V1: 90, V3: 10}, ())
    world.reach(backend, CHAT, Rollback(), prepared)
    with pytest.raises(Refused, match="stays pinned"):
        next_of(world, Restore(), prepared)


def test_a_service_that_names_its_revision_is_promoted_by_name() -> None:
    world = there(ksvc({"revisionName": V1, "latestRevision": False, "percent": 100}))
    prepared = at(world, 100)
    for goal in (Promote(), Retire()):
        world.reach(backend, CHAT, goal, prepared)
    assert spec(world)["traffic"] == [{"revisionName": V2, "latestRevision": False, "percent": 100}]


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
    from k8sai.errors import Forbidden

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
