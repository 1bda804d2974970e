"""From wherever a rollout over Knative broke off, it goes back, and the canary gets no more requests on the way."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Backend, Begin, Goal, Promote, Restore, Retire, Rollback, Shift, Write
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.errors import Drift
from tests.canary.knatives import ISVC, KSVC, TO_IMAGE, TO_MODEL, isvc, ksvc
from tests.canary.world import World

_UP: list[Goal] = [*map(Shift, (1, 25, 50, 100)), Promote(), Retire()]
_BACK: list[Goal] = [*map(Rollback, (0, 10)), Rollback(all_at_once=True)]
_SOME = st.tuples(st.sampled_from([*_UP, *_BACK]), st.integers(0, 4), st.sampled_from([0.0, 1.0, 5.0]))
KINDS = pytest.mark.parametrize(
    ("backend", "ref", "wish", "obj"),
    [(KServeKnative(), ISVC, TO_MODEL, isvc()), (Knative(), KSVC, TO_IMAGE, ksvc())],
    ids=["kserve", "knative"],
)


def shares(world: World, ref: Ref) -> dict[str, int]:
    status = world.target(ref)["status"]
    targets = status["traffic"] if "traffic" in status else status["components"]["predictor"]["traffic"]
    found: dict[str, int] = {}
    for one in targets:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return {name: percent for name, percent in found.items() if percent}


def broken_off(
    world: World, backend: Backend, ref: Ref, goal: Goal, prepared: Prepared, steps: int, wait: float
) -> None:
    """So many steps of the way to a goal; time passes between them. Requests of the canary rise only on the way up."""
    for _ in range(steps):
        before = shares(world, ref)
        try:
            step = world.step(backend, ref, goal, prepared)
        except Drift:
            return  # the way up from a half-way state that another goal has left
        if isinstance(step, Write):
            world.carry(step)
            world.settle()
        world.run(wait)
        after, stable = shares(world, ref), prepared.handle["stable"]
        assert sum(after.values()) == 100
        assert len(after) <= 2
        if isinstance(goal, Rollback):
            assert after.get(stable, 0) >= before.get(stable, 0), (goal, step)


@KINDS
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_back_from_anywhere(backend: Backend, ref: Ref, wish: Wish, obj: Json, data: Any) -> None:
    world = World()
    world.node("n1", gpus=8)
    world.has(obj)
    world.run()
    prepared = world.prepare(backend, ref, wish)
    stable = prepared.handle["stable"]
    begun, wait = data.draw(st.integers(0, 3)), data.draw(st.sampled_from([0.0, 10.0]))
    broken_off(world, backend, ref, Begin(wish, 0), prepared, begun, wait)
    for goal, steps, pause in data.draw(st.lists(_SOME, max_size=5)):
        broken_off(world, backend, ref, goal, prepared, steps, pause)
    world.reach(backend, ref, Rollback(), prepared)
    world.run(10)
    assert shares(world, ref) == {stable: 100}
    assert world.reach(backend, ref, Rollback(), prepared) == []
    assert world.target(ref)["spec"]["predictor" if ref is ISVC else "template"]


@KINDS
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_restored_from_anywhere(backend: Backend, ref: Ref, wish: Wish, obj: Json, data: Any) -> None:
    """The canary gets nothing while the old text comes back, wherever that breaks off."""
    world = World()
    world.node("n1", gpus=8)
    world.has(obj)
    world.run()
    before = world.target(ref)["spec"]
    prepared = world.prepare(backend, ref, wish)
    world.reach(backend, ref, Begin(wish, 0), prepared)
    world.run(data.draw(st.sampled_from([0.0, 10.0])))
    world.reach(backend, ref, Rollback(), prepared)
    canary = world.see(backend, ref, prepared).canary
    for _ in range(8):
        broken_off(world, backend, ref, Restore(), prepared, 1, data.draw(st.sampled_from([0.0, 0.5, 5.0])))
        assert canary and canary.name not in shares(world, ref)
    world.reach(backend, ref, Restore(), prepared)
    now = world.target(ref)["spec"]
    key = "predictor" if ref is ISVC else "template"
    assert now[key] == before[key]
    assert canary and len(shares(world, ref)) == 1 and canary.name not in shares(world, ref)
