"""How the screen says numbers, ages and times; figures and durations as `top --once` says them."""

import re
from datetime import datetime
from functools import lru_cache
from math import isnan
from typing import Final

from k8sai import ages
from k8sai.fleet.tables import amount

_VENDOR: Final = re.compile(r"^(NVIDIA|AMD[-_ ]Instinct|AMD|Tesla|Intel)[-_ ]")


def blank_zero(value: float) -> str:
    """A number, and nothing where there is nothing, so that the eye finds what is there."""
    return amount(value) if value else ""


def share(part: float, whole: float) -> str:
    """A percentage without decimals; 100% only when it is all, 0% when it is nothing, "" if nobody knows."""
    if not whole > 0 or isnan(part):
        return ""
    percent = part / whole * 100
    return f"{min(99, max(1, round(percent))) if 0 < percent < 100 else round(percent)}%"


def span(seconds: float) -> str:
    """A duration in words as short as they get."""
    return ages.human(max(0.0, seconds))


@lru_cache(maxsize=65_536)
def epoch(stamp: str) -> float:
    """Seconds since 1970 of an RFC 3339 time; 0 where there is none or it cannot be read."""
    try:
        return ages.epoch(stamp)
    except ValueError:
        return 0.0


def age(stamp: str, now: float) -> str:
    """How long ago a stamp was, or "" without one."""
    then = epoch(stamp) if stamp else 0.0
    return span(now - then) if then else ""


def clock(at: float) -> str:
    """The local time of day."""
    return datetime.fromtimestamp(at).strftime("%H:%M:%S")


def clean(text: str) -> str:
    """One line without control characters: what a cluster stores must not reach the terminal as commands."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def without_vendor(product: str) -> str:
    """A product where room is short: the part of its label that tells it from others."""
    return _VENDOR.sub("", product)
