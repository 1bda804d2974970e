"""Values against the OpenAPI part of a schema: types, formats, bounds, lengths, enums, required fields, alternatives.

An update is held against the rules only where it changes something: what was wrong before and stays as it is may stay.
Source: kube-openapi `pkg/validation/validate`, apiextensions-apiserver `pkg/apiserver/validation/ratcheting.go`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from k8sai.schema import structural_scalars
from k8sai.schema.correlation import NOTHING, item_before, key_before, same
from k8sai.schema.problems import NOWHERE, Problem, invalid, quoted, required
from k8sai.schema.structural_types import go_kind, type_problem

Json = dict[str, Any]
_HEAD = ("apiVersion", "kind")
_BY_TYPE: Final[dict[type, Callable[[Json, Any, str], Iterator[Problem]]]] = {
    str: structural_scalars.text_problems,
    int: structural_scalars.number_problems,
    float: structural_scalars.number_problems,
}


class Found:
    """Problems, each told once, and how many checks were made: of alternatives, the one with most is explained."""

    __slots__ = ("checks", "problems")

    def __init__(self) -> None:
        self.problems: dict[str, Problem] = {}
        self.checks = 0

    def add(self, problem: Problem | None) -> None:
        """One more problem, if it is one."""
        if problem is not None:
            self.problems.setdefault(str(problem), problem)

    def take(self, other: "Found") -> None:
        """What was found below."""
        self.problems = {
            **self.problems,
            **{key: one for key, one in other.problems.items() if key not in self.problems},
        }
        self.checks += other.checks


def value_problems(raw: Json, value: Any, old: Any = None) -> list[Problem]:
    """The problems of an object; `old` is the object it replaces."""
    before = NOTHING if old is None else old
    return list(_checked(raw, value, "", before).problems.values())


def _checked(raw: Json, value: Any, path: str, before: Any) -> Found:
    """A node that has a value before it, and the same, is not wrong any more than it was."""
    found = _node(raw, value, path, before)
    if found.problems and before is not NOTHING and same(value, before):
        found.problems = {}
    return found


def _node(raw: Json, value: Any, path: str, before: Any) -> Found:
    found = Found()
    if value is None:
        found.add(type_problem(raw, value, path))
        found.add(structural_scalars.enum_problem(raw, value, path))
        return found
    if raw.get("type") or raw.get("format") or raw.get("x-kubernetes-int-or-string"):
        wrong = type_problem(raw, value, path)
        found.add(wrong)
        found.checks += 1 if wrong else 2
    _alternatives(raw, value, path, before, found)
    found.checks += 2
    own = _BY_TYPE.get(type(value))
    if own is not None:
        for problem in own(raw, value, path):
            found.add(problem)
        found.checks += 2 if go_kind(value) != "string" else 1
    if isinstance(value, list):
        _list(raw, value, path, before, found)
        found.checks += 2
    found.add(structural_scalars.enum_problem(raw, value, path))
    found.checks += 1
    if isinstance(value, dict):
        _object(raw, value, path, before, found)
        found.checks += 1
    found.checks += 1
    return found


def _list(raw: Json, value: list[Any], path: str, before: Any, found: Found) -> None:
    items = raw.get("items")
    if isinstance(items, dict):
        for at, one in enumerate(value):
            found.take(_checked(items, one, f"{path}[{at}]", item_before(raw, before, one)))
    for problem in structural_scalars.list_problems(raw, value, path):
        found.add(problem)


def _object(raw: Json, value: Json, path: str, before: Any, found: Found) -> None:
    for problem in structural_scalars.map_problems(raw, value, path):
        found.add(problem)
    properties, more = raw.get("properties") or {}, raw.get("additionalProperties")
    for key, one in value.items():
        if key in properties:
            place = f"{path}.{key}" if path else key
            earlier = NOTHING if not path and key in _HEAD else key_before(raw, before, key)
            found.take(_checked(properties[key], one, place, earlier))
        elif more is False:
            found.add(invalid(path.lstrip(".") or NOWHERE, key, f"{path}.{key} in body is a forbidden property"))
        elif isinstance(more, dict):
            found.take(_checked(more, one, f"{path}.{key}", key_before(raw, before, key)))
    for key in raw.get("required") or ():
        if key not in value:
            found.add(required(f"{path}.{key}".lstrip(".")))


def _alternatives(raw: Json, value: Any, path: str, before: Any, found: Found) -> None:
    """anyOf, oneOf, allOf and not, in the server's order."""
    tried = raw.get("anyOf") or ()
    if tried:
        best, valid = _best(tried, value, path, before, first=True)
        if not valid:
            found.add(_composite(f"{quoted(path)} must validate at least one schema (anyOf)"))
        found.take(best)
    tried = raw.get("oneOf") or ()
    if tried:
        best, valid = _best(tried, value, path, before)
        if valid != 1:
            how = f"Found {valid} valid alternatives" if valid else "Found none valid"
            found.add(_composite(f"{quoted(path)} must validate one and only one schema (oneOf). {how}"))
        if valid < 2:
            found.take(best)
    tried = raw.get("allOf") or ()
    valid = 0
    for one in tried:
        result = _node(one, value, path, before)
        valid += not result.problems
        found.take(result)
    if valid != len(tried):
        how = "" if valid else ". None validated"
        found.add(_composite(f"{quoted(path)} must validate all the schemas (allOf){how}"))
    against = raw.get("not")
    if isinstance(against, dict) and not _node(against, value, path, before).problems:
        found.add(_composite(f"{quoted(path)} must not validate the schema (not)"))


def _best(tried: Any, value: Any, path: str, before: Any, first: bool = False) -> tuple[Found, int]:
    """The first that fits, else the one with most checks; and how many fit. `first` stops where one fits."""
    valid, best = 0, None
    for one in tried:
        result = _node(one, value, path, before)
        if not result.problems:
            valid += 1
            best = result if valid == 1 else best
            if first:
                break
        elif not valid and (best is None or result.checks > best.checks):
            best = result
    return best or Found(), valid


def _composite(text: str) -> Problem:
    return invalid(NOWHERE, "", text)
