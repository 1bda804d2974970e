"""`isvc/chat` in Standard mode on the embedded cluster, and what a test asks of it."""

from typing import Any

from k8sai.canary.backend import Begin, Shift, Write
from k8sai.canary.backends.kserve_standard.backend import KServeStandard
from k8sai.canary.facts import Prepared, Ref, Wish
from tests.canary.world import World

KIND = "inferenceservices.serving.kserve.io"
ISVC = Ref(KIND, "default", "chat", word="isvc")
V2 = Wish(model_uri="hf://org/chat-v2")
backend = KServeStandard()


def begun(world: World, wish: Wish = V2) -> Prepared:
    prepared = world.prepare(backend, ISVC, wish)
    world.reach(backend, ISVC, Begin(wish, prepared.start), prepared)
    world.run()
    world.run()
    return prepared


def at(world: World, prepared: Prepared, percent: int) -> Prepared:
    world.reach(backend, ISVC, Shift(percent), prepared)
    return prepared


def pods(world: World, deployment: str) -> int:
    return sum(
        1
        for one in world.list("pods", labels=f"app=isvc.{deployment}")
        if not one["metadata"].get("deletionTimestamp") and one["status"].get("phase") == "Running"
    )


def replicas(world: World, deployment: str) -> int:
    found: int = world.get("deployments.apps", "default", deployment)["spec"]["replicas"]
    return found


def weights(world: World) -> list[tuple[str, int | None]]:
    route = world.get("httproutes.gateway.networking.k8s.io", "default", "chat")
    return [(one["name"], one.get("weight")) for one in route["spec"]["rules"][0]["backendRefs"]]


def changes(write: Write) -> list[tuple[str, str]]:
    assert isinstance(write.body, list)
    return [(one["op"], one["path"]) for one in write.body if one["op"] != "test"]


def guarded_by(write: Write) -> dict[str, Any]:
    assert isinstance(write.body, list)
    return {one["path"]: one["value"] for one in write.body if one["op"] == "test"}
