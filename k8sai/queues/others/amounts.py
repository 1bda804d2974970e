"""Amounts in objects of other schedulers, which nobody has checked."""

from decimal import Decimal
from typing import Any

from k8sai.quantity import BadQuantity, parse


def amount(raw: Any) -> Decimal:
    """0 where it is no quantity."""
    try:
        return parse(raw)
    except BadQuantity:
        return Decimal(0)
