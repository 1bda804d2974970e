"""Weights of two destinations and the canary's percent of their sum.

Gateway API: a destination gets weight / sum of all weights, whole numbers from 0 to 1,000,000. Hundredths of one
hundred say every whole percent exactly, so what is written comes back as it was meant.
"""

from fractions import Fraction

from k8sai.errors import Refused


def percent_of(stable: int, canary: int) -> float:
    """Of the canary, 0 to 100; 0 where neither gets anything."""
    total = stable + canary
    return float(Fraction(100 * canary, total)) if total else 0.0


def weights_for(percent: int) -> tuple[int, int]:
    """(stable, canary) for a whole percent."""
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percent")
    return 100 - percent, percent


def checked(percent: int) -> int:
    """The same, where a server would take -1 and 101 as well. Raises Refused."""
    if not 0 <= percent <= 100:
        raise Refused(f"{percent} is no percent: 0 to 100", "a weight in that range")
    return percent
