"""Figures as documents write them."""

from functools import lru_cache
from math import isnan


@lru_cache(maxsize=4096)  # most numbers of a document are the same few
def number(value: float) -> float | None:
    """Whole numbers as integers, shares with at most six decimals, null where nothing is known."""
    if isnan(value):
        return None
    return int(value) if value == int(value) else round(value, 6)
