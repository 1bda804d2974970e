"""LimitRanges of a namespace: what admission fills into containers that say nothing, and what it refuses."""

from collections.abc import Iterable
from typing import Any, Final

from k8sai.fit.ask import Group, Json
from k8sai.quantity import parse

_LISTS: Final = ("containers", "initContainers")


def with_defaults(group: Group, ranges: Iterable[Json]) -> Group:
    """The group as admission would store it: defaults of the namespace's LimitRanges filled in."""
    limits = [item for item in _items(ranges) if item.get("type") == "Container"]
    if not limits:
        return group
    spec = dict(group.pod["spec"])
    for key in _LISTS:
        if spec.get(key):
            spec[key] = [_filled(container, limits) for container in spec[key]]
    return Group(group.name, group.count, {**group.pod, "spec": spec})


def _items(ranges: Iterable[Json]) -> list[Json]:
    return [item for one in ranges for item in (one.get("spec") or {}).get("limits") or ()]


def _filled(container: Json, limits: list[Json]) -> Json:
    """A request that is missing is the limit first, and the namespace's default only where there is no limit."""
    resources = container.get("resources") or {}
    limit, request = dict(resources.get("limits") or {}), dict(resources.get("requests") or {})
    for name, amount in limit.items():
        request.setdefault(name, amount)
    for item in limits:
        for name, amount in (item.get("default") or {}).items():
            limit.setdefault(name, amount)
        for name, amount in {**(item.get("default") or {}), **(item.get("defaultRequest") or {})}.items():
            request.setdefault(name, amount)
    return {**container, "resources": {**resources, "limits": limit, "requests": request}}


def refusals(group: Group, ranges: Iterable[Json]) -> list[str]:
    """Why admission would not take such a pod, in sentences; `group` has its defaults filled in."""
    found: list[str] = []
    for one in ranges:
        where = f"LimitRange {one['metadata'].get('namespace', '')}/{one['metadata'].get('name', '')}"
        for item in (one.get("spec") or {}).get("limits") or ():
            if item.get("type") == "Container":
                for key in _LISTS:
                    for container in group.pod["spec"].get(key) or ():
                        found += _outside(where, "a container", container.get("resources") or {}, item)
            elif item.get("type") == "Pod":
                found += _outside(where, "a pod", _summed(group.pod["spec"]), item)
    return list(dict.fromkeys(found))


def _outside(where: str, whose: str, resources: Json, item: Json) -> list[str]:
    found = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, most in (item.get("max") or {}).items():
        asked = limits.get(name, requests.get(name))
        if asked is not None and parse(asked) > parse(most):
            found.append(f"{where} allows {whose} {most} {name}, {asked} is asked")
    for name, least in (item.get("min") or {}).items():
        asked = requests.get(name)
        if asked is not None and parse(asked) < parse(least):
            found.append(f"{where} insists on {least} {name} for {whose}, {asked} is asked")
    return found


def _summed(spec: Json) -> Json:
    """Requests and limits of the containers that run together."""
    total: dict[str, dict[str, Any]] = {"limits": {}, "requests": {}}
    for container in spec["containers"]:
        for kind, sums in total.items():
            for name, amount in ((container.get("resources") or {}).get(kind) or {}).items():
                sums[name] = f"{(parse(sums.get(name, 0)) + parse(amount)).normalize():f}"
    return total
