"""Rollouts for tests: `rollout("chat")` by pods, `rollout("chat", routed=True)` behind an Ingress with Services."""

from typing import Any

from k8sai.canary.backend import Begin, Goal, Shift, Step
from k8sai.canary.backends.rollout.backend import Rollouts
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.sim import kinds
from tests.canary.world import World

backend = Rollouts()
CHAT = Ref("rollouts.argoproj.io", "default", "chat", word="rollout")
V1, V2, V3 = "registry/vllm:1", "registry/vllm:2", "registry/vllm:3"
TO_V2 = Wish(image=V2)
IMAGE = "/spec/template/spec/containers/0/image"
ABORT = "abort: requests go back to the stable version"
BACK = "the old template: nothing is left to try again"
STEPS: list[Json] = [
    *({"setWeight": 25}, {"pause": {}}),
    *({"setWeight": 50}, {"pause": {"duration": "1s"}}),
    *({"setWeight": 75}, {"pause": {}}),
]


def rollout(
    name: str = "chat",
    *,
    replicas: int = 4,
    steps: list[Json] | None = None,
    routed: bool = False,
    pod: Json | None = None,
    canary: Json | None = None,
    **spec: Any,
) -> Json:
    """`pod` goes into the pod's spec, `canary` into the strategy, the rest into the Rollout's."""
    route: Json = {"canaryService": f"{name}-canary", "stableService": f"{name}-stable"}
    route["trafficRouting"] = {"nginx": {"stableIngress": name}}
    strategy = {"steps": STEPS if steps is None else steps, **(route if routed else {}), **(canary or {})}
    limits = {"nvidia.com/gpu": 1}
    container = {"name": "main", "image": V1, "args": ["--port=8000"], "resources": {"limits": limits}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **(pod or {})}}
    made = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    made |= {"strategy": {"canary": strategy}, **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": name}, "spec": made}


def behind(name: str = "chat") -> list[Json]:
    """The Services and the Ingress that a routed one names."""
    services = [_service(f"{name}-{side}", name) for side in ("stable", "canary")]
    to = {"service": {"name": f"{name}-stable", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": to}]}
    spec = {"ingressClassName": "nginx", "rules": [{"host": f"{name}.example", "http": paths}]}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec}
    return [*services, ingress]


def _service(name: str, app: str) -> Json:
    spec = {"selector": {"app": app}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


# --- on a world ------------------------------------------------------------------------------------------------------


def made(*, routed: bool = False, **more: Any) -> World:
    world = World()
    for number in range(2):
        world.node(f"n{number}")
    world.has(*(behind() if routed else ()), rollout(routed=routed, **more))
    return world


def begun(world: World, at: int = 25) -> Prepared:
    prepared = world.prepare(backend, CHAT, TO_V2)
    world.reach(backend, CHAT, Begin(TO_V2, prepared.start), prepared)
    for weight in prepared.steps:
        if weight <= at:
            world.reach(backend, CHAT, Shift(weight), prepared)
    return prepared


def status(world: World) -> Json:
    found: Json = world.target(CHAT)["status"]
    return found


def step(world: World, goal: Goal, prepared: Prepared) -> Step:
    return world.step(backend, CHAT, goal, prepared)


def writes(world: World, goal: Goal, prepared: Prepared) -> list[str]:
    return [write.why for write in world.reach(backend, CHAT, goal, prepared)]


def edit(world: World, path: str, value: Any, op: str = "add") -> None:
    """Somebody else writes; the controller takes it over."""
    world.edit(CHAT.kind, "chat", {"op": op, "path": path, "value": value})
    world.run()


def say(world: World, **changes: Any) -> None:
    """The controller's status is another one, and the controller asleep."""
    target = world.target(CHAT)
    status = {key: value for key, value in {**target["status"], **changes}.items() if value is not None}
    world.store.update(kinds.find("argoproj.io", "rollouts"), {**target, "status": status}, "status")
