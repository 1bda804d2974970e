"""Whether the requests were split as the weights say: an exact binomial test, and how far off would matter.

Some gateways ignore weights between some kinds of backends (kgateway-dev/kgateway#11667, volcano-sh/kthena#1473), so
the split is measured, never assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

SURE: Final = 0.001  # a split as told looks like this at most so often
NEAR: Final = 0.05  # of the smaller share: so far off is honoured however many requests prove it
_NEAREST: Final = 0.1  # percent, where the smaller share is nothing


@dataclass(frozen=True, slots=True)
class Split:
    """`observed` is the canary's percent of the requests (None without any), `p` the two-sided p-value."""

    p: float
    observed: float | None
    honoured: bool


def honoured(percent: float, canary_n: int, stable_n: int) -> Split:
    """Of so many requests, with `percent` (0..100) meant for the canary. No requests contradict nothing."""
    n = canary_n + stable_n
    if n == 0:
        return Split(1.0, None, True)
    observed = 100 * canary_n / n
    p = two_sided(canary_n, n, percent / 100)
    near = max(NEAR * min(percent, 100 - percent), _NEAREST)
    return Split(p, observed, p >= SURE or abs(observed - percent) <= near)


def two_sided(k: int, n: int, share: float) -> float:
    """Twice the smaller tail of Binomial(n, share) at k, at most 1."""
    if share <= 0 or share >= 1:
        return 1.0 if k == (n if share >= 1 else 0) else 0.0
    return min(1.0, 2 * min(_at_most(k, n, share), _at_most(n - k, n, 1 - share)))


def _at_most(k: int, n: int, share: float) -> float:
    """P(X <= k): 1 minus the other tail where k is above the mean, so that both sums end soon."""
    if k >= n:
        return 1.0
    if k > n * share:
        return 1.0 - sum(_terms(n - k - 1, n, 1 - share))
    return sum(_terms(k, n, share))


def _terms(k: int, n: int, share: float) -> Iterator[float]:
    """The probabilities of k, k-1, … below the mean, until they do not matter."""
    first = term = exp(_log_chance(k, n, share))
    odds = (1 - share) / share
    while k >= 0 and term > 1e-18 * first:
        yield term
        term *= k / (n - k + 1) * odds
        k -= 1


def _log_chance(k: int, n: int, share: float) -> float:
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return ways + k * log(share) + (n - k) * log(1 - share)
