"""`isvc/chat` in Knative mode on the embedded cluster, and what a test asks of it."""

from typing import Any

from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Json
from tests.canary.knatives import ISVC, TO_MODEL, Rolled, by_revision, isvc, pods_by_revision, there
from tests.canary.world import World

CHAT, TO_V2 = ISVC, TO_MODEL
V1, V2, V3 = (f"chat-predictor-0000{number}" for number in (1, 2, 3))
PERCENT = "/spec/predictor/canaryTrafficPercent"
backend = KServeKnative()
gpus = pods_by_revision
_rolled = Rolled(backend, CHAT, TO_V2)
begun, at, next_of = _rolled.begun, _rolled.at, _rolled.next_of


def chat() -> World:
    """`isvc/chat`: its first version has two pods and all requests."""
    return there(isvc())


def component(world: World) -> Json:
    found: Json = world.target(CHAT)["status"]["components"]["predictor"]
    return found


def percent(world: World) -> int | None:
    found: int | None = world.target(CHAT)["spec"]["predictor"].get("canaryTrafficPercent")
    return found


def routed(world: World) -> dict[str, int]:
    """Percent by revision, without those that get nothing."""
    return {name: share for name, share in by_revision(component(world)["traffic"]).items() if share}


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
