"""The pods in an object of any kind: every mapping with a list of containers, whatever it is called."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

MOST_PODSETS: Final = 18  # sorts of pods that a Workload holds: maxItems of podSets in Kueue 0.19; once it was 8


class PodSpec(NamedTuple):
    """A pod spec inside an object; `where` is its path, `meta` the template's metadata, `around` the spec around it."""

    where: str
    spec: Json
    meta: Json
    around: Json


def pod_specs(tree: Any) -> Iterator[PodSpec]:
    """All of them, in the order they are written."""
    return _inside(tree, "", {}, {})


def _inside(tree: Any, where: str, meta: Json, around: Json) -> Iterator[PodSpec]:
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _inside(item, f"{where}[{index}]", {}, around)
    if not isinstance(tree, dict):
        return
    if _has_containers(tree):
        yield PodSpec(where, tree, meta, around)
        return
    own = tree.get("metadata")
    own = own if isinstance(own, dict) else {}
    for key, value in tree.items():
        path = f"{where}.{key}" if where else str(key)
        yield from _inside(value, path, own if key == "spec" else {}, tree if key == "template" else around)


def _has_containers(tree: Json) -> bool:
    found = tree.get("containers")
    return isinstance(found, list) and any(isinstance(each, dict) for each in found)
