"""An HTTPRoute's weights: what is written, what is seen, and that every goal is reached from wherever it broke off."""

from typing import Any

import pytest

from k8sai.canary.backend import Begin, Promote, Retire, Rollback, Shift, Wait
from k8sai.canary.backends.httproute import HttpRoute
from k8sai.canary.facts import Json, Ref, Wish
from k8sai.errors import Drift, Refused
from tests.canary.world import World

ROUTE = Ref("httproutes.gateway.networking.k8s.io", "default", "chat", word="httproute")
TO_V2 = Wish(to="svc/chat-v2")
backend = HttpRoute()


def service(name: str, **labels: str) -> Json:
    spec = {"selector": labels or {"app": name}, "ports": [{"port": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(name: str, replicas: int = 1) -> Json:
    container = {"name": "main", "image": f"registry/{name}:1"}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def route(*rules: Json) -> Json:
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [*rules]}
    meta = {"name": "chat"}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": meta, "spec": spec}


def to(name: str, **more: Any) -> Json:
    return {"name": name, "port": 8000, **more}


@pytest.fixture
def world() -> World:
    made = World()
    made.node("n1")
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway"}}
    made.has({**gateway, "spec": {"gatewayClassName": "sim", "listeners": []}})
    for name in ("chat-v1", "chat-v2"):
        made.has(service(name), deployment(name))
    made.has(route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    return made


def weights(world: World) -> list[list[tuple[str, int]]]:
    return [
        [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] for rule in world.target(ROUTE)["spec"]["rules"]
    ]


def test_a_shift_is_one_patch_that_tests_both_weights(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    assert world.reach(backend, ROUTE, Begin(TO_V2, 0), prepared) != []
    uid = world.target(ROUTE)["metadata"]["uid"]
    (write,) = world.reach(backend, ROUTE, Shift(5), prepared)
    assert (write.op, write.on, write.weight) == ("json-patch", Ref(ROUTE.kind, "default", "chat", uid, "httproute"), 5)
    assert write.body == [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/spec/rules/0/name", "value": "main"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "chat-v1"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/0/weight", "value": 100},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/name", "value": "chat-v2"},
        {"op": "test", "path": "/spec/rules/0/backendRefs/1/weight", "value": 0},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 95},
        {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 5},
    ]


def test_it_waits_until_the_gateway_has_taken_the_weights_over(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    write = world.step(backend, ROUTE, Shift(5), prepared)
    assert not isinstance(write, Wait) and write is not None
    world.carry(write)
    assert world.step(backend, ROUTE, Shift(5), prepared) == Wait(
        "gateway gateway: Accepted is not yet said of generation 2"
    )
    world.settle()
    assert world.step(backend, ROUTE, Shift(5), prepared) is None


def test_both_sides_are_seen_with_their_pods(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.reach(backend, ROUTE, Shift(25), prepared)
    seen = world.see(backend, ROUTE, prepared)
    assert seen.canary
    assert (seen.stable.name, seen.stable.replicas, seen.stable.ready, seen.stable.percent) == ("chat-v1", 1, 1, 75)
    assert (seen.canary.name, seen.canary.labels, seen.configured) == ("chat-v2", {"app": "chat-v2"}, 25)
    assert seen.drift == () and seen.applied


def test_a_rollback_writes_the_weights_of_before(world: World) -> None:
    before = weights(world)
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.reach(backend, ROUTE, Shift(50), prepared)
    assert len(world.reach(backend, ROUTE, Rollback(), prepared)) == 1
    assert weights(world) == before
    assert world.reach(backend, ROUTE, Rollback(), prepared) == []


def test_a_promotion_keeps_the_old_side_until_it_is_retired(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    world.reach(backend, ROUTE, Promote(), prepared)
    assert weights(world) == [[("chat-v1", 0), ("chat-v2", 100)]]
    world.reach(backend, ROUTE, Retire(), prepared)
    assert weights(world) == [[("chat-v2", 100)]]
    assert world.step(backend, ROUTE, Retire(), prepared) is None


def test_a_write_that_somebody_was_faster_than_is_drift(world: World) -> None:
    prepared = world.prepare(backend, ROUTE, TO_V2)
    write = world.step(backend, ROUTE, Shift(5), prepared)
    world.edit(ROUTE.kind, "chat", {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 7})
    assert write is not None and not isinstance(write, Wait)
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
    world.edit(
        "deployments.apps", "chat-v2", {"op": "add", "path": "/spec/template/metadata/annotations", "value": note}
    )
    world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 3})
    assert world.see(backend, ROUTE, prepared).drift == ()


def test_a_rollout_begins_with_one_side(world: World) -> None:
    world.edit(ROUTE.kind, "chat", {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 1})
    with pytest.raises(Refused, match="requests go to svc/chat-v1, svc/chat-v2 already"):
        world.prepare(backend, ROUTE, TO_V2)
