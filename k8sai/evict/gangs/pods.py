"""What a pod says of itself: whether it has ended, what it holds, who owns it, and the marks a workload put on it."""

from collections.abc import Iterator
from typing import Final

from k8sai.evict.facts import Json
from k8sai.fleet.resources import classify

CONTRACT: Final = "k8sai.dev/checkpoint"
OVERRIDE: Final = "k8sai.dev/gang"
_MIRROR: Final = "kubernetes.io/config.mirror"


def uid(obj: Json) -> str:
    """The uid of an object, "" where it was not read."""
    return str(obj["metadata"].get("uid") or "")


def notes(obj: Json) -> dict[str, str]:
    """Its annotations."""
    return obj["metadata"].get("annotations") or {}


def labels(obj: Json) -> dict[str, str]:
    """Its labels."""
    return obj["metadata"].get("labels") or {}


def controller(obj: Json) -> Json | None:
    """The ownerReference of what controls it."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller")), None)


def ended(pod: Json) -> bool:
    """It runs no more: nothing is lost with it."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def mirror(pod: Json) -> bool:
    """The shadow of a static pod, which only its kubelet can end."""
    return _MIRROR in notes(pod)


def has_gpu(pod: Json) -> bool:
    """It asks for a device: a resource that is one, or any claim of dynamic resource allocation."""
    return bool((pod.get("spec") or {}).get("resourceClaims")) or any(map(_is_gpu, _asked(pod)))


def has_contract(*objects: Json) -> bool:
    """One of them says how it is asked for a checkpoint."""
    return any(CONTRACT in notes(one) for one in objects)


def env(pod: Json, name: str) -> str | None:
    """The plain value of a variable in the first container that has it; "" where it is taken from elsewhere."""
    for container in (pod.get("spec") or {}).get("containers") or ():
        for one in container.get("env") or ():
            if one.get("name") == name:
                return str(one.get("value") or "")
    return None


def _asked(pod: Json) -> Iterator[str]:
    spec = pod.get("spec") or {}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        resources = container.get("resources") or {}
        yield from resources.get("requests") or ()
        yield from resources.get("limits") or ()


def _is_gpu(name: str) -> bool:
    rule = classify(name)
    return rule is not None and rule.kind != "monitor"
