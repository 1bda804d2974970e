"""Amounts as people read them: `8`, `1500m`, `1Ti`."""

from collections.abc import Iterable

from k8sai.fleet.resources import classify
from k8sai.quantity import binary


def amount(resource: str, value: int) -> str:
    """In the resource's own notation: cores for cpu, bytes with a binary suffix for memory and storage."""
    if resource == "cpu":
        return f"{value // 1000}" if value % 1000 == 0 else f"{value}m"
    if resource in ("memory", "ephemeral-storage") or resource.startswith("hugepages-"):
        return f"-{binary(-value)}" if value < 0 else binary(value)
    return str(value)


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
