"""Whatever persons, plugin and controller have done to a Rollout: a rollback ends at home, asked once or twice."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8sai.canary.backend import Begin, Rollback, Write
from k8sai.canary.facts import Json, Ref
from k8sai.errors import Drift
from k8sai.sim import patches
from tests.canary.rollouts import CHAT, STEPS, TO_V2, V3, backend, made, step
from tests.canary.world import World

IMAGE = "/spec/template/spec/containers/0/image"
OTHER_STEPS: list[Json] = [{"setWeight": 50}, {"pause": {}}]

# What the plugin, kubectl and GitOps send: where, and the JSON patch.
DEEDS: dict[str, tuple[str, Json]] = {
    "promote": ("status", {"op": "remove", "path": "/status/pauseConditions"}),
    "skip": ("status", {"op": "replace", "path": "/status/currentStepIndex", "value": 3}),
    "promote --full": ("status", {"op": "add", "path": "/status/promoteFull", "value": True}),
    "abort": ("status", {"op": "add", "path": "/status/abort", "value": True}),
    "retry": ("status", {"op": "add", "path": "/status/abort", "value": False}),
    "pause": ("", {"op": "add", "path": "/spec/paused", "value": True}),
    "unpause": ("", {"op": "add", "path": "/spec/paused", "value": False}),
    "third version": ("", {"op": "replace", "path": IMAGE, "value": V3}),
    "steps": ("", {"op": "replace", "path": "/spec/strategy/canary/steps", "value": OTHER_STEPS}),
    "steps again": ("", {"op": "replace", "path": "/spec/strategy/canary/steps", "value": STEPS}),
    "scale": ("", {"op": "replace", "path": "/spec/replicas", "value": 5}),
}
MOMENTS = st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from([0.0, 0.0, 1.0, 4.0, 40.0])), max_size=6)


def do(world: World, deed: str) -> None:
    """Nothing where it cannot be done now."""
    where, operation = DEEDS[deed]
    with suppress(Drift):
        world._patched(Ref(CHAT.kind, "default", "chat"), [operation], where, patches.JSON_PATCH)


@pytest.mark.parametrize("canary", [{}, {"routed": True}, {"routed": True, "canary": {"dynamicStableScale": True}}])
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(moments=MOMENTS, wait=st.sampled_from([0.0, 1.0, 10.0]))
def test_the_way_back_is_open_from_everywhere(canary: dict[str, Any], moments: list[Any], wait: float) -> None:
    world = made(**canary)
    prepared = world.prepare(backend, CHAT, TO_V2)
    begin = step(world, Begin(TO_V2, 25), prepared)
    assert isinstance(begin, Write)
    world.carry(begin)
    world.run(wait)
    for deed, seconds in moments:
        do(world, deed)
        if seconds:
            world.run(seconds)
    world.reach(backend, CHAT, Rollback(), prepared)
    world.run(60)
    assert world.reach(backend, CHAT, Rollback(), prepared) == []
    live = world.target(CHAT)
    assert live["spec"]["template"] == prepared.before["template"]
    assert live["status"]["stableRS"] == live["status"]["currentPodHash"] == prepared.handle["stable"]
    seen = world.see(backend, CHAT, prepared)
    assert (seen.route, seen.canary, seen.stable.ready) == (0, None, live["spec"]["replicas"])
    assert not {"abort", "promoteFull", "pauseConditions"} & live["status"].keys()
