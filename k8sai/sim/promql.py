"""Instant queries over scripted traffic: a selector, its growth over a range, and one aggregation around either.

https://prometheus.io/docs/prometheus/latest/querying/basics/ — of it what is asked here: `sum by (a, b) (name{…})`,
`count({__name__=~"…"})`, `sum(increase(name{…}[5m]))`. What it does not know it says, as Prometheus does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

Labels = dict[str, str]
Row = tuple[Labels, float]
Value = Callable[[], float]  # worked out for the series that are selected only
Series = Callable[[float], Iterable[tuple[str, Labels, Value]]]  # name, labels, value, as of a time
NAME: Final = "__name__"

_STRING = r'"(?:[^"\\]|\\.)*"'
_MATCHER = rf"\s*\w+\s*(?:=~|!~|!=|=)\s*{_STRING}\s*"
_SELECTOR = rf"(?P<name>[a-zA-Z_:][\w:]*)?(?:\{{(?P<inside>(?:{_MATCHER}(?:,{_MATCHER})*,?)?)\}})?"
_ONE = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_STRING})")
_AROUND = re.compile(
    r"(?P<how>sum|count|min|max|avg|group)\s*(?:by\s*\((?P<by>[^)]*)\)\s*)?\((?P<of>.*?)\)(?:\s*by\s*\((?P<after>[^)]*)\))?",
    re.DOTALL,
)
_GROWTH = re.compile(rf"(?P<how>increase|rate)\s*\(\s*{_SELECTOR}\[(?P<span>\d+)(?P<unit>[smh])\]\s*\)")
_PLAIN = re.compile(_SELECTOR)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


class Unknown(Exception):
    """No query that is known here."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which series."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def takes(self, labels: Labels) -> bool:
        """Labels with the name among them."""
        if self.name and labels[NAME] != self.name:
            return False
        return all(_matches(labels.get(key, ""), how, value) for key, how, value in self.matchers)


def evaluate(query: str, series: Series, at: float) -> list[Row]:
    """The rows, the name among the labels. Raises Unknown."""
    around = _AROUND.fullmatch(query.strip())
    if around is None:
        return list(_rows(query.strip(), series, at))
    by = around["by"] if around["by"] is not None else around["after"]
    labels = [one.strip() for one in by.split(",") if one.strip()] if by else []
    return _aggregated(around["how"], labels, _rows(around["of"].strip(), series, at))


def _rows(query: str, series: Series, at: float) -> Iterator[Row]:
    if growth := _GROWTH.fullmatch(query):
        yield from _grown(growth, series, at)
        return
    plain = _PLAIN.fullmatch(query)
    if plain is None or not query:
        raise Unknown(query)
    for name, labels, value in series(at):
        told = {NAME: name, **labels}
        if _selector(plain).takes(told):
            yield told, value()


def _grown(match: re.Match[str], series: Series, at: float) -> Iterator[Row]:
    selector, span = _selector(match), int(match["span"]) * _SECONDS[match["unit"]]
    before = {_key(name, labels): value for name, labels, value in series(at - span) if selector.name in ("", name)}
    for name, labels, value in series(at):
        if selector.takes({NAME: name, **labels}):
            old = before.get(_key(name, labels))
            more = value() - (old() if old else 0.0)
            yield labels, more / span if match["how"] == "rate" else more


def _key(name: str, labels: Labels) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def _selector(match: re.Match[str]) -> Selector:
    found = tuple((key, how, _unquoted(text)) for key, how, text in _ONE.findall(match["inside"] or ""))
    if not match["name"] and not found:
        raise Unknown(match[0])
    return Selector(match["name"] or "", found)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda one: {"n": "\n", "t": "\t"}.get(one[1], one[1]), text[1:-1])


def _matches(value: str, how: str, wanted: str) -> bool:
    if how in ("=", "!="):
        return (value == wanted) == (how == "=")
    return (re.fullmatch(wanted, value) is not None) == (how == "=~")


def _aggregated(how: str, labels: list[str], rows: Iterable[Row]) -> list[Row]:
    groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
    for told, value in rows:
        groups.setdefault(tuple((one, told[one]) for one in labels if told.get(one)), []).append(value)
    return [(dict(key), _HOW[how](values)) for key, values in groups.items()]


_HOW: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "count": lambda values: float(len(values)),
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "group": lambda _: 1.0,
}
