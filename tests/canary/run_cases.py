"""A rollout of each backend on the embedded cluster, for tests that hold for all of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from k8sai.canary.backend import Backend
from k8sai.canary.backends.all import by_name
from k8sai.canary.facts import Json, Ref, Wish
from tests.canary import knatives, kserve, rollouts, test_modelrewrite, test_virtualservice
from tests.canary.llm_chat import CHAT as LLM_CHAT
from tests.canary.operators import Site
from tests.canary.routes import ROUTE, deployment, gateway, made, pool, route, service, to
from tests.canary.world import World


@dataclass(frozen=True)
class Case:
    """`objects` are made on a world with four nodes of eight GPUs."""

    backend: Backend
    ref: Ref
    wish: Wish
    objects: Callable[[], list[Json]]
    steps: tuple[int, ...] = (5, 50)  # () where the target has its own
    title: str = ""

    def __str__(self) -> str:
        return self.title or self.backend.name

    def site(self, **script: float) -> Site:
        world = World()
        for number in range(4):
            world.node(f"n{number}")
        world.has(*self.objects())
        world.run(10)
        uid = world.target(self.ref)["metadata"]["uid"]
        return Site(world, self.backend, replace(self.ref, uid=uid), self.wish, self.steps, script=dict(script))


def behind_a_route(replicas: int = 2) -> list[Json]:
    """chat-v1 has the requests, chat-v2 is there already."""
    rule = {"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}
    names = ("chat-v1", "chat-v2")
    versions = [made for name in names for made in (service(name), deployment(name, replicas, 1))]
    return [gateway(), *versions, route(rule)]


def beside_a_route() -> list[Json]:
    """chat-v2 is there, too small and referred to by nobody."""
    rules: list[Json] = [{"name": "main", "backendRefs": [to("chat-v1")]}, {"backendRefs": [to("chat-v1")]}]
    versions = [service("chat-v1"), service("chat-v2"), deployment("chat-v1", 3, 1), deployment("chat-v2", 1, 1)]
    return [gateway(), *versions, route(*rules)]


def behind_a_virtual_service() -> list[Json]:
    listed = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]
    host = "chat.default.svc.cluster.local"
    istio = test_virtualservice.ISTIO
    return [
        service("chat"),
        test_virtualservice.version("v1", 2),
        test_virtualservice.version("v2", 2),
        made(istio, "DestinationRule", "chat", host=host, subsets=listed),
        made(istio, "VirtualService", "chat", hosts=["chat"], http=[test_virtualservice.rule("main")]),
    ]


def models_of_a_pool() -> list[Json]:
    return [pool("pool"), deployment("pool", 2), test_modelrewrite.rewrite(test_modelrewrite.rule("chat"))]


def with_kserve(target: Json) -> list[Json]:
    return [kserve.NAMESPACE, kserve.GATEWAY, target]


def case(name: str, ref: Ref, wish: Wish, objects: Callable[[], list[Json]], *steps: int, title: str = "") -> Case:
    return Case(by_name(name), ref, wish, objects, steps, title)


_V2 = Wish(model_uri="hf://org/chat-v2")
HTTPROUTE = case("httproute", ROUTE, Wish(to="svc/chat-v2"), behind_a_route, 5, 50)
CASES = (
    HTTPROUTE,
    case(
        *("httproute", ROUTE, Wish(to="svc/chat-v2", headers={"x-canary": "yes"}), beside_a_route, 5, 50),
        title="httproute, from nothing",
    ),
    case("virtualservice", test_virtualservice.REF, test_virtualservice.TO_V2, behind_a_virtual_service, 5, 50),
    case("modelrewrite", test_modelrewrite.REF, test_modelrewrite.TO_B, models_of_a_pool, 5, 50),
    case("knative", knatives.KSVC, knatives.TO_IMAGE, lambda: [knatives.ksvc()], 5, 50),
    case("kserve-knative", knatives.ISVC, knatives.TO_MODEL, lambda: [knatives.isvc()], 5, 50),
    case("kserve-standard", knatives.ISVC, _V2, lambda: with_kserve(kserve.isvc(replicas=2)), 5, 50),
    case("llmisvc-group", LLM_CHAT, _V2, lambda: with_kserve(kserve.llmisvc(replicas=2)), 5, 50),
    case("rollout", rollouts.CHAT, rollouts.TO_V2, lambda: [rollouts.rollout()]),
    case(
        "rollout",
        rollouts.CHAT,
        rollouts.TO_V2,
        lambda: [*rollouts.behind(), rollouts.rollout(routed=True)],
        title="rollout, routed",
    ),
)
