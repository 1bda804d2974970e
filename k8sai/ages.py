"""Times and how long ago they were, as Kubernetes writes them and kubectl says them; durations as people write them.

Source: apimachinery `pkg/util/duration` HumanDuration.
"""

import re
from datetime import UTC, datetime

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def epoch(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment.timestamp()


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC to the whole second below, as metav1.Time; of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(text: str) -> float:
    """Seconds of `90s`, `5m`, `1h30m`, `7d`. Raises ValueError."""
    parts = list(_PART.finditer(text))
    if not parts or "".join(part.group() for part in parts) != text:
        raise ValueError(f"{text!r} is not a duration: write it as 90s, 5m, 1h30m")
    return sum(float(part.group(1)) * _SECONDS[part.group(2)] for part in parts)


def human(seconds: float) -> str:
    """`95s`, `5m10s`, `3h25m`, `2d4h`, `12d`, `2y34d`; `<invalid>` for a time to come."""
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
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    years = days // 365
    return _pair(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _pair(first: int, unit: str, rest: int, small: str) -> str:
    return f"{first}{unit}{rest}{small}" if rest else f"{first}{unit}"
