"""Durations as people and Go write them: `90s`, `5m`, `1h30m`; and ranges `5m..20m` that scenarios may give."""

import random
import re

from k8sai.errors import Usage

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """The duration in seconds. Raises Usage."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(p.group() for p in parts) != text:
        raise Usage(f"{text!r} is not a duration: write it as 90s, 5m, 1h30m")
    return sum(float(p.group(1)) * _SECONDS[p.group(2)] for p in parts)


def between(text: str, chance: random.Random) -> float:
    """Seconds of a duration, or drawn from a range of two. Raises Usage."""
    low, dots, high = text.partition("..")
    if not dots:
        return seconds(text)
    shortest, longest = seconds(low), seconds(high)
    if longest < shortest:
        raise Usage(f"{text!r} is not a range: the first duration is longer than the second")
    return chance.uniform(shortest, longest)
