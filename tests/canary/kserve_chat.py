"""`isvc/chat` in Knative mode on the embedded cluster, and what a test asks of it."""

from typing import Any

from k8sai.canary.backend import Begin, Goal, Shift
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Json, Prepared, Wish
from tests.canary.knatives import ISVC, SERVING, TO_MODEL, isvc
from tests.canary.world import World

CHAT, TO_V2 = ISVC, TO_MODEL
V1, V2, V3 = (f"chat-predictor-0000{number}" for number in (1, 2, 3))
PERCENT = "/spec/predictor/canaryTrafficPercent"
backend = KServeKnative()


def chat() -> World:
    """`isvc/chat`: its first version has two pods and all requests."""
    made = World()
    made.node("n1", gpus=8)
    made.has(isvc())
    made.run()
    return made


def begun(world: World, wish: Wish = TO_V2, weight: int = 0) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, weight), prepared)
    world.run(10)
    return prepared


def at(world: World, *weights: int) -> Prepared:
    """A rollout whose canary is ready, at the last of these weights."""
    prepared = begun(world)
    for weight in weights:
        world.reach(backend, CHAT, Shift(weight), prepared)
    return prepared


def next_of(world: World, goal: Goal, prepared: Prepared) -> Any:
    return world.step(backend, CHAT, goal, prepared)


def component(world: World) -> Json:
    found: Json = world.target(CHAT)["status"]["components"]["predictor"]
    return found


def percent(world: World) -> int | None:
    found: int | None = world.target(CHAT)["spec"]["predictor"].get("canaryTrafficPercent")
    return found


def routed(world: World) -> dict[str, int]:
    """Percent by revision, without those that get nothing."""
    found: dict[str, int] = {}
    for one in component(world)["traffic"]:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return {name: share for name, share in found.items() if share}


def gpus(world: World) -> dict[str, int]:
    """GPUs by revision, of pods that are there."""
    found: dict[str, int] = {}
    for one in world.all("pods"):
        name = one["metadata"]["labels"][f"{SERVING}/revision"]
        found[name] = found.get(name, 0) + 1
    return found


def status_is(world: World, **values: Any) -> None:
    """KServe's status of the predictor, written over; the controllers do not look before the next event."""
    target = world.target(CHAT)
    status = target["status"]
    new = {**status, "components": {"predictor": {**status["components"]["predictor"], **values}}}
    resource = world._resource(CHAT.kind)
    assert resource
    world.store.update(resource, {**target, "status": new}, "status")


def pinned(world: World, **more: Any) -> None:
    """Somebody has rolled a version back by hand."""
    model = {"op": "replace", "path": "/spec/predictor/model/storageUri", "value": "hf://org/bad"}
    world.edit(CHAT.kind, "chat", model, {"op": "add", "path": PERCENT, "value": 0})
    world.run(10)
