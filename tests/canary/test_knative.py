"""A Knative Service: shares go up and back, and what is restored."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Restore, Retire, Rollback, Shift, Wait
from k8sai.canary.facts import Wish
from k8sai.errors import Drift, Refused
from tests.canary.knatives import SERVING, ksvc
from tests.canary.ksvc_chat import (
    CANARY,
    CHAT,
    STABLE,
    TO_V2,
    V1,
    V2,
    V3,
    at,
    backend,
    begun,
    next_of,
    pods,
    routed,
    spec,
    there,
)
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return there(ksvc())


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
