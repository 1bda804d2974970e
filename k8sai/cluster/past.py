"""How busy cards were: from Prometheus, the highest value in each of equal parts of a window.

One value a part keeps the answer small whatever the window, and says for which parts there is nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from k8sai.cluster.dcgm import ACTIVE, INSTANCES, UTIL, UUIDS, identity, is_told, share
from k8sai.cluster.prometheus import Prometheus, query_range

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

Key = tuple[str, str]  # UUID of the card, and which MIG instance of it
_PART = 180.0  # seconds: several samples of a scrape a minute
_SHORT = 90.0  # seconds: the same where the window is short
_MOST = 60  # parts of a window
_REACH = 86_400.0  # seconds that `further` looks back
_REACH_PARTS = 48
_AT_ONCE = 100  # cards in one query: they are part of its address
_CARDS = 1_000  # that are looked at further back
_UUID = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Past:
    """`peaks` are 0 to 1, the oldest part first, None where nothing was said; the last part ends `at`."""

    at: float
    step: float
    peaks: dict[Key, list[float | None]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def parts_of(window: float) -> tuple[int, float]:
    """How many parts a window of so many seconds has, and how long each is."""
    count = max(1, min(_MOST, round(window / _PART)) if window >= 3 * _PART else int(window / _SHORT))
    return count, window / count


def past(connection: "Connection", where: Prometheus, *, at: float, window: float) -> Past:
    """Of all cards, for the window that ends `at`. Raises as `prometheus.query`.

    Series of one card, from two jobs or for several pods, are one: the busiest is right. A MIG instance is judged by
    GR_ENGINE_ACTIVE alone.
    """
    count, step = parts_of(window)
    return _read(connection, where, Past(at, step), count)


def further(connection: "Connection", where: Prometheus, cards: Iterable[str], *, at: float) -> Past:
    """The same of some cards for the last day, in longer parts: since when they have been as they are.

    More than a thousand are not asked for. Raises as `prometheus.query`.
    """
    found = Past(at, _REACH / _REACH_PARTS)
    some = sorted(card for card in cards if _UUID.fullmatch(card))[:_CARDS]
    for n in range(0, len(some), _AT_ONCE):
        _read(connection, where, found, _REACH_PARTS, some[n : n + _AT_ONCE])
    return found


def _read(connection: "Connection", where: Prometheus, past: Past, count: int, cards: Sequence[str] = ()) -> Past:
    moments = [round(past.at - (count - 1 - n) * past.step, 3) for n in range(count)]
    labels = ", ".join((*UUIDS, *INSTANCES))
    these = f'{{{UUIDS[0]}=~"{"|".join(cards)}"}}' if cards else ""
    for metric in (UTIL, ACTIVE):
        expression = f"max by ({labels}) (max_over_time({metric}{these}[{ceil(past.step)}s]))"
        found = query_range(connection, where, expression, start=moments[0], end=moments[-1], step=past.step)
        past.warnings.extend(said for said in found.warnings if said not in past.warnings)
        for said, values in found.series:
            key = identity(said)
            if not key[0] or (metric == UTIL and key[1]):
                continue
            row = past.peaks.setdefault(key, [None] * count)
            for when, value in values.items():
                n = round((when - moments[0]) / past.step)
                if 0 <= n < count and is_told(value):
                    row[n] = max(share(metric, value), row[n] or 0.0)
    return past
