"""The pod template that a controller will make of a new version, near enough to know whether it fits somewhere.

It is the old version's, as its controller made it, with what the new version says of resources and places.
"""

from copy import deepcopy
from typing import Final

from k8sai.canary.backends.kserve_predictor import CONTAINER, implementation
from k8sai.canary.facts import Json

_PLACING: Final = (
    *("nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "runtimeClassName"),
    *("resourceClaims", "topologySpreadConstraints"),
)


def template_like(workload: Json | None, entry: Json) -> Json:
    """PodTemplateSpec for a predictor or a pod spec; `workload` is the old version's, None where it cannot be read."""
    old = deepcopy(((workload or {}).get("spec") or {}).get("template") or {"spec": {"containers": []}})
    spec: Json = old["spec"] | {key: deepcopy(entry[key]) for key in _PLACING if entry.get(key)}
    for container in _containers(entry):
        _take(spec, container)
    return {**old, "spec": spec}


def _containers(entry: Json) -> list[Json]:
    key = implementation(entry)
    own = [{"name": CONTAINER, **entry[key]}] if key else []
    return [*own, *(entry.get("containers") or ())]


def _take(spec: Json, container: Json) -> None:
    name = container.get("name") or CONTAINER
    there: list[Json] = spec.setdefault("containers", [])
    found = next((one for one in there if one.get("name") == name), None)
    if found is None:
        found = {"name": name}
        there.append(found)
    if container.get("resources"):
        found["resources"] = deepcopy(container["resources"])
