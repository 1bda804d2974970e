"""How much there is to give away, and to whom: sums that add up, in units that people write.

    nominal = allocatable of nodes that pods can be put on - headroom - what the nodes' own pods ask for

Everything is counted in whole cores and GiB, in favour of what is kept back; only headroom of what comes in whole
units (GPUs) is rounded down, so that on a single node a job of all its GPUs stays possible. Teams get their parts by
the largest remainder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from k8sai.queues.setup.flavors import Pool
from k8sai.queues.setup.from_nodes import countable

_GI, _MI = 1 << 30, 1 << 20


@dataclass(frozen=True, slots=True)
class Supply:
    """Of one resource of a flavor: allocatable - headroom - own = nominal, in Kueue's units, multiples of `unit`."""

    resource: str
    allocatable: int
    headroom: int
    own: int
    nominal: int
    unit: int = 1


def supplies(pool: Pool, headroom: Fraction, parties: int) -> dict[str, Supply]:
    """Of all resources that nodes of the flavor have. `parties` share it: units are small enough for all of them."""
    resources = dict.fromkeys(name for node in pool.counting for name, amount in node.allocatable.items() if amount)
    return {name: _supply(pool, name, headroom, parties) for name in sorted(resources, key=rank)}


def _supply(pool: Pool, resource: str, headroom: Fraction, parties: int) -> Supply:
    total = sum(node.allocatable.get(resource, 0) for node in pool.counting)
    unit = unit_of(resource, total, parties)
    there = total // unit
    own = min(there, ceil(Fraction(sum(node.own.get(resource, 0) for node in pool.counting), unit)))
    kept = floor(there * headroom) if countable(resource) else ceil(there * headroom)
    kept = min(kept, there - own)
    return Supply(resource, there * unit, kept * unit, own * unit, (there - own - kept) * unit, unit)


def split(total: int, weights: Sequence[Fraction], unit: int = 1) -> tuple[int, ...]:
    """Parts by weight, in whole units, that add up to `total`; what is left over goes by the largest remainder, then in
    order. A total that is no multiple of the unit leaves its rest with the last of these."""
    whole, rest = divmod(total, unit)
    all_weights = sum(weights, Fraction(0))
    exact = [whole * weight / all_weights for weight in weights]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: whole - sum(parts)]:
        parts[place] += 1
    given = [part * unit for part in parts]
    given[max(place for place, weight in enumerate(weights) if weight)] += rest
    return tuple(given)


def unit_of(resource: str, total: int, parties: int) -> int:
    """Cores and GiB where everybody gets a few of them; smaller where there is little."""
    if resource == "cpu":
        return 1000 if total >= 1000 * parties else 1
    if countable(resource):
        return 1
    return next((unit for unit in (_GI, _MI) if total >= unit * parties), 1)


def rank(resource: str) -> tuple[int, str]:
    """cpu, memory, storage, then devices by name: one order for all flavors, as Kueue wants it."""
    first = ("cpu", "memory", "ephemeral-storage")
    return (first.index(resource) if resource in first else len(first) + countable(resource), resource)
