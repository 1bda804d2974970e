"""KServe in Standard mode: the replicas each version keeps, although KServe takes the canary's from the old one's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backend import Rollback
from k8sai.canary.backends.kserve_standard.spec import enough, lowered, stable_min
from tests.canary.kserve import isvc, world_with
from tests.canary.standard_chat import ISVC, at, backend, begun, changes, pods, replicas
from tests.canary.world import World


@pytest.fixture
def world() -> World:
    return world_with(isvc(replicas=4))


def test_the_old_version_keeps_its_replicas_although_kserve_takes_the_canary_s_from_it(world: World) -> None:
    prepared = begun(world)
    assert replicas(world, "chat-predictor") == 3  # KServe's doing, at weight 0
    for percent in (1, 25, 50, 75):
        at(world, prepared, percent)
        world.run()
        assert replicas(world, "chat-predictor") == 4, percent
        assert pods(world, "chat-predictor") == 4, percent


def test_a_lonely_replica_needs_no_raise() -> None:
    world = world_with(isvc(replicas=1))
    prepared = begun(world)
    at(world, prepared, 50)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 1
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (1, 1)


def test_the_old_version_is_never_raised_above_its_own_most() -> None:
    world = world_with(isvc(replicas=2, maxReplicas=2))
    prepared = begun(world)
    at(world, prepared, 100)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 2


def autoscaled_world() -> World:
    """From one to eight, and three now."""
    world = world_with(isvc(replicas=1, scaler="hpa", maxReplicas=8))
    scaled(world, 3)
    return world


def scaled(world: World, replicas: int) -> None:
    """By its autoscaler."""
    world.edit("deployments.apps", "chat-predictor", {"op": "replace", "path": "/spec/replicas", "value": replicas})
    for _ in range(12):
        world.run()


def test_an_autoscaled_service_is_measured_by_what_it_has() -> None:
    world = autoscaled_world()
    prepared = begun(world)
    assert (prepared.handle["size"], prepared.handle["floor"], len(prepared.notes)) == (3, 1, 1)
    at(world, prepared, 100)
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (3, 3)
    world.reach(backend, ISVC, Rollback(), prepared)
    assert world.target(ISVC)["spec"]["predictor"]["minReplicas"] == 1


def test_what_an_autoscaler_has_taken_meanwhile_is_there_again_before_all_requests_are() -> None:
    world = autoscaled_world()
    prepared = begun(world)
    at(world, prepared, 75)
    scaled(world, 1)
    assert pods(world, "chat-predictor") == 1
    writes = world.reach(backend, ISVC, Rollback(), prepared)
    assert [one.weight for one in writes] == [67, 0, None]  # one of three can take a third
    assert ("add", "/spec/predictor/minReplicas") in changes(writes[0])
    assert pods(world, "chat-predictor") == 3


def test_an_autoscaler_without_room_is_none() -> None:
    """minReplicas alone is least and most, so KServe's subtraction would bite at once."""
    world = world_with(isvc(replicas=3, scaler="hpa"))
    prepared = begun(world)
    assert pods(world, "chat-predictor") == 2
    at(world, prepared, 50)
    world.run()
    assert (pods(world, "chat-predictor"), pods(world, "chat-v2-predictor")) == (3, 2)


@given(st.integers(1, 100), st.integers(1, 64))
def test_enough_replicas_carry_their_share(percent: int, size: int) -> None:
    need = enough(percent, size)
    assert 100 * need >= percent * size and (need == 1 or 100 * (need - 1) < percent * size)


@given(st.integers(1, 32), st.integers(1, 32), st.integers(0, 32))
def test_the_raised_minimum_is_what_kserve_lowers_to_what_is_held(base: int, canary: int, less: int) -> None:
    hold = max(1, base - less)
    raised = stable_min(base, canary, hold, 0)
    assert lowered(raised, canary) >= hold
    assert raised >= canary  # KServe refuses a canary that is larger
