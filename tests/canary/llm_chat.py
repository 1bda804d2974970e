"""`llmisvc/chat` on the embedded cluster, and what a test asks of it and of the other member of its group."""

from typing import Any

from k8sai.canary.backend import Begin, Write
from k8sai.canary.backends.llmisvc.backend import LlmIsvcGroup
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from tests.canary.world import World

KIND = "llminferenceservices.serving.kserve.io"
CHAT = Ref(KIND, "default", "chat", word="llmisvc")
STOP = "serving.kserve.io/stop"
V2 = Wish(model_uri="hf://org/chat-v2")
TO = Wish(to="llmisvc/new")
backend = LlmIsvcGroup()


def begun(world: World, wish: Wish = V2) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, prepared.start), prepared)
    world.run()
    world.run()
    return prepared


def named(world: World, name: str) -> Json:
    return world.get(KIND, "default", name)


def weight(world: World, name: str) -> int | None:
    found: int | None = named(world, name)["spec"]["router"]["route"].get("weight")
    return found


def stopped(world: World, name: str) -> bool:
    return (named(world, name)["metadata"].get("annotations") or {}).get(STOP) == "true"


def pods(world: World, name: str) -> int:
    found = world.list("pods", labels=f"app.kubernetes.io/name={name}")
    return sum(1 for one in found if one["status"].get("phase") == "Running" and not _leaves(one))


def _leaves(pod: Json) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def shared(world: World, name: str) -> list[tuple[str, int]]:
    route = world.get("httproutes.gateway.networking.k8s.io", "default", f"{name}-kserve-route")
    rule = next(one for one in route["spec"]["rules"] if one["name"] == "v1-model-routing")
    return [(one["name"], one["weight"]) for one in rule["backendRefs"]]


def told(writes: list[Write]) -> list[tuple[str, str, list[tuple[str, Any]]]]:
    """(object, operation, what it sets) of each write; tests left out."""
    found: list[tuple[str, str, list[tuple[str, Any]]]] = []
    for one in writes:
        body = one.body if isinstance(one.body, list) else []
        found.append((one.on.name, one.op, [(op["path"], op.get("value")) for op in body if op["op"] != "test"]))
    return found
