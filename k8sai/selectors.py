"""kubectl's label selectors: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from k8sai.errors import Usage

Test = Callable[[Mapping[str, str]], bool]
_KEY: Final = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_VALUE: Final = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
_EQUALS: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_SET: Final = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EXISTS: Final = re.compile(rf"(!?)\s*({_KEY})")
_COMMA: Final = re.compile(r",(?![^(]*\))")


@lru_cache(maxsize=64)
def selector(text: str) -> Test:
    """A test of labels; the empty selector says yes to all. Raises Usage naming the part that cannot be read."""
    if not text.strip():
        return lambda labels: True
    tests = [_requirement(part.strip(), text) for part in _COMMA.split(text)]
    return lambda labels: all(test(labels) for test in tests)


def _requirement(part: str, text: str) -> Test:
    if found := _EQUALS.fullmatch(part):
        key, operator, value = found.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _SET.fullmatch(part):
        key, operator, listed = found.groups()
        values = frozenset(value.strip() for value in listed.split(","))
        if not all(re.fullmatch(_VALUE, value) for value in values):
            raise _bad(part, text)
        if operator == "notin":
            return lambda labels: labels.get(key) not in values
        return lambda labels: labels.get(key) in values
    if found := _EXISTS.fullmatch(part):
        absent, key = found.groups()
        return (lambda labels: key not in labels) if absent else (lambda labels: key in labels)
    raise _bad(part, text)


def _bad(part: str, text: str) -> Usage:
    where = f" in {text!r}" if part != text.strip() else ""
    return Usage(
        f"label selector: {part!r}{where} is not a requirement",
        "requirements look like `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, `key`, `!key`",
    )
