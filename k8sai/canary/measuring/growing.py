"""How much counters grew between two looks at them, series by series.

Not `increase()`: it extrapolates to the ends of its range, so that 3 errors may become 4 and evidence is counted that
is not there; and a series that is born with its first error has, to it, not grown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

Key = tuple[str, str]  # pod ("" for none), and what a request was


class Discarded(Exception):
    """This window says nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """Counters at one time. `pods` are those that were scraped then, whether or not they had a counter yet."""

    values: Mapping[Key, float] = field(default_factory=dict)
    pods: frozenset[str] = frozenset()


def grown(before: Look, after: Look) -> dict[str, int]:
    """By what a request was, over all pods. Raises Discarded.

    A series that is not there before began at 0 if its pod was scraped then; a pod that was not is left out.
    """
    _sound(before, after)
    known = before.pods | {pod for pod, _ in before.values}
    sums: dict[str, int] = {}
    for (pod, word), value in after.values.items():
        if pod in known:
            sums[word] = sums.get(word, 0) + round(value - before.values.get((pod, word), 0.0))
    return sums


def _sound(before: Look, after: Look) -> None:
    for (pod, _), value in (*before.values.items(), *after.values.items()):
        if not isfinite(value):
            raise Discarded(f"{_whose(pod)} are no numbers")
    for (pod, word), value in before.values.items():
        if (pod, word) not in after.values:
            raise Discarded(f"{_whose(pod)} are gone since the window began")
        if after.values[pod, word] < value:
            raise Discarded(f"{_whose(pod)} were reset: it was started anew")


def _whose(pod: str) -> str:
    return f"counters of {pod}" if pod else "counters"
