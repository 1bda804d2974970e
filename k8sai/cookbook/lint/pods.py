"""The pods in an object of any kind, and what they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8sai.cookbook.lint.finding import Json, items, mapping
from k8sai.manifests import Manifest
from k8sai.pod_specs import pod_specs

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
    for found in pod_specs(manifest.object):
        yield Pod(*found)


def amounts(container: Json) -> dict[str, Any]:
    """What a container asks of GPUs, from limits and requests together."""
    resources = mapping(container.get("resources"))
    asked = {**mapping(resources.get("requests")), **mapping(resources.get("limits"))}
    return {name: value for name, value in asked.items() if is_gpu(name)}


def is_gpu(resource: str) -> bool:
    """Whether an extended resource counts devices that compute."""
    return "/" in resource and any(word in resource for word in _GPU_WORDS) and not resource.endswith(_NOT_WHOLE)
