"""A rollout of each backend on the embedded cluster, for tests that hold for all of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from k8sai.canary.backend import Backend
from k8sai.canary.backends.all import BACKENDS
from k8sai.canary.backends.httproute import HttpRoute
from k8sai.canary.backends.rollout import Rollouts
from k8sai.canary.facts import Json, Ref, Wish
from tests.canary.operators import Site
from tests.canary.rollouts import CHAT, TO_V2, behind, rollout
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

    def site(self) -> Site:
        world = World()
        for number in range(4):
            world.node(f"n{number}")
        world.has(*self.objects())
        uid = world.target(self.ref)["metadata"]["uid"]
        return Site(world, self.backend, replace(self.ref, uid=uid), self.wish, self.steps)


def service(name: str) -> Json:
    spec = {"selector": {"app": name}, "ports": [{"port": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(name: str, replicas: int = 2) -> Json:
    container = {"name": "main", "image": f"registry/{name}:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def behind_a_route() -> list[Json]:
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway"}}
    refs = [{"name": "chat-v1", "port": 8000}, {"name": "chat-v2", "port": 8000, "weight": 0}]
    rules = [{"name": "main", "backendRefs": refs}]
    route = {"apiVersion": gateway["apiVersion"], "kind": "HTTPRoute", "metadata": {"name": "chat"}}
    return [
        {**gateway, "spec": {"gatewayClassName": "sim", "listeners": []}},
        *(made for name in ("chat-v1", "chat-v2") for made in (service(name), deployment(name))),
        {**route, "spec": {"parentRefs": [{"name": "gateway"}], "rules": rules}},
    ]


def _ref(kind: str, word: str) -> Ref:
    return Ref(kind, "default", "chat", word=word)


HTTPROUTE = Case(
    HttpRoute(), _ref("httproutes.gateway.networking.k8s.io", "httproute"), Wish(to="svc/chat-v2"), behind_a_route
)
ROLLOUT = Case(Rollouts(), CHAT, TO_V2, lambda: [rollout()], ())
ROUTED_ROLLOUT = Case(Rollouts(), CHAT, TO_V2, lambda: [*behind(), rollout(routed=True)], (), "rollout, routed")
CASES = (HTTPROUTE, ROLLOUT, ROUTED_ROLLOUT)
MISSING = {one.name for one in BACKENDS if not one.read_only} - {str(one) for one in CASES}
