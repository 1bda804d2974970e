"""The pods in an object of any kind: every mapping with a list of containers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8sai.cookbook.lint.finding import Json, items, mapping
from k8sai.manifests import Manifest

_GPU_WORDS = ("gpu", "mig-", "habana.ai/gaudi", "google.com/tpu", "aws.amazon.com/neuron")
_NOT_WHOLE = ("gpumem", "gpucores", "gpu-memory", "vgpu")  # amounts of a card, not cards


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod spec inside an object; `where` is its path, `meta` the template's metadata, `job` the spec around it."""

    where: str
    spec: Json
    meta: Json
    around: Json

    def containers(self) -> Iterator[tuple[str, Json]]:
        """All containers with their paths, init containers first."""
        for key in ("initContainers", "containers"):
            for index, container in enumerate(items(self.spec.get(key))):
                yield f"{self.where}.{key}[{index}]", container

    @property
    def gpus(self) -> bool:
        """Whether any container asks for a GPU as a resource."""
        return any(amounts(container) for _, container in self.containers())

    @property
    def claims(self) -> bool:
        """Whether it asks for devices by claims."""
        return bool(self.spec.get("resourceClaims"))


def pods(manifest: Manifest) -> Iterator[Pod]:
    """The pod specs of an object, outermost first."""
    if manifest.kind == "Pod":
        yield Pod("spec", mapping(manifest.object.get("spec")), mapping(manifest.object.get("metadata")), {})
        return
    yield from _inside(manifest.object, "", {}, {})


def amounts(container: Json) -> dict[str, Any]:
    """What a container asks of GPUs, from limits and requests together."""
    resources = mapping(container.get("resources"))
    asked = {**mapping(resources.get("requests")), **mapping(resources.get("limits"))}
    return {name: value for name, value in asked.items() if is_gpu(name)}


def is_gpu(resource: str) -> bool:
    """Whether an extended resource counts devices that compute."""
    return "/" in resource and any(word in resource for word in _GPU_WORDS) and not resource.endswith(_NOT_WHOLE)


def _inside(tree: Any, where: str, meta: Json, around: Json) -> Iterator[Pod]:
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _inside(item, f"{where}[{index}]", {}, around)
    if not isinstance(tree, dict):
        return
    if items(tree.get("containers")):
        yield Pod(where, tree, meta, around)
        return
    own = mapping(tree.get("metadata"))
    for key, value in tree.items():
        path = f"{where}.{key}" if where else str(key)
        yield from _inside(value, path, own if key == "spec" else {}, tree if key == "template" else around)
