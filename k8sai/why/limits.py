"""LimitRange: how large one pod or container of a namespace may be, when pods are not created."""

import re
from collections.abc import Iterator
from typing import Any, Final

from k8sai.cluster.reading import Json
from k8sai.fleet.requests import count
from k8sai.why.case import Case
from k8sai.why.making import refusal, requests, short, templates
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "limitRange"
_RANGES: Final = "limitranges"
_BROKEN: Final = re.compile(r"(maximum|minimum) \S+ usage per (Container|Pod)|limit to request ratio per")


def check(case: Case) -> Layer:
    if case.pod is not None:
        return no_matter(LAYER, "the pod exists")
    if not case.missing:
        return fine(LAYER, "no pod is missing")
    said = refusal(case)
    ranges = case.reading.list(_RANGES, case.namespace)
    describe = case.kubectl("describe", _RANGES)
    message = next(_breaks(case, ranges), "")
    if message:
        return reason(LAYER, "LimitRange", message, said, next=describe)
    if _BROKEN.search(said):
        return reason(LAYER, "LimitRange", short(said), said, next=describe)
    if case.reading.blind(_RANGES):
        return unseen(LAYER, "limit ranges of the namespace may not be read")
    return fine(LAYER)


def _breaks(case: Case, ranges: list[Json]) -> Iterator[str]:
    for _, template in templates(case):
        for limit_range in ranges:
            for limit in (limit_range.get("spec") or {}).get("limits") or ():
                if limit.get("type") == "Pod":
                    yield from _compared("the pod", requests(template), limit, limit_range)
                elif limit.get("type") == "Container":
                    for container in template.get("containers") or ():
                        asked = _largest(container)
                        yield from _compared(f"container {container['name']}", asked, limit, limit_range)


def _largest(container: Json) -> dict[str, int]:
    """Of each resource the limit, else the request."""
    resources = container.get("resources") or {}
    table = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    return {name: count(name, raw) for name, raw in table.items()}


def _compared(what: str, asked: dict[str, int], limit: dict[str, Any], limit_range: Json) -> Iterator[str]:
    name = limit_range["metadata"]["name"]
    for resource, raw in (limit.get("max") or {}).items():
        if asked.get(resource, 0) > count(resource, raw):
            yield f"{what} asks more {resource} than limit range {name} allows ({raw})"
    for resource, raw in (limit.get("min") or {}).items():
        if resource in asked and asked[resource] < count(resource, raw):
            yield f"{what} asks less {resource} than limit range {name} wants ({raw})"
