"""Amounts as people read them: `8`, `1500m`, `1Ti`."""

from collections.abc import Iterable

from k8sai.fleet.resources import classify
from k8sai.quantity import binary, decimal

_SMALL = 10_000  # bytes that are said one by one
_SHORT = 6  # characters of an amount
_UNITS = tuple((suffix, 1 << 10 * power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1))[::-1]


def amount(resource: str, value: int) -> str:
    """In the resource's own notation: cores for cpu, bytes with a binary suffix for memory and storage."""
    if resource == "cpu":
        return f"{value // 1000}" if value % 1000 == 0 else f"{value}m"
    if resource in ("memory", "ephemeral-storage") or resource.startswith("hugepages-"):
        return f"-{_bytes(-value)}" if value < 0 else _bytes(value)
    return str(value)


def apart(resource: str, one: int, other: int) -> tuple[str, str]:
    """Two amounts that differ, so that it is seen: to the byte where that is what it takes."""
    said = amount(resource, one), amount(resource, other)
    return said if said[0] != said[1] else (str(one), str(other))


def _bytes(value: int) -> str:
    """Exact where it is round (`80Gi`, `100M`), else about (`95.4Mi`): documents have every byte."""
    if value % 1024 == 0 or value < _SMALL:
        return binary(value)
    exact = decimal(value)
    if len(exact) <= _SHORT:
        return exact
    suffix, unit = next((suffix, unit) for suffix, unit in _UNITS if value >= unit)
    return f"{value / unit:.1f}{suffix}"


def gpu(resource: str) -> bool:
    """Whether the resource is counted as GPUs."""
    return classify(resource) is not None


def short(resource: str) -> str:
    """`GPU` for whole GPUs of any vendor, the name as it is for everything else."""
    return "GPU" if resource.endswith("/gpu") else resource


def short_names(resources: Iterable[str]) -> dict[str, str]:
    """Each by its short name; in full where two of them would be called the same."""
    every = set(resources)
    called = [short(one) for one in every]
    return {one: one if called.count(short(one)) > 1 else short(one) for one in every}
