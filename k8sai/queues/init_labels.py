"""The labels that select a group of nodes and no others: as few as can be, those that mean something first.

A ResourceFlavor selects by equality of labels alone (at most eight). Of the nodes that have its labels, those with a
taint that the flavor does not tolerate are out of its pods' reach.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from k8sai.fleet.products import LABELS
from k8sai.queues.from_nodes import Machine

MARK = "k8sai.dev/flavor"  # for nodes that nothing else tells apart
_PRODUCTS = (MARK, *(key for key in LABELS if not key.endswith("instance-type")))
_MOST = 8  # spec.nodeLabels of a ResourceFlavor
_MOST_PARTS = 16  # a label with more values names single nodes
_TRIED = 4  # labels in every combination; beyond that, one after the other
_RANKS = (  # what a label is about beside products, from what a person would choose to what is left
    re.compile(r".*(mig\.strategy|mig\.config|sharing-strategy|gpu\.replicas|gpu-partition-size)"),
    re.compile(r".*(node-?pool|node-?group|agentpool|/pool|^pool|instance-type|capacity-type|machine-type)"),
    re.compile(r"(nvidia|amd|gpu\.intel|habana|google|aws\.amazon)\.(com|ai)/.*"),
    re.compile(r"(?!.*kubernetes\.io/).*"),
)
# They change with an upgrade or a reboot, or say where a node is, which is no reason to be another flavor.
_PASSING = re.compile(
    r"kubernetes\.io/hostname|(failure-domain\.)?beta\.kubernetes\.io/.*|topology\..*|failure-domain\..*|.*clique.*"
    r"|feature\.node\.kubernetes\.io/.*|.*(version|timestamp|driver|cuda|kernel|mig\.config\.state|\.count|uuid).*"
)
_Taints = Iterable[tuple[str, str, str]]


def reachable(machine: Machine, labels: Mapping[str, str], tolerated: Collection[tuple[str, str, str]]) -> bool:
    """Whether pods of a flavor with these labels, which tolerate these taints, may run there."""
    if any(machine.labels.get(key) != value for key, value in labels.items()):
        return False
    return all(taint in tolerated for taint in machine.taints)


def choose(group: Sequence[Machine], nodes: Iterable[Machine], tolerated: _Taints) -> dict[str, str] | None:
    """Labels that every node of the group has and no other node within reach. None: there are none.

    At least one is given where the group has any: a flavor with a topology needs it.
    """
    members = {one.name for one in group}
    allowed = frozenset(tolerated)
    others = [one for one in nodes if one.name not in members and reachable(one, {}, allowed)]
    shared = _shared(group)
    lets_in = {key: _bits(others, key, value) for key, value in shared.items()}
    keys = sorted(shared, key=lambda key: (_rank(key), key))
    everybody = (1 << len(others)) - 1
    for size in range(1, min(_TRIED, len(keys)) + 1):
        for some in combinations(keys, size):
            if not _left(some, lets_in, everybody):
                return {key: shared[key] for key in _with_product(some, keys)}
    return _greedy(keys, shared, lets_in, everybody)


def parts(group: Sequence[Machine]) -> list[list[list[Machine]]]:
    """Ways to divide a group by the values of a label, the most telling first; nodes without it are a part too."""
    keys = {key for one in group for key in one.labels if not _PASSING.fullmatch(key)} - set(_shared(group))
    found = []
    for key in sorted(keys, key=lambda key: (_rank(key), key)):
        values: dict[str, list[Machine]] = {}
        for one in group:
            values.setdefault(one.labels.get(key, ""), []).append(one)
        if len(values) <= _MOST_PARTS:
            found.append([values[value] for value in sorted(values)])
    return found


def _shared(group: Sequence[Machine]) -> dict[str, str]:
    """Labels that all of them have with the same value, and that last."""
    first = group[0].labels
    return {
        key: value
        for key, value in first.items()
        if not _PASSING.fullmatch(key) and all(one.labels.get(key) == value for one in group)
    }


def _rank(key: str) -> int:
    if key in _PRODUCTS:
        return _PRODUCTS.index(key)
    kind = next((rank for rank, pattern in enumerate(_RANKS) if pattern.fullmatch(key)), len(_RANKS))
    return len(_PRODUCTS) + kind


def _bits(others: Sequence[Machine], key: str, value: str) -> int:
    """A bit for each of the others that has the label."""
    return sum(1 << place for place, one in enumerate(others) if one.labels.get(key) == value)


def _left(keys: Iterable[str], lets_in: Mapping[str, int], everybody: int) -> int:
    for key in keys:
        everybody &= lets_in[key]
    return everybody


def _with_product(some: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    """The product first, also where another label alone would do: it is what a person looks for."""
    product = keys[:1] if keys[0] in _PRODUCTS else ()
    return tuple(dict.fromkeys((*product, *some)))


def _greedy(
    keys: Sequence[str], shared: Mapping[str, str], lets_in: Mapping[str, int], left: int
) -> dict[str, str] | None:
    chosen: dict[str, str] = {}
    for key in keys:
        if left and left & lets_in[key] != left and len(chosen) < _MOST:
            chosen[key] = shared[key]
            left &= lets_in[key]
    return None if left or not chosen else chosen
