"""How many requests a verdict is still away: what the low traffic of a canary makes people ask."""

from collections.abc import Callable, Sequence
from math import ceil

from k8sai.canary.gate_evidence import against_share, evidence, times_until, within


def requests_needed(budget: float, against_stable: Sequence[float], bad: int, every: int, wanted: float) -> int:
    """Further requests to the canary until PASS: as those so far, or, where such never pass, all of them good.

    `against_stable` is the logarithm of each bet on safety so far, from `every` requests of which `bad` were bad.
    """
    absolute = against_share(within(budget), budget, bad, every)
    times = [one for logs in (against_stable, absolute) if (one := times_until(logs, wanted)) is not None]
    return ceil((min(times) - 1) * every) if times and every else _good_ones(budget, bad, every, wanted)


def _good_ones(budget: float, bad: int, every: int, wanted: float) -> int:
    bets = within(budget)
    return _first(lambda more: evidence(against_share(bets, budget, bad, every + more)) >= wanted)


def _first(enough: Callable[[int], bool]) -> int:
    """The smallest number that is enough, where every larger one is too."""
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
