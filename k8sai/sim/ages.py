"""Times as kubectl shows them.

Source: apimachinery `pkg/util/duration` and the server's translateTimestampSince.
"""

from typing import Any

from k8sai.sim.objects import epoch


def human(seconds: float) -> str:
    """`95s`, `5m10s`, `3h25m`, `2d4h`, `12d`, `2y34d`."""
    s = int(seconds)
    if s < -1:
        return "<invalid>"
    if s < 0:
        return "0s"
    minutes, hours, days = s // 60, s // 3600, s // 86400
    if s < 120:
        return f"{s}s"
    if minutes < 10:
        return _pair(minutes, "m", s % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    years = days // 365
    if hours < 24 * 365 * 8:
        return _pair(years, "y", days % 365, "d")
    return f"{years}y"


def since(text: Any, now: float) -> str:
    """The age of an RFC 3339 time."""
    return human(now - epoch(str(text))) if text else "<unknown>"


def _pair(first: int, unit: str, rest: int, small: str) -> str:
    return f"{first}{unit}{rest}{small}" if rest else f"{first}{unit}"
