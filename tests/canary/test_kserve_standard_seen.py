"""KServe in Standard mode: both sides, what is taken over, and what is wrong with a canary."""

import pytest

from k8sai.canary.backend import Shift, Wait, Write
from k8sai.canary.facts import Json
from k8sai.errors import ClusterError, Forbidden
from tests.canary.kserve import isvc, world_with
from tests.canary.standard_chat import ISVC, at, backend, begun
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def test_a_step_counts_only_when_the_gateway_has_it(world: World) -> None:
    prepared = begun(world)
    seen = world.see(backend, ISVC, prepared)
    assert (seen.applied, seen.route, seen.configured) == (True, 0.0, 0.0)
    at(world, prepared, 25)
    write = world.step(backend, ISVC, Shift(20), prepared)
    assert isinstance(write, Write)
    world.carry(write)  # and nobody has worked on it yet
    seen = world.see(backend, ISVC, prepared)
    assert (seen.applied, seen.configured, seen.route) == (False, 20.0, 25.0)
    assert isinstance(world.step(backend, ISVC, Shift(20), prepared), Wait)


@pytest.mark.parametrize(("error", "trusted"), [(Forbidden("no"), True), (ClusterError("unwell"), False)])
def test_routes_that_may_not_be_read_are_trusted_and_those_that_cannot_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, trusted: bool
) -> None:
    prepared = begun(world)
    target, get = world.target(ISVC), world.get

    def unread(kind: str, namespace: str, name: str) -> Json:
        if kind.startswith("httproutes"):
            raise error
        return get(kind, namespace, name)

    monkeypatch.setattr(world, "get", unread)
    seen = backend.see(target, prepared.handle, world.reading())
    assert (seen.applied, seen.route) == (trusted, None)


def test_both_sides_are_seen(world: World) -> None:
    prepared = begun(world)
    at(world, prepared, 25)
    world.run()
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None
    assert (seen.stable.labels, seen.canary.labels) == (
        {"app": "isvc.chat-predictor"},
        {"app": "isvc.chat-v2-predictor"},
    )
    assert (seen.stable.replicas, seen.stable.ready, seen.stable.percent) == (4, 4, 75.0)
    assert (seen.canary.name, seen.canary.ready, seen.canary.percent, seen.drift) == ("v2", 1, 25.0, ())


def test_without_a_rollout_the_first_canary_is_shown(world: World) -> None:
    assert backend.see(world.target(ISVC), {}, world.reading()).canary is None
    begun(world)
    seen = backend.see(world.target(ISVC), {}, world.reading())
    assert seen.canary is not None and (seen.canary.name, seen.drift) == ("v2", ())


def test_trouble_of_the_canary_is_seen(world: World) -> None:
    prepared = begun(world)
    name = world.list("pods", labels="app=isvc.chat-v2-predictor")[0]["metadata"]["name"]
    pod = world.get("pods", "default", name)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    pod["status"] = {**pod["status"], "containerStatuses": [{"name": "kserve-container", "state": waiting}]}
    seen = world.see(backend, ISVC, prepared)
    assert seen.canary is not None and seen.canary.trouble == f"{name}: CrashLoopBackOff"


def test_a_model_that_failed_to_load_is_trouble(world: World) -> None:
    prepared = begun(world)
    target = world.target(ISVC)
    failed = {"states": {"activeModelState": "FailedToLoad"}, "lastFailureInfo": {"message": "no such file"}}
    told = {**target["status"]["canaryStatuses"][0], "modelStatus": failed}
    target = {**target, "status": {**target["status"], "canaryStatuses": [told]}}
    canary = backend.see(target, prepared.handle, world.reading()).canary
    assert canary is not None
    assert (canary.model_ready, canary.trouble) == (False, "FailedToLoad: no such file")
