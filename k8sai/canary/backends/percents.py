"""Weights of two destinations and the canary's percent of their sum.

Gateway API: a destination gets weight / sum of all weights, whole numbers from 0 to 1,000,000. Hundredths of one
hundred say every whole percent exactly, so what is written comes back as it was meant.
"""

from fractions import Fraction


def percent_of(stable: int, canary: int) -> float:
    """Of the canary, 0 to 100; 0 where neither gets anything."""
    total = stable + canary
    return float(Fraction(100 * canary, total)) if total else 0.0


def weights_for(percent: int) -> tuple[int, int]:
    """(stable, canary) for a whole percent."""
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percent")
    return 100 - percent, percent
