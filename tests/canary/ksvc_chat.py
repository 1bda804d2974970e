"""`ksvc/chat` on the embedded cluster, and what a test asks of it."""

from typing import Any

from k8sai.canary.backend import Begin, Goal, Shift
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.facts import Json, Prepared, Wish
from tests.canary.knatives import KSVC, SERVING, TO_IMAGE
from tests.canary.world import World

CHAT, TO_V2 = KSVC, TO_IMAGE
V1, V2, V3 = (f"chat-0000{number}" for number in (1, 2, 3))
backend = Knative()


def there(*objects: Json) -> World:
    made = World()
    made.node("n1", gpus=8)
    made.has(*objects)
    made.run()
    return made


def begun(world: World, wish: Wish = TO_V2, weight: int = 0) -> Prepared:
    prepared = world.prepare(backend, CHAT, wish)
    world.reach(backend, CHAT, Begin(wish, weight), prepared)
    world.run(10)
    return prepared


def at(world: World, *weights: int) -> Prepared:
    prepared = begun(world)
    for weight in weights:
        world.reach(backend, CHAT, Shift(weight), prepared)
    return prepared


def next_of(world: World, goal: Goal, prepared: Prepared) -> Any:
    return world.step(backend, CHAT, goal, prepared)


def routed(world: World) -> dict[str, int]:
    """Percent by revision, with those that get nothing."""
    found: dict[str, int] = {}
    for one in world.target(CHAT)["status"]["traffic"]:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return found


def pods(world: World) -> dict[str, int]:
    """By revision."""
    found: dict[str, int] = {}
    for one in world.all("pods"):
        name = one["metadata"]["labels"][f"{SERVING}/revision"]
        found[name] = found.get(name, 0) + 1
    return found


def spec(world: World) -> Json:
    found: Json = world.target(CHAT)["spec"]
    return found


STABLE: Json = {"revisionName": V1, "latestRevision": False, "tag": "stable"}
CANARY: Json = {"latestRevision": True, "tag": "canary"}
