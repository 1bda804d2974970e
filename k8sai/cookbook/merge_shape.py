"""How the parts of an object in a file are told apart: by the API's own merge keys, in custom objects by known ones."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from k8sai.schema.lists import METADATA, UNTYPED, Shape, Untyped, shape_of

Json = dict[str, Any]

# Of custom kinds that hold workloads: the lists whose CRDs declare these keys, or whose items the controller tells
# apart by them (KubeRay). What else custom kinds have in lists is replaced whole.
_CUSTOM: Final[Mapping[str, tuple[str, ...]]] = {
    "dependsOn": ("name",),
    "flavors": ("name",),
    "listeners": ("name",),
    "podSets": ("name",),
    "replicatedJobs": ("name",),
    "resources": ("name",),
    "runtimePatches": ("manager",),
    "workerGroups": ("groupName",),
    "workerGroupSpecs": ("groupName",),
}


def shape_of_object(value: Any) -> Shape:
    """The shape of a document; of one that is no Kubernetes object nothing is known."""
    if not isinstance(value, dict):
        return UNTYPED
    version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(version, str) and version.startswith("kustomize.config.k8s.io/"):
        return Kustomization()
    return shape_of(version, kind) if isinstance(version, str) and isinstance(kind, str) else UNTYPED


def shape_within(shape: Shape, key: Any, values: Iterable[Any]) -> Shape:
    """The shape of a field, of which these are the values. A pod in a custom object is a pod."""
    if shape.atomic:
        return shape
    inner = shape.field(key)
    if inner != UNTYPED:
        return inner
    found = list(values)
    if any(isinstance(value, dict) and _is_pod(value) for value in found):
        return shape_of("v1", "Pod").field("spec")
    if key == "metadata":
        return METADATA
    if _CUSTOM.get(key) and any(isinstance(value, list) for value in found):
        return Keyed(_CUSTOM[key])
    return inner


class Keyed(Untyped):
    """A list of a custom kind whose items are told apart by keys; of the items nothing is known."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__("map", keys)

    def item(self) -> Shape:
        """Nothing is known of it."""
        return UNTYPED


class Kustomization(Untyped):
    """kustomize's own file: what it lists are names, each once."""

    def field(self, name: str) -> Shape:
        """Of the files and folders that are put together the order means nothing."""
        return Untyped("set") if name in ("resources", "components") else UNTYPED


def item_keys(shape: Shape, values: list[Any]) -> list[Hashable] | None:
    """What tells each item from the others; None where the list is one value, or two items are the same."""
    if shape.list_type == "atomic":
        return None
    found: list[Hashable] = []
    for value in values:
        if shape.list_type == "set":
            if isinstance(value, dict | list):
                return None
            found.append((type(value).__name__, value))
            continue
        if not isinstance(value, dict):
            return None
        keys = tuple(value.get(key, shape.key_default(key)) for key in shape.keys)
        if any(isinstance(each, dict | list) or each is None for each in keys):
            return None
        found.append(keys)
    return found if len(set(found)) == len(found) else None


def item_name(shape: Shape, key: Any) -> str:
    """`[name=vllm]`, for people."""
    if shape.list_type == "set":
        return f"[{key[1]}]"
    said = ",".join(f"{name}={value}" for name, value in zip(shape.keys, key, strict=True))
    return f"[{said}]"


def _is_pod(value: Json) -> bool:
    containers = value.get("containers")
    return (
        isinstance(containers, list)
        and bool(containers)
        and all(isinstance(each, dict) and "name" in each for each in containers)
    )
