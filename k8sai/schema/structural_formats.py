"""String formats that custom resources can ask for; others are ignored, as the server ignores them.

Credit cards, book numbers, colors of three numbers and the like, which the server knows as well, are let through here.

Source: apiextensions-apiserver `pkg/apiserver/validation/formats.go`, kube-openapi `pkg/validation/strfmt`.
"""

import binascii
import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import urlsplit

_UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})")
_DURATION: Final = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_PART: Final = re.compile(r"([0-9]+)\s*([A-Za-zµ]+)")
_EXACT_UNITS = frozenset(["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"])
_LONG_UNITS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_HOST_LABEL: Final = re.compile(r"[^\W_](?:[-\w]*[^\W_])?")
_MAC: Final = re.compile(
    r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2,9}[0-9a-f]{4}", re.I
)
_EMAIL: Final = re.compile(r"(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?")
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")


def known(name: str) -> str:
    """The format without its dashes where strings of it are looked at; empty where it is ignored."""
    plain = name.replace("-", "")
    return plain if plain in _FORMATS else ""


def holds(name: str, text: str) -> bool:
    """Whether a string has a known format."""
    return _FORMATS[name](text)


def is_date(text: str) -> bool:
    """`2026-11-21`."""
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_datetime(text: str) -> bool:
    """RFC 3339, with a zone."""
    day, found, time = text.lower().partition("t")
    match = _TIME.match(time) if found and is_date(day) else None
    return match is not None and match[1] <= "23" and match[2] <= "59" and match[3] <= "59"


def is_duration(text: str) -> bool:
    """`1h30m` as Go reads it, or `5 minutes`."""
    if _DURATION.fullmatch(text):
        return True
    return any(_is_unit(unit.lower()) for _, unit in _PART.findall(text))


def _is_unit(unit: str) -> bool:
    return unit in _EXACT_UNITS or unit.startswith(_LONG_UNITS)


def is_uri(text: str) -> bool:
    """What Go's ParseRequestURI takes: an absolute URI, or an absolute path."""
    if not text or _CONTROL.search(text):
        return False
    if not text.startswith("/") and not _SCHEME.match(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.port is None or parts.port >= 0
    except ValueError:
        return False


def is_hostname(text: str) -> bool:
    """Labels of letters, digits and dashes."""
    labels = text.split(".")
    return len(text) <= 255 and all(len(one) <= 63 and _HOST_LABEL.fullmatch(one) for one in labels)


def is_base64(text: str) -> bool:
    """Standard base64 with padding."""
    try:
        return bool(text) and bool(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def is_ip(text: str, version: int) -> bool:
    """An address of that version; leading zeros of an IPv4 address are tolerated."""
    try:
        return ipaddress.ip_address(_sloppy(text)).version == version
    except ValueError:
        return False


def is_cidr(text: str) -> bool:
    """An address and a length; bits of the host may be set."""
    if "/" not in text:
        return False
    try:
        return bool(ipaddress.ip_interface(_sloppy(text)))
    except ValueError:
        return False


def _sloppy(text: str) -> str:
    return re.sub(r"(^|\.)0+(?=[0-9])", r"\1", text) if ":" not in text else text


def _pattern(text: str, flags: int = 0) -> Callable[[str], bool]:
    pattern = re.compile(text, flags)
    return lambda value: pattern.fullmatch(value) is not None


def _uuid(version: str, variant: str = "") -> Callable[[str], bool]:
    return _pattern(_UUID % (version or "[0-9a-f]", variant or "[0-9a-f]"), re.I)


_FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "byte": is_base64,
    "cidr": is_cidr,
    "date": is_date,
    "datetime": is_datetime,
    "duration": is_duration,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hexcolor": _pattern("#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": is_hostname,
    "ipv4": lambda text: is_ip(text, 4),
    "ipv6": lambda text: is_ip(text, 6),
    "k8slongname": lambda text: len(text) <= 253 and all(map(_LABEL.fullmatch, text.split("."))),
    "k8sshortname": lambda text: len(text) <= 63 and _LABEL.fullmatch(text) is not None,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "password": lambda text: True,
    "uri": is_uri,
    "uuid": _uuid("", ""),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89ab]"),
    "uuid5": _uuid("5", "[89ab]"),
}
