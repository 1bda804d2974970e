"""Rollouts as chance would have them: requests split at random, and bad at random."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from random import Random

from k8sai.canary.gate_gathered import Window


@cache
def _below(n: int, share: float) -> list[float]:
    """P(X <= k) of Binomial(n, share), until it is 1."""
    chance = (1 - share) ** n
    found = [chance]
    for k in range(n):
        chance *= (n - k) / (k + 1) * share / (1 - share)
        found.append(found[-1] + chance)
        if 1 - found[-1] < 1e-13 and k > n * share:
            break
    return found


def drawn(random: Random, n: int, share: float) -> int:
    """How many of n happen."""
    if not 0 < share < 1:
        return n if share >= 1 else 0
    table = _below(n, share)
    return min(bisect_left(table, random.random()), len(table) - 1)


def windows(random: Random, *, canary: float, stable: float, requests: int, split: float, of: int) -> Iterator[Window]:
    """So many intervals with so many requests each, of which each side breaks its share."""
    for _ in range(of):
        canary_all = drawn(random, requests, split)
        stable_all = requests - canary_all
        yield Window(drawn(random, canary_all, canary), canary_all, drawn(random, stable_all, stable), stable_all)
