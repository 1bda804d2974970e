"""How busy cards were: from Prometheus, the highest value in each of equal parts of a window.

One value a part keeps the answer small whatever the window, and says for which parts there is nothing.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from k8sai.cluster.dcgm import ACTIVE, INSTANCES, UTIL, UUIDS, identity, is_told, share
from k8sai.cluster.prometheus import Prometheus, query_range

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

Key = tuple[str, str]  # UUID of the card, and which MIG instance of it
_PART = 180.0  # seconds: several samples of a scrape a minute
_SHORTEST = 60.0  # seconds
_MOST = 60  # parts of a window


@dataclass(frozen=True, slots=True)
class Past:
    """`peaks` are 0 to 1, the oldest part first, None where nothing was said; the last part ends `at`."""

    at: float
    step: float
    peaks: dict[Key, list[float | None]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def parts_of(window: float) -> tuple[int, float]:
    """How many parts a window of so many seconds has, and how long each is."""
    count = max(1, min(_MOST, round(window / _PART))) if window >= 3 * _PART else max(1, int(window / _SHORTEST))
    return count, window / count


def past(connection: "Connection", where: Prometheus, *, at: float, window: float) -> Past:
    """Of all cards, for the window that ends `at`. Raises as `prometheus.query`.

    Series of one card, from two jobs or for several pods, are one: the busiest is right. A MIG instance is judged by
    GR_ENGINE_ACTIVE alone.
    """
    count, step = parts_of(window)
    moments = [round(at - (count - 1 - n) * step, 3) for n in range(count)]
    labels = ", ".join((*UUIDS, *INSTANCES))
    peaks: dict[Key, list[float | None]] = {}
    warnings: list[str] = []
    for metric in (UTIL, ACTIVE):
        expression = f"max by ({labels}) (max_over_time({metric}[{ceil(step)}s]))"
        found = query_range(connection, where, expression, start=moments[0], end=moments[-1], step=step)
        warnings += found.warnings
        for said, values in found.series:
            key = identity(said)
            if not key[0] or (metric == UTIL and key[1]):
                continue
            row = peaks.setdefault(key, [None] * count)
            for when, value in values.items():
                n = round((when - moments[0]) / step)
                if 0 <= n < count and is_told(value):
                    row[n] = max(share(metric, value), row[n] or 0.0)
    return Past(moments[-1], step, peaks, tuple(dict.fromkeys(warnings)))
