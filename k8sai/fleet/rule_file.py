"""The user's own lines of the resource table: `resources.yaml` in the settings folder, tried before the shipped ones.

resources:
  - pattern: example\\.com/gpu          # a regular expression for the whole name
    family: example
    kind: replica                      # card (unless said), slice, replica, fraction or monitor
    cards: 1/4                         # what a unit is of a card (1 unless said)
    perCard: example.com/gpu.replicas  # a node label: units per card
    count: example.com/gpu-count       # or a resource of the node: cards that all units make up
    sameAs: example.com/board          # a resource that counts the same silicon
drivers:
  - {pattern: gpu\\.example\\.com, family: example}
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from k8sai.errors import Usage
from k8sai.fleet.drivers import DRIVERS
from k8sai.fleet.resources import BUILTIN, KINDS, Rule, Rules, builtin
from k8sai.fleet.settings import contents, folder, table

NAME: Final = "resources.yaml"
_KEYS: Final = {"pattern", "family", "kind", "cards", "perCard", "count", "sameAs"}


def configured() -> Rules:
    """The shipped table with the user's lines before it. Raises Usage naming the place and the reason."""
    path = folder() / NAME
    text = contents(path)
    return builtin() if text is None else read(text, str(path))


def read(text: str, place: str) -> Rules:
    """The same from a text; `place` names it in errors."""
    document = table(text, place, ("resources", "drivers"), "the lists `resources` and `drivers`")
    if document is None:
        return builtin()
    rules = [_rule(line, where) for line, where in _lines(document, "resources", place)]
    drivers = [_driver(line, where) for line, where in _lines(document, "drivers", place)]
    return Rules((*rules, *BUILTIN), (*drivers, *DRIVERS))


def _lines(document: Mapping[str, Any], key: str, place: str) -> list[tuple[Mapping[str, Any], str]]:
    lines = document.get(key) or []
    if not isinstance(lines, list):
        raise Usage(f"{place}: {key} is not a list")
    found = []
    for at, line in enumerate(lines):
        where = f"{place}: {key}[{at}]"
        if not isinstance(line, Mapping):
            raise Usage(f"{where}: expected keys such as `pattern` and `family`")
        found.append((line, where))
    return found


def _rule(line: Mapping[str, Any], where: str) -> Rule:
    unknown = sorted(str(key) for key in line.keys() - _KEYS)
    if unknown:
        raise Usage(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    kind = line.get("kind", "card")
    if kind not in KINDS:
        raise Usage(f"{where}: kind {kind!r} is none of {', '.join(KINDS)}")
    return Rule(
        pattern=_pattern(line, where),
        family=_text(line, "family", where),
        kind=kind,
        cards=Fraction(0) if kind == "monitor" else _cards(line.get("cards", 1), where),
        per_card=_text(line, "perCard", where, ""),
        count=_text(line, "count", where, ""),
        same_as=_text(line, "sameAs", where, ""),
    )


def _driver(line: Mapping[str, Any], where: str) -> tuple[str, str]:
    if line.keys() - {"pattern", "family"}:
        raise Usage(f"{where}: a driver has `pattern` and `family` only")
    return _pattern(line, where), _text(line, "family", where)


def _pattern(line: Mapping[str, Any], where: str) -> str:
    pattern = _text(line, "pattern", where)
    try:
        re.compile(pattern)
    except re.error as error:
        raise Usage(f"{where}: pattern {pattern!r} is not a regular expression: {error}") from error
    return pattern


def _cards(value: object, where: str) -> Fraction:
    try:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            cards = Fraction(str(value))
            if 0 < cards <= 10**6:
                return cards
    except (ValueError, ZeroDivisionError):
        pass
    raise Usage(f"{where}: cards {value!r} is not a positive number such as 1, 0.5 or 1/7")


def _text(line: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = line.get(key, default)
    if value is None:
        raise Usage(f"{where}: {key} is missing")
    if not isinstance(value, str) or (default is None and not value):
        raise Usage(f"{where}: {key} {value!r} is not a text")
    return value
