"""What others do to an HTTPRoute and its workloads during a rollout."""

import pytest

from k8sai.canary.backend import Rollback, Shift, Write
from k8sai.canary.facts import Json
from k8sai.errors import Drift, Forbidden
from tests.canary.http_chat import TO_V2, backend, reach, written
from tests.canary.routes import ROUTE, route, to, two_versions, weights
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    made = two_versions()
    made.has(route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    return made


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
