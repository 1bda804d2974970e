"""JSONPaths of printer columns: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`.

Source: client-go `util/jsonpath`; of it what a CustomResourceDefinition may say, and nothing that spans documents.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Step = Callable[[list[Any]], list[Any]]

_PART = re.compile(
    r"""\.\.(?P<deep>[\w-]+)|\.(?P<name>(?:\\.|[^.\[\]\\])+)"""
    r"""|\[\?\((?P<test>(?:[^()"']|"[^"]*"|'[^']*')*)\)\]|\[(?P<index>[^\]]*)\]|(?P<dot>\.)"""
)
_TEST = re.compile(r"""@(?P<path>[^=!<>\s]*)\s*(?:(?P<how>==|!=|<=|>=|<|>)\s*(?P<value>.+))?""")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d+))?")


def found(obj: Any, path: str) -> list[Any]:
    """Everything at a path; nothing for a path that cannot be read."""
    values = [obj]
    for step in _steps(path):
        values = step(values)
    return values


@lru_cache(maxsize=2048)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    text = text if text.startswith((".", "[")) else f".{text}"
    steps: list[Step] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            return (lambda values: [],)
        at = match.end()
        steps.append(_step(match))
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["dot"]:
        return lambda values: values
    if match["deep"]:
        return _deep(match["deep"])
    if match["name"]:
        name = re.sub(r"\\(.)", r"\1", match["name"])
        return _every if name == "*" else _field(name)
    if match["test"] is not None:
        return _filter(match["test"])
    return _index(match["index"].strip())


def _field(name: str) -> Step:
    return lambda values: [one[name] for one in values if isinstance(one, dict) and name in one]


def _deep(name: str) -> Step:
    def walk(value: Any) -> list[Any]:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = [value[name]] if isinstance(value, dict) and name in value else []
        return [*own, *(hit for one in below for hit in walk(one))]

    return lambda values: [hit for one in values for hit in walk(one)]


def _every(values: list[Any]) -> list[Any]:
    lists = (list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else [] for one in values)
    return [hit for one in lists for hit in one]


def _index(text: str) -> Step:
    if text == "*":
        return _every
    if text[:1] in ("'", '"'):
        return _field(text[1:-1])
    span = _SLICE.fullmatch(text)
    if span:
        part = slice(*(int(one) if one else None for one in span.groups()))
        return lambda values: [hit for one in values if isinstance(one, list) for hit in one[part]]
    if not re.fullmatch(r"-?\d+", text):
        return lambda values: []
    at = int(text)
    return lambda values: [one[at] for one in values if isinstance(one, list) and -len(one) <= at < len(one)]


def _filter(text: str) -> Step:
    match = _TEST.fullmatch(text.strip())
    if match is None:
        return lambda values: []
    path, how, wanted = match["path"], match["how"], _literal(match["value"] or "")

    def holds(item: Any) -> bool:
        hits = found(item, path)
        return bool(hits) if how is None else bool(hits) and _compared(hits[0], how, wanted)

    return lambda values: [one for one in _every(values) if holds(one)]


def _literal(text: str) -> Any:
    text = text.strip()
    if text[:1] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _compared(left: Any, how: str, right: Any) -> bool:
    if how in ("==", "!="):
        return (left == right and isinstance(left, bool) == isinstance(right, bool)) == (how == "==")
    try:
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[how])
    except TypeError:
        return False
