"""The e-values of the gate, as sums of logarithms; derived in `gate`. https://arxiv.org/abs/2210.01948"""

from collections.abc import Sequence
from math import exp, log
from typing import Final

BETS: Final = 40
_MOST: Final = 700.0  # exp() of more is no float
_TINY: Final = 1e-9  # growth of a logarithm that comes to nothing


def spaced(low: float, high: float) -> tuple[float, ...]:
    """BETS numbers from low to high with a constant ratio."""
    ratio = high / low
    return tuple(low * ratio ** (n / (BETS - 1)) for n in range(BETS))


def within(budget: float) -> tuple[float, ...]:
    """Bets on shares below a budget."""
    return spaced(budget / 50, 0.95 * budget)


def against_stable(
    bets: Sequence[float], null: float, canary_bad: int, canary_all: int, stable_bad: int, stable_all: int
) -> tuple[float, ...]:
    """What a window adds to the logarithm of each bet on theta. Nothing where one side had no requests."""
    if not (canary_all and stable_all):
        return (0.0,) * len(bets)
    bad, at_null = canary_bad + stable_bad, log(null * canary_all + stable_all)
    return tuple(canary_bad * log(bet / null) - bad * (log(bet * canary_all + stable_all) - at_null) for bet in bets)


def against_share(bets: Sequence[float], share: float, bad: int, every: int) -> tuple[float, ...]:
    """The logarithm of each bet on the share of bad requests, over all windows at once: it needs only the sums."""
    good = every - bad
    return tuple(bad * log(bet / share) + good * log((1 - bet) / (1 - share)) for bet in bets)


def evidence(logs: Sequence[float]) -> float:
    """The e-value: the mean of the bets. Cut off at 1e304."""
    most = max(logs)
    return exp(min(_MOST, most + log(sum(exp(one - most) for one in logs) / len(logs))))


def times_until(logs: Sequence[float], wanted: float) -> float | None:
    """How many times as many requests of this kind make `wanted` (> 1); None: no number of them does, or none in sight.

    The e-value of x times the requests is convex in x and 1 at 0, so it passes `wanted` once, if it grows at all.
    """
    if max(logs) < _TINY:
        return None
    low, high = 0.0, 1.0
    while evidence([high * one for one in logs]) < wanted:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if evidence([middle * one for one in logs]) >= wanted else (middle, high)
    return high
