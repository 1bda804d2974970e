"""InferenceServices in Knative mode and Knative Services as people write them, and their rollouts on a world."""

from dataclasses import dataclass
from typing import Any, Final

from k8sai.canary.backend import Backend, Begin, Goal, Shift
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from tests.canary.world import World

SERVING: Final = "serving.knative.dev"
ISVC: Final = Ref("inferenceservices.serving.kserve.io", "default", "chat", word="isvc")
KSVC: Final = Ref(f"services.{SERVING}", "default", "chat", word="ksvc")
TO_MODEL: Final = Wish(model_uri="hf://org/chat-v2")
TO_IMAGE: Final = Wish(image="registry/chat:2")
MODE: Final = {"serving.kserve.io/deploymentMode": "Knative"}


def isvc(*, annotations: Json | None = None, **predictor: Any) -> Json:
    model = {
        "modelFormat": {"name": "huggingface"},
        "storageUri": "hf://org/chat-v1",
        "args": ["--max-model-len=8192"],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "chat", "annotations": {**MODE, **(annotations or {})}},
        "spec": {"predictor": {"minReplicas": 2, "model": model, **predictor}},
    }


def ksvc(*traffic: Json, name: str = "", least: int = 2, **metadata: Any) -> Json:
    container = {"image": "registry/chat:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    scale = {"autoscaling.knative.dev/min-scale": str(least)}
    meta = {"annotations": scale, **({"name": name} if name else {})}
    spec: Json = {"template": {"metadata": meta, "spec": {"containers": [container]}}}
    if traffic:
        spec["traffic"] = [*traffic]
    return {"apiVersion": f"{SERVING}/v1", "kind": "Service", "metadata": {"name": "chat", **metadata}, "spec": spec}


# --- on a world -------------------------------------------------------------------------------------------------------


def there(*objects: Json) -> World:
    """They have their pods, and all requests."""
    made = World()
    made.node("n1", gpus=8)
    made.has(*objects)
    made.run()
    return made


def pods_by_revision(world: World) -> dict[str, int]:
    """Of pods that are there, each with a GPU."""
    found: dict[str, int] = {}
    for one in world.all("pods"):
        name = one["metadata"]["labels"][f"{SERVING}/revision"]
        found[name] = found.get(name, 0) + 1
    return found


def by_revision(traffic: list[Json]) -> dict[str, int]:
    """Percent, with those that get nothing."""
    found: dict[str, int] = {}
    for one in traffic:
        found[one["revisionName"]] = found.get(one["revisionName"], 0) + one["percent"]
    return found


@dataclass(frozen=True)
class Rolled:
    """How a target is rolled out, and to what."""

    backend: Backend
    ref: Ref
    to: Wish

    def begun(self, world: World, wish: Wish | None = None, weight: int = 0) -> Prepared:
        """Its canary is ready."""
        asked = wish or self.to
        prepared = world.prepare(self.backend, self.ref, asked)
        world.reach(self.backend, self.ref, Begin(asked, weight), prepared)
        world.run(10)
        return prepared

    def at(self, world: World, *weights: int) -> Prepared:
        """A rollout whose canary is ready, at the last of these weights."""
        prepared = self.begun(world)
        for weight in weights:
            world.reach(self.backend, self.ref, Shift(weight), prepared)
        return prepared

    def next_of(self, world: World, goal: Goal, prepared: Prepared) -> Any:
        return world.step(self.backend, self.ref, goal, prepared)
