"""What a recipe comes to: the objects it makes, the GPUs they ask for, and the rights it takes to apply them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from k8sai.cookbook.lint.finding import mapping
from k8sai.cookbook.lint.pods import Pod, amounts, pods
from k8sai.cookbook.render import Rendered
from k8sai.errors import K8saiError
from k8sai.manifests import Manifest
from k8sai.quantity import parse

_COUNTS = ("replicas", "parallelism", "numNodes", "numWorkers")
VERBS = ("get", "create", "patch")  # what a server-side apply takes


@dataclass(frozen=True, slots=True)
class Made:
    """An object, and the devices all its pods ask for when they run: resource to amount."""

    manifest: Manifest
    gpus: dict[str, Decimal]


def made(rendered: Rendered) -> list[Made]:
    """The objects of a rendered recipe."""
    return [Made(each, gpus(each)) for each in rendered.manifests]


def gpus(manifest: Manifest) -> dict[str, Decimal]:
    """Devices by resource, over all pods that an object starts at once."""
    whole: dict[str, Decimal] = {}
    for pod in pods(manifest):
        for _, container in pod.containers():
            for resource, value in amounts(container).items():
                amount = _amount(value) * _pods(manifest, pod)
                whole[resource] = whole.get(resource, Decimal(0)) + amount
    return whole


def total(each: Iterable[Made]) -> dict[str, Decimal]:
    """Devices by resource, of several objects."""
    whole: dict[str, Decimal] = {}
    for one in each:
        for resource, amount in one.gpus.items():
            whole[resource] = whole.get(resource, Decimal(0)) + amount
    return whole


def rights(manifests: Sequence[Manifest]) -> list[tuple[str, str]]:
    """API group and plural of everything that is applied, each once, in order.

    Plurals are guessed from kinds, nearly as Kubernetes' own `UnsafeGuessKindToResource` does.
    """
    return list(dict.fromkeys((each.group, plural(each.kind)) for each in manifests))


def plural(kind: str) -> str:
    """`networkpolicies` for NetworkPolicy, `ingresses` for Ingress."""
    word = kind.lower()
    if word.endswith("s"):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeou" else f"{word}s"


def _pods(manifest: Manifest, pod: Pod) -> int:
    """How many pods come of a template: every count on the way to it, multiplied."""
    number, node = 1, manifest.object
    for step in _steps(pod.where):
        number *= _count(node)
        node = node[step]
    return number


def _count(node: Any) -> int:
    spec = mapping(node)
    for key in _COUNTS:
        value = spec.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and ("template" in spec or key == "replicas"):
            return value
    return 1


def _steps(path: str) -> list[Any]:
    steps: list[Any] = []
    for part in path.split("."):
        name, *numbers = part.replace("]", "").split("[")
        steps += [name, *map(int, numbers)]
    return steps


def _amount(value: Any) -> Decimal:
    try:
        return parse(str(value))
    except K8saiError:  # lint says what is wrong with it
        return Decimal(0)
