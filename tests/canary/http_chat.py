"""`httproute/chat` on the embedded cluster, of one rule or several, and what a test asks of it."""

import pytest

from k8sai.canary.backend import Goal, Step, Write
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.facts import Json, Prepared, Wish
from k8sai.errors import K8saiError
from tests.canary.routes import ROUTE, route, to, two_versions
from tests.canary.world import World

TO_V2 = Wish(to="svc/chat-v2")
backend = HttpRoute()


def reach(world: World, goal: Goal, prepared: Prepared) -> list[Write]:
    return world.reach(backend, ROUTE, goal, prepared)


def written(step: Step) -> Write:
    assert isinstance(step, Write)
    return step


def rule(name: str = "", *refs: Json, path: str = "/") -> Json:
    named = {"name": name} if name else {}
    matches = [{"path": {"type": "PathPrefix", "value": path}}]
    return {**named, "matches": matches, "backendRefs": [*(refs or (to("chat-v1"),))]}


def world_of(*rules: Json) -> World:
    world = two_versions()
    world.has(route(*rules))
    return world


def refused(world: World, wish: Wish = TO_V2) -> tuple[type[K8saiError], str, str]:
    with pytest.raises(K8saiError) as told:
        world.prepare(backend, ROUTE, wish)
    return type(told.value), told.value.message, told.value.hint
