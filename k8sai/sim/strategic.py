"""Strategic merge patch: lists of named things are merged by their key instead of being replaced.

Source: apimachinery `pkg/util/strategicpatch` and the patchStrategy and patchMergeKey tags of the API types.
"""

from typing import Any

from k8sai.sim import status
from k8sai.sim.objects import Obj

_DIRECTIVE = "$patch"
_ORDER = "$setElementOrder/"
_PRUNE = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"

# The merge key of a list by its name and, where one name means two things, by the field above it ("parent.field").
_MERGE_KEYS: dict[str, str] = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "devices": "",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "ports": "containerPort",
    "resourceClaims": "name",
    "resourceClaimStatuses": "name",
    "schedulingGates": "name",
    "secrets": "name",
    "spec.ports": "port",
    "taints": "",
    "tolerations": "",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "podIPs": "ip",
    "hostIPs": "ip",
    "claims": "",
    "subsets": "",
}
_PRIMITIVE_MERGED = ("finalizers", "podCIDRs")


def merge_strategic(target: Obj, patch: Obj, field: str = "") -> Obj:
    """The target with the patch merged in; changes and returns it. ApiFailure 500 for an unknown directive."""
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise status.ApiFailure(500, "", f"unknown patch type: {directive} in map: {_go_map(patch)}")
    _retain(target, patch)
    before = {
        key: list(value) for key, value in target.items() if isinstance(value, list) and f"{_ORDER}{key}" in patch
    }
    for key, value in patch.items():
        if key.startswith("$"):
            _pruned(target, key, value)
            continue
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = _merge_map(target.get(key), value, key)
        elif isinstance(value, list):
            target[key] = _merge_list(target.get(key), value, key, field)
        else:
            target[key] = value
    for key, order in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            by = merge_key(name, field)
            if isinstance(target.get(name), list):
                target[name] = _in_order(target[name], order, before.get(name, []), by)
    return target


def _merge_map(current: Any, patch: Obj, key: str) -> Any:
    base = current if isinstance(current, dict) else {}
    return merge_strategic(base, patch, key)


def _retain(target: Obj, patch: Obj) -> None:
    kept = patch.get(_RETAIN)
    if kept is not None:
        for key in [key for key in target if key not in kept]:
            del target[key]


def _pruned(target: Obj, key: str, value: Any) -> None:
    if key.startswith(_PRUNE):
        name = key.removeprefix(_PRUNE)
        if isinstance(target.get(name), list):
            target[name] = [one for one in target[name] if one not in value]


def merge_key(key: str, parent: str) -> str:
    """By which field the elements of a list are told apart; empty where the list is replaced as a whole."""
    return _MERGE_KEYS.get(f"{parent}.{key}", _MERGE_KEYS.get(key, ""))


def _merge_list(current: Any, patch: list[Any], key: str, parent: str) -> list[Any]:
    base = list(current) if isinstance(current, list) else []
    if key in _PRIMITIVE_MERGED:
        return _in_order([*base, *(one for one in patch if one not in base)], patch, base, "")
    by = merge_key(key, parent)
    if not by or any(not isinstance(one, dict) for one in patch):
        return patch
    if any(one.get(_DIRECTIVE) == "replace" and len(one) == 1 for one in patch):
        return [one for one in patch if _DIRECTIVE not in one]
    before = list(base)
    for one in patch:
        base = _merge_element(base, one, by, key)
    return _in_order(base, patch, before, by)


def _merge_element(base: list[Any], one: Obj, by: str, key: str) -> list[Any]:
    if by not in one:
        raise status.ApiFailure(500, "", f"map: {_go_map(one)} does not contain declared merge key: {by}")
    at = next((i for i, here in enumerate(base) if here.get(by) == one[by]), None)
    if one.get(_DIRECTIVE) == "delete":
        return [here for here in base if here.get(by) != one[by]]
    if at is None:
        base.append(merge_strategic({}, one, key))
    else:
        base[at] = merge_strategic(base[at], one, key)
    return base


def _in_order(items: list[Any], wanted: list[Any], before: list[Any], by: str) -> list[Any]:
    """The items the client named in its order, and the server's own before what they stood before."""

    def name(item: Any) -> Any:
        return item.get(by) if by and isinstance(item, dict) else item

    first = [name(item) for item in wanted]
    places = [name(item) for item in before]
    ours = sorted((item for item in items if name(item) in first), key=lambda item: first.index(name(item)))
    others = [item for item in items if name(item) not in first]
    out: list[Any] = []
    for item in ours:
        at = places.index(name(item)) if name(item) in places else -1
        while others and name(others[0]) in places[: max(at, 0)]:
            out.append(others.pop(0))
        out.append(item)
    return out + others


def _go_map(value: Any) -> str:
    """A map as the API server's messages print it."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_map(value[key])}" for key in sorted(value)) + "]"
    return str(value)
