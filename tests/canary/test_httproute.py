"""An HTTPRoute's weights: what is written, what is seen, and that every goal is reached from wherever it broke off."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Step, Wait, Write
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import Drift, Forbidden
from tests.canary.routes import ROUTE, deployment, route, service, to, two_versions, weights
from tests.canary.world import World

TO_V2 = Wish(to="svc/chat-v2")
backend = HttpRoute()


@pytest.fixture
def world() -> World:
    made = two_versions()
    made.has(route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    return made


def reach(world: World, goal: Goal, prepared: Prepared) -> list[Write]:
    return world.reach(backend, ROUTE, goal, prepared)


def written(step: Step) -> Write:
    assert isinstance(step, Write)
    return step


def test_a_shift_is_one_patch_that_tests_both_weights(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert reach(world, Begin(TO_V2, 0), prepared) == []
    uid = world.target(ROUTE)["metadata"]["uid"]
    (write,) = reach(world, Shift(5), prepared)
    assert (write.op, write.on, write.weight) == ("json-patch", Ref(ROUTE.kind, "default", "chat", uid, "httproute"), 5)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/rules/0/name", "value": "main"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "chat-v1"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/weight", "value": 1},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/name", "value": "chat-v2"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/weight", "value": 0},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 95},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 5},
    ]


def test_a_canary_that_nobody_refers_to_is_added_with_weight_0() -> None:
    world = two_versions()
    world.has(route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    (write,) = reach(world, Begin(TO_V2, 0), prepared)
    ref = {"group": "", "kind": "Service", "name": "chat-v2", "port": 8000, "weight": 0}
    assert isinstance(write.body, list)
    assert write.body[-1] == {"op": "add", "path": "/spec/rules/0/backendRefs/-", "value": ref}
    assert weights(world) == {"chat-v1": 1, "chat-v2": 0}
    reach(world, Shift(25), prepared)
    reach(world, Rollback(), prepared)
    assert weights(world) == {"chat-v1": 1}


def test_0_percent_leaves_the_old_side_what_it_has(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    for goal, expected in ((Shift(100), (0, 100)), (Shift(0), (100, 0)), (Shift(20), (80, 20)), (Shift(0), (80, 0))):
        reach(world, goal, prepared)
        assert weights(world) == dict(zip(("chat-v1", "chat-v2"), expected, strict=True))


def test_it_waits_until_the_gateway_has_taken_the_weights_over(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.carry(written(world.step(backend, ROUTE, Shift(5), prepared)))
    waiting = Wait("gateway gateway has not yet said Accepted of what is written")
    assert world.step(backend, ROUTE, Shift(5), prepared) == waiting
    world.settle()
    assert world.step(backend, ROUTE, Shift(5), prepared) is None


def test_both_sides_are_seen_with_their_pods(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(25), prepared)
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary
    assert (seen.stable.name, seen.stable.replicas, seen.stable.ready, seen.stable.percent) == ("chat-v1", 1, 1, 75)
    assert (seen.canary.name, seen.canary.labels, seen.configured) == ("chat-v2", {"app": "chat-v2"}, 25)
    assert seen.drift == () and seen.applied


def test_a_promotion_keeps_the_old_side_until_it_is_retired(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Promote(), prepared)
    assert weights(world) == {"chat-v1": 0, "chat-v2": 100}
    reach(world, Retire(), prepared)
    assert weights(world) == {"chat-v2": 100}
    assert world.step(backend, ROUTE, Retire(), prepared) is None


def test_a_side_that_gets_requests_is_not_retired(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(50), prepared)
    with pytest.raises(Drift, match="svc/chat-v1 still gets requests"):
        world.step(backend, ROUTE, Retire(), prepared)


# --- replicas ---------------------------------------------------------------------------------------------------------


def test_the_canary_has_the_replicas_for_its_share_before_it_gets_it() -> None:
    world = two_versions(replicas=4, gpus=2)
    world.has(route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert [(one.count, one.why) for one in prepared.peak] == [(3, "the canary at full size, before all requests")]
    assert prepared.demand == ()
    reach(world, Begin(TO_V2, 0), prepared)
    first, second = reach(world, Shift(50), prepared)
    assert isinstance(first.body, list) and first.on.title == "deployment/chat-v2"
    assert first.body[1:] == [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 2},
    ]
    assert second.weight == 50
    more, all_requests = reach(world, Promote(), prepared)
    assert more.why == "4 replicas for 100 % of the requests" and all_requests.weight == 100


def test_a_rollback_moves_requests_then_pods_then_the_text() -> None:
    world = two_versions(replicas=4)
    world.has(route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    for goal in (Begin(TO_V2, 0), Shift(75)):
        reach(world, goal, prepared)
    done = reach(world, Rollback(), prepared)
    assert [one.why for one in done] == [
        "all requests to svc/chat-v1, as before",
        "as many replicas as before: 1",
        "svc/chat-v2 is no longer referred to",
    ]


def test_warm_replicas_are_asked_for_before_there_is_any_traffic() -> None:
    world = two_versions(replicas=4, gpus=1)
    world.has(route({"backendRefs": [to("chat-v1")]}))
    wish = Wish(to="svc/chat-v2", warm_replicas=3)
    prepared = world.prepare(backend, ROUTE, wish)
    assert [(one.count, one.why) for one in prepared.demand] == [(2, "the canary")]
    reach(world, Begin(wish, 0), prepared)
    assert world.get("deployments.apps", "default", "chat-v2")["spec"]["replicas"] == 3


def test_pods_with_other_gpus_are_not_counted_against_each_other() -> None:
    world = two_versions(replicas=4, gpus=1)
    world.has(service("big"), deployment("big", 2, gpus=8), route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, Wish(to="svc/big"))
    reach(world, Begin(TO_V2, 0), prepared)
    assert len(reach(world, Promote(), prepared)) == 1
    assert world.get("deployments.apps", "default", "big")["spec"]["replicas"] == 2


def test_replicas_that_gitops_keeps_are_not_written() -> None:
    world = two_versions(replicas=4)
    world.has(route({"backendRefs": [to("chat-v1")]}))
    mark = {"argocd.argoproj.io/tracking-id": "chat:apps/Deployment:default/chat-v2"}
    for name in ("chat-v1", "chat-v2"):
        note = {key: value.replace("chat-v2", name) for key, value in mark.items()}
        world.edit("deployments.apps", name, {"op": "add", "path": "/metadata/annotations", "value": note})
    prepared = world.prepare(backend, ROUTE, TO_V2)
    said = "Argo CD application chat sets the replicas of svc/chat-v2: they are taken to be enough for every share"
    assert said in prepared.notes
    reach(world, Begin(TO_V2, 0), prepared)
    assert [one.on.word for one in reach(world, Promote(), prepared)] == ["httproute"]


def test_an_autoscaler_has_the_say_about_replicas() -> None:
    world = two_versions(replicas=4)
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat-v2"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "auto"}}
    world.has({**scaler, "spec": {"scaleTargetRef": aim, "maxReplicas": 8}}, route({"backendRefs": [to("chat-v1")]}))
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert any("hpa/auto" in note for note in prepared.notes) and prepared.peak == ()
    reach(world, Begin(TO_V2, 0), prepared)
    assert [one.on.word for one in reach(world, Promote(), prepared)] == ["httproute"]


def test_an_old_side_that_is_not_whole_gets_its_requests_back_when_it_is(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(50), prepared)
    world.edit("deployments.apps", "chat-v1", {"op": "replace", "path": "/spec/replicas", "value": 2})
    world.settle()
    waiting = Wait("chat-v1 has 1 of 2 replicas ready", pods=True)
    assert world.step(backend, ROUTE, Rollback(), prepared) == waiting
    assert isinstance(world.step(backend, ROUTE, Rollback(all_at_once=True), prepared), Write)
    reach(world, Rollback(), prepared)
    assert weights(world) == {"chat-v1": 1, "chat-v2": 0}


def test_a_canary_that_serves_nobody_is_left_at_once(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(50), prepared)
    for name, count in (("chat-v1", 2), ("chat-v2", 0)):
        world.edit("deployments.apps", name, {"op": "replace", "path": "/spec/replicas", "value": count})
    world.settle()
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary and seen.canary.trouble == "svc/chat-v2 has no ready endpoints"
    assert isinstance(world.step(backend, ROUTE, Rollback(), prepared), Write)


# --- others write too -------------------------------------------------------------------------------------------------


def test_a_write_that_somebody_was_faster_than_is_drift(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    write = written(world.step(backend, ROUTE, Shift(5), prepared))
    world.edit(ROUTE.kind, "chat", {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 7})
    with pytest.raises(Drift):
        world.carry(write)


def test_a_third_version_is_drift(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    path = "/spec/template/spec/containers/0/image"
    world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": path, "value": "registry/chat-v2:2"})
    said = "the version behind svc/chat-v2 is another one than when the rollout began"
    assert world.see(backend, ROUTE, prepared).drift == (said,)


def test_replicas_and_restarts_are_no_version(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    note = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    path = "/spec/template/metadata/annotations"
    world.edit("deployments.apps", "chat-v2", {"op": "add", "path": path, "value": note})
    world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 3})
    assert world.see(backend, ROUTE, prepared).drift == ()


def test_a_third_backend_is_drift_and_a_rollback_still_knows_the_way(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(25), prepared)
    world.edit(ROUTE.kind, "chat", {"op": "add", "path": "/spec/rules/0/backendRefs/0", "value": to("chat-v3")})
    seen = world.see(backend, ROUTE, prepared)
    assert seen.drift == ("httproute/chat has other rules than when the rollout began",)
    done = world.step(backend, ROUTE, Rollback(), prepared)
    world.carry(written(done))
    assert weights(world) == {"chat-v3": 1, "chat-v1": 1, "chat-v2": 0}


def test_a_side_that_somebody_took_away_is_drift_and_comes_back_with_a_rollback(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(25), prepared)
    world.edit(ROUTE.kind, "chat", {"op": "remove", "path": "/spec/rules/0/backendRefs/0"})
    with pytest.raises(Drift, match="rule main of httproute/chat does not refer to svc/chat-v1 any more"):
        world.step(backend, ROUTE, Shift(50), prepared)
    reach(world, Rollback(), prepared)
    assert weights(world) == {"chat-v1": 1, "chat-v2": 0}


def test_a_backend_that_is_gone_is_not_taken_over(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.delete("services", "chat-v2")
    world.carry(written(world.step(backend, ROUTE, Shift(5), prepared)))
    world.settle()
    seen = world.see(backend, ROUTE, prepared)
    assert seen.waiting == "gateway gateway: Service default/chat-v2 not found"
    assert seen.canary and seen.canary.trouble == "svc/chat-v2 does not exist"


def test_what_may_not_be_read_is_no_other_version_and_no_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Shift(25), prepared)
    answered = world.list

    def answer(kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        if kind in ("pods", "deployments.apps"):
            raise Forbidden(f"you may not list {kind}")
        return answered(kind, namespace, labels=labels, fields=fields)

    monkeypatch.setattr(world, "list", answer)
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary and (seen.canary.ready, seen.canary.replicas, seen.canary.trouble) == (None, None, "")
    assert seen.drift == ()
    assert isinstance(world.step(backend, ROUTE, Shift(50), prepared), Write)


# --- whatever comes ---------------------------------------------------------------------------------------------------

GOALS = st.one_of(
    st.builds(Shift, st.integers(0, 100)),
    st.builds(Rollback, st.integers(0, 100), st.booleans()),
    st.just(Promote()),
    st.just(Begin(TO_V2, 0)),
)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1_000_000), st.sampled_from([None, 0]), st.lists(st.tuples(GOALS, st.integers(0, 3)), max_size=5))
def test_goals_that_break_off_anywhere_are_taken_up_and_a_rollback_ends_as_it_began(
    weight: int, canary: int | None, goals: list[tuple[Goal, int]]
) -> None:
    world = two_versions(replicas=3)
    refs = [to("chat-v1", weight=weight)] + ([to("chat-v2", weight=0)] if canary is not None else [])
    world.has(route({"name": "a", "backendRefs": refs}, {"backendRefs": refs}))
    before = world.target(ROUTE)["spec"]
    prepared = world.prepare(backend, ROUTE, TO_V2)
    reach(world, Begin(TO_V2, 0), prepared)
    for goal, writes in goals:
        for _ in range(writes):  # then whoever asked is gone, and somebody asks for something else
            if isinstance(step := world.step(backend, ROUTE, goal, prepared), Write):
                world.carry(step)
            world.run()
    reach(world, Begin(TO_V2, 0), prepared)
    reach(world, Shift(37), prepared)
    assert {weights(world, at)["chat-v2"] for at in (0, 1)} == {37}
    assert reach(world, Shift(37), prepared) == []
    reach(world, Rollback(), prepared)
    assert world.target(ROUTE)["spec"] == before
    assert reach(world, Rollback(), prepared) == []
