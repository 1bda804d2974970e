"""Durations as people and Go write them: `90s`, `5m`, `1h30m`; and ranges `5m..20m` that scenarios may give."""

import random

from k8sai.ages import duration
from k8sai.errors import Usage


def seconds(text: str) -> float:
    """The duration in seconds. Raises Usage."""
    try:
        return duration(text)
    except ValueError as error:
        raise Usage(str(error)) from None


def between(text: str, chance: random.Random) -> float:
    """Seconds of a duration, or drawn from a range of two. Raises Usage."""
    low, dots, high = text.partition("..")
    if not dots:
        return seconds(text)
    shortest, longest = seconds(low), seconds(high)
    if longest < shortest:
        raise Usage(f"{text!r} is not a range: the first duration is longer than the second")
    return chance.uniform(shortest, longest)
