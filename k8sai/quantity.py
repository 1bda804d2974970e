"""Kubernetes quantities: `8`, `500m`, `80Gi`, `1k`, `1e3`. Exact, and strict about what the API server would refuse.

Source: apimachinery `pkg/api/resource`, the grammar at the top of quantity.go.
"""

import re
from decimal import ROUND_CEILING, Context, Decimal
from functools import lru_cache

from k8sai.errors import Usage

_PATTERN = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)")
_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(1 << 10),
    "Mi": Decimal(1 << 20),
    "Gi": Decimal(1 << 30),
    "Ti": Decimal(1 << 40),
    "Pi": Decimal(1 << 50),
    "Ei": Decimal(1 << 60),
}
_NANO = Decimal("1e-9")
_EXACT = Context(prec=120)  # wider than any legal digits times any suffix
_MAX_DIGITS = 60
_MAX_EXPONENT = 30  # beyond any machine; keeps a hostile `1e999999999` from costing memory

Raw = str | int | float


class BadQuantity(Usage):
    """The text is not a quantity."""


@lru_cache(maxsize=16384)
def parse(raw: Raw) -> Decimal:
    """The exact value in base units (cores, bytes, devices). Raises BadQuantity.

    Finer than a billionth is rounded up to it, as the API server does.
    """
    text = raw if isinstance(raw, str) else repr(raw)
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise BadQuantity(f"{text!r} is not a Kubernetes quantity: a number with an optional suffix (m, k, Mi, Gi, …)")
    sign, digits, exponent, suffix = match.groups()
    if exponent and abs(int(exponent[1:])) > _MAX_EXPONENT:
        raise BadQuantity(f"{text!r} is not a Kubernetes quantity: the exponent is out of range")
    if len(digits) > _MAX_DIGITS:
        raise BadQuantity(f"{text[:20]}… is not a Kubernetes quantity: it has too many digits")
    value = _EXACT.create_decimal(digits + (exponent or ""))
    if suffix:
        value = _EXACT.multiply(value, _SUFFIX[suffix])
    value = value.quantize(_NANO, rounding=ROUND_CEILING, context=_EXACT)
    return _EXACT.minus(value) if sign == "-" else value


@lru_cache(maxsize=16384)
def whole(raw: Raw) -> int:
    """The value in base units, rounded up to a whole number (Quantity.Value()): bytes, devices. Raises BadQuantity."""
    return int(parse(raw).to_integral_value(rounding=ROUND_CEILING))


@lru_cache(maxsize=16384)
def milli(raw: Raw) -> int:
    """The value in thousandths, rounded up (Quantity.MilliValue()): CPU. Raises BadQuantity."""
    return int(_EXACT.multiply(parse(raw), Decimal(1000)).to_integral_value(rounding=ROUND_CEILING))


def binary(value: int) -> str:
    """Bytes as people read them: the largest binary suffix that keeps the number exact (`80Gi`)."""
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        unit = int(_SUFFIX[suffix])
        if value and value % unit == 0:
            return f"{value // unit}{suffix}"
    return str(value)


def decimal(value: int) -> str:
    """Bytes by the largest decimal suffix that keeps the number exact (`100M`)."""
    for suffix in "EPTGMk":
        unit = int(_SUFFIX[suffix])
        if value and value % unit == 0:
            return f"{value // unit}{suffix}"
    return str(value)
