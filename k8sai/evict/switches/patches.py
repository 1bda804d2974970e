"""JSON patches that only fit the object they were made for: its uid, and the value that is changed.

On a member that is not there `test` with null holds. https://www.rfc-editor.org/rfc/rfc6902
"""

from collections.abc import Mapping
from typing import Any

from k8sai.evict.facts import Json


def guarded(live: Json, path: tuple[str, ...], value: Any, marks: Mapping[str, str | None]) -> list[Json]:
    """`value` at `path`, unless it stands there, and the annotations `marks`; None takes one away."""
    return [_same(live), *_set(live, path, value), *_annotated(live, marks)]


def noted(live: Json, marks: Mapping[str, str | None]) -> list[Json]:
    """Annotations alone; None takes one away."""
    return [_same(live), *_annotated(live, marks)]


def _same(live: Json) -> Json:
    return {"op": "test", "path": "/metadata/uid", "value": live["metadata"].get("uid")}


def _set(live: Json, path: tuple[str, ...], value: Any) -> list[Json]:
    """Where a parent is not there either, it comes with it."""
    at: Any = live
    for depth, name in enumerate(path):
        here = _pointer(*path[: depth + 1])
        if not isinstance(at, dict) or at.get(name) is None:
            nested = value
            for member in reversed(path[depth + 1 :]):
                nested = {member: nested}
            return [{"op": "test", "path": here, "value": None}, {"op": "add", "path": here, "value": nested}]
        at = at[name]
    test: Json = {"op": "test", "path": _pointer(*path), "value": at}
    return [test] if at == value else [test, {"op": "replace", "path": _pointer(*path), "value": value}]


def _annotated(live: Json, marks: Mapping[str, str | None]) -> list[Json]:
    known: dict[str, str] = live["metadata"].get("annotations") or {}
    if not known:
        wanted = {key: value for key, value in marks.items() if value is not None}
        absent: Json = {"op": "test", "path": "/metadata/annotations", "value": live["metadata"].get("annotations")}
        return [absent, {"op": "add", "path": "/metadata/annotations", "value": wanted}] if wanted else []
    return [one for key, value in marks.items() for one in _mark(key, known.get(key), value)]


def _mark(key: str, known: str | None, value: str | None) -> list[Json]:
    path = _pointer("metadata", "annotations", key)
    test: Json = {"op": "test", "path": path, "value": known}
    if known == value:
        return [test]
    return [test, {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}]


def _pointer(*names: str) -> str:
    return "".join(f"/{one.replace('~', '~0').replace('/', '~1')}" for one in names)
