"""Shares of a card as whole numbers, so that running sums are exact whatever the order of events."""

from fractions import Fraction
from functools import lru_cache
from math import lcm

# One card. Every share 1/1 .. 1/32 is a whole number of these; finer ones round to less than a trillionth of a card.
CARD = lcm(*range(1, 33))


def part(amount: int | Fraction, whole: int | Fraction = 1) -> int:
    """`amount / whole` of a card; nothing where there is no whole."""
    return round(Fraction(amount) * CARD / Fraction(whole)) if whole else 0


@lru_cache(maxsize=4096)  # a handful of shares is asked for over and over
def cards(share: int) -> float:
    """The share as people read it: cards, six decimals; a whole number of cards is exactly whole."""
    return round(share / CARD, 6) + 0.0
