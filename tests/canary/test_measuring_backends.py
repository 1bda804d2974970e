"""What every backend says of its two sides finds their requests, split as the embedded cluster's routes split them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest

from k8sai.canary.backend import Backend, Begin, Shift
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.backends.kserve_standard.backend import KServeStandard
from k8sai.canary.backends.llmisvc.backend import LlmIsvcGroup
from k8sai.canary.backends.modelrewrite.backend import ModelRewrite
from k8sai.canary.backends.rollout.backend import Rollouts
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.backends.routes.virtualservice import VirtualService
from k8sai.canary.facts import Prepared, Ref, Side, Wish
from k8sai.canary.measuring.find import sampler
from k8sai.canary.measuring.sampler import Sample
from k8sai.canary.pods import pods_of
from k8sai.canary.split import honoured
from k8sai.canary.state import Settings
from k8sai.cluster.connection import Connection
from tests.canary import in_process, knatives, kserve, rollouts, routes, test_modelrewrite, test_virtualservice
from tests.canary.world import World
from tests.sim.chatting import script

PROMETHEUS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "prometheus", "labels": {"app.kubernetes.io/name": "prometheus"}},
    "spec": {"ports": [{"name": "web", "port": 9090}]},
}
TO_MODEL = Wish(model_uri="hf://org/chat-v2")


@dataclass(frozen=True)
class Case:
    """A target, what is asked of it, and the pods of the new version: a word that is found in them."""

    backend: Backend
    ref: Ref
    wish: Wish
    made: Callable[[], World]
    new: str
    percent: int = 25


def _world(*objects: dict[str, object], gpus: int = 32) -> World:
    world = World()
    world.node("n1", gpus=gpus)
    world.has(kserve.NAMESPACE, kserve.GATEWAY)
    world.has(*objects)
    world.run()
    return world


def _routed() -> World:
    world = routes.two_versions(replicas=2)
    world.has(routes.route({"backendRefs": [routes.to("chat-v1"), routes.to("chat-v2", weight=0)]}))
    return world


def _rollout() -> World:
    return _world(*rollouts.behind(), rollouts.rollout(routed=True))


def _ref(kind: str, word: str) -> Ref:
    return Ref(kind, "default", "chat", word=word)


ISVC, LLMISVC = "inferenceservices.serving.kserve.io", "llminferenceservices.serving.kserve.io"
CASES = [
    Case(HttpRoute(), routes.ROUTE, Wish(to="svc/chat-v2"), _routed, "chat-v2"),
    Case(
        VirtualService(),
        test_virtualservice.REF,
        Wish(to="subset/v2"),
        lambda: test_virtualservice.world_of(test_virtualservice.rule("main")),
        '"version": "v2"',
    ),
    Case(KServeStandard(), _ref(ISVC, "isvc"), TO_MODEL, lambda: _world(kserve.isvc(replicas=3)), "chat-v2"),
    Case(LlmIsvcGroup(), _ref(LLMISVC, "llmisvc"), TO_MODEL, lambda: _world(kserve.llmisvc(replicas=2)), "chat-v2"),
    Case(KServeKnative(), knatives.ISVC, knatives.TO_MODEL, lambda: _world(knatives.isvc()), "chat-v2"),
    Case(Knative(), knatives.KSVC, knatives.TO_IMAGE, lambda: _world(knatives.ksvc()), "chat:2"),
    Case(Rollouts(), rollouts.CHAT, rollouts.TO_V2, _rollout, "vllm:2"),
    Case(
        ModelRewrite(),
        test_modelrewrite.REF,
        test_modelrewrite.TO_B,
        lambda: test_modelrewrite.world_of(test_modelrewrite.rule("chat")),
        "^chat-b ",
    ),
]  # fmt: skip


def _at(world: World, case: Case) -> Prepared:
    prepared = world.prepare(case.backend, case.ref, case.wish)
    world.reach(case.backend, case.ref, Begin(case.wish, prepared.start), prepared)
    for _ in range(5):
        world.run(10)
    world.reach(case.backend, case.ref, Shift(case.percent), prepared)
    world.run(10)
    return prepared


def _script(world: World, case: Case) -> None:
    to = f"{case.ref.word.replace('vs', 'virtualservice')}/chat"
    config = script(to, 40, {"when": case.new, "errors": "5%"}, {"errors": 0})
    world.has({"apiVersion": "v1", "kind": "ConfigMap", **config}, PROMETHEUS)


def _sampled(world: World, stable: Side, canary: Side, end: float) -> Sample:
    read = world.reading()
    names = [found.names if (found := pods_of(side, "default", read)) else () for side in (stable, canary)]
    connection = cast(Connection, in_process.Connection(world))
    asks = sampler(connection, Settings(), "default")
    return asks.window(stable, canary, names[0], names[1], end - 100, end)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.backend.name)
def test_requests_of_both_sides_are_found_and_split_as_asked(case: Case) -> None:
    world = case.made()
    prepared = _at(world, case)
    _script(world, case)
    world.run(200)
    seen = world.see(case.backend, case.ref, prepared)
    assert seen.canary is not None
    found = _sampled(world, seen.stable, seen.canary, world.clock.now())
    assert found.no_data == ""
    assert found.canary_all == pytest.approx(1000, abs=10)
    assert found.stable_all == pytest.approx(3000, abs=10)
    assert honoured(case.percent, found.canary_all, found.stable_all).honoured
    (window,) = found.windows.values()
    assert window.canary_bad == pytest.approx(50, abs=3)
    assert window.stable_bad == 0
