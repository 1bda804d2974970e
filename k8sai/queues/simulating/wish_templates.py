"""Pod templates as Kueue counts them: overhead, the namespace's LimitRanges, and limits where there is no request.

A template is not a pod: a LimitRange's default request comes before its own limit here, and after it in a pod.
Source: AdjustResources and ValidateAdmissibility of pkg/workload/resources.go, pkg/util/limitrange of Kueue 0.19.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.quantity import parse
from k8sai.queues.facts import Json
from k8sai.queues.parse_workload import pod_requests

Amounts = Mapping[str, Any]  # quantities as they are written
_LISTS: Final = ("initContainers", "containers")


@dataclass(frozen=True, slots=True)
class Limits:
    """All LimitRanges of a namespace as one, by type (`Container`, `Pod`): the narrowest bounds, the first defaults."""

    types: Mapping[str, Mapping[str, Amounts]] = field(default_factory=dict)

    @classmethod
    def of(cls, ranges: Iterable[Json]) -> "Limits":
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for one in ranges:
            for item in (one.get("spec") or {}).get("limits") or ():
                known = found.setdefault(str(item.get("type")), {})
                for key in ("max", "min", "default", "defaultRequest"):
                    _join(known.setdefault(key, {}), item.get(key) or {}, key)
        return cls(found)

    def get(self, kind: str, key: str) -> Amounts:
        return self.types.get(kind, {}).get(key, {})


def _join(known: dict[str, Any], more: Amounts, key: str) -> None:
    for name, amount in more.items():
        if name not in known:
            known[name] = amount
        elif key == "max":
            known[name] = min(known[name], amount, key=parse)
        elif key == "min":
            known[name] = max(known[name], amount, key=parse)


def completed(sets: list[Json], limits: Limits, overheads: Mapping[str, Json]) -> tuple[list[Json], tuple[str, ...]]:
    """The pod sets with what is filled in, and why Kueue would not take them, in sentences."""
    found = [
        {**one, "template": {**one["template"], "spec": _filled(one["template"]["spec"], limits, overheads)}}
        for one in sets
    ]
    said = [sentence for one in found for sentence in _refusals(one, limits)]
    return found, tuple(dict.fromkeys(said))


def _filled(spec: Json, limits: Limits, overheads: Mapping[str, Json]) -> Json:
    filled = {**spec, **{key: [_container(one, limits) for one in spec[key]] for key in _LISTS if spec.get(key)}}
    overhead = overheads.get(spec.get("runtimeClassName") or "")
    return {**filled, "overhead": overhead} if overhead and not spec.get("overhead") else filled


def _container(container: Json, limits: Limits) -> Json:
    resources = container.get("resources") or {}
    most = {**limits.get("Container", "default"), **(resources.get("limits") or {})}
    asked = {**most, **limits.get("Container", "defaultRequest"), **(resources.get("requests") or {})}
    filled = {key: value for key, value in (("limits", most), ("requests", asked)) if value}
    return {**container, "resources": {**resources, **filled}}


def _refusals(pod_set: Json, limits: Limits) -> Iterator[str]:
    spec = pod_set["template"]["spec"]
    title = f"pod set {pod_set['name']}"
    for container in (one for key in _LISTS for one in spec.get(key) or ()):
        resources = container["resources"]
        asked, most = resources.get("requests") or {}, resources.get("limits") or {}
        where = f"container {container.get('name', '')} of {title}"
        for name in asked:
            if name in most and parse(asked[name]) > parse(most[name]):
                yield f"{where} requests {asked[name]} {name}, more than its limit {most[name]}"
        yield from _outside(
            where, {**most, **_larger(asked, most)}, {**most, **_smaller(asked, most)}, limits, "Container"
        )
    total = pod_requests(spec)
    shown = {name: f"{amount}m" if name == "cpu" else amount for name, amount in total.items()}
    yield from _outside(f"a pod of {title}", shown, shown, limits, "Pod")


def _larger(asked: Amounts, most: Amounts) -> Amounts:
    return {name: max(amount, most.get(name, amount), key=parse) for name, amount in asked.items()}


def _smaller(asked: Amounts, most: Amounts) -> Amounts:
    return {name: min(amount, most.get(name, amount), key=parse) for name, amount in asked.items()}


def _outside(where: str, high: Amounts, low: Amounts, limits: Limits, kind: str) -> Iterator[str]:
    """Where there is a least amount, to ask for nothing is too little."""
    for name, most in limits.get(kind, "max").items():
        if name in high and parse(high[name]) > parse(most):
            yield f"{where} asks for {high[name]} {name}, and a LimitRange allows {most}"
    for name, least in limits.get(kind, "min").items():
        if parse(low.get(name, 0)) < parse(least):
            yield f"{where} asks for {low.get(name, 0)} {name}, and a LimitRange insists on {least}"
