"""Amounts, times and conditions as they stand in Kueue's objects."""

from collections.abc import Mapping
from typing import Any

from k8sai.ages import epoch
from k8sai.quantity import BadQuantity, milli, whole
from k8sai.queues.facts import Condition, Json


def amounts(found: Mapping[str, Any] | None) -> dict[str, int]:
    """Quantities in Kueue's units; what is no quantity is left out."""
    return {
        str(name): amount for name, raw in (found or {}).items() if (amount := quantity(str(name), raw)) is not None
    }


def quantity(resource: str, raw: Any) -> int | None:
    """cpu in thousandths, everything else whole. None where it is no quantity."""
    try:
        return milli(raw) if resource == "cpu" else whole(raw)
    except (BadQuantity, TypeError):
        return None


def conditions(status: Json) -> tuple[Condition, ...]:
    """Of a status, in the order they stand there."""
    return tuple(
        Condition(
            str(one.get("type") or ""),
            one.get("status") == "True",
            str(one.get("reason") or ""),
            str(one.get("message") or ""),
            moment(one.get("lastTransitionTime")),
        )
        for one in status.get("conditions") or ()
    )


def moment(stamp: Any) -> float:
    """Seconds since 1970; 0 where there is no time."""
    try:
        return epoch(str(stamp)) if stamp else 0.0
    except ValueError:
        return 0.0


def part(obj: Json, key: str) -> Json:
    """An object within it; empty where there is none."""
    found = obj.get(key)
    return found if isinstance(found, dict) else {}
