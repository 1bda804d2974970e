"""Where Kueue placed the pods of a workload: per domain of the lowest level, how many.

Source: apis/kueue/v1beta2 of Kueue 0.19 (`slices`: common beginnings and ends of names are cut off) and v1beta1.
"""

from collections.abc import Iterator
from typing import Any

from k8sai.queues.facts import Json

Placed = tuple[tuple[str, ...], int]  # values of the levels that are kept, and pods


def placed(assignment: Json) -> Iterator[Placed]:
    """Of a topologyAssignment; the values may be of all levels, or of the host name alone."""
    for domain in assignment.get("domains") or ():
        yield tuple(map(str, domain.get("values") or ())), int(domain.get("count") or 0)
    for one in assignment.get("slices") or ():
        levels, counts = one.get("valuesPerLevel") or (), one.get("podCounts") or {}
        for number in range(int(one.get("domainCount") or 0)):
            yield tuple(_value(level, number) for level in levels), _count(counts, number)


def _value(level: dict[str, Any], number: int) -> str:
    if level.get("universal") is not None:
        return str(level["universal"])
    individual = level.get("individual") or {}
    roots = individual.get("roots") or ()
    root = str(roots[number]) if number < len(roots) else ""
    return f"{individual.get('prefix') or ''}{root}{individual.get('suffix') or ''}"


def _count(counts: dict[str, Any], number: int) -> int:
    if counts.get("universal") is not None:
        return int(counts["universal"])
    individual = counts.get("individual") or ()
    return int(individual[number]) if number < len(individual) else 0
