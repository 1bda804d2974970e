"""Behind an HTTPRoute: replicas before requests on the way up, and after them on the way down."""

import pytest

from k8sai.canary.backend import Begin, Promote, Rollback, Shift, Wait, Write
from k8sai.canary.facts import Wish
from tests.canary.http_chat import TO_V2, backend, reach
from tests.canary.routes import ROUTE, deployment, route, service, to, two_versions, weights
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    made = two_versions()
    made.has(route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    return made


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
