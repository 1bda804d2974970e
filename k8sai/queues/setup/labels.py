"""The labels that select a group of nodes and no others: as few as can be, those that mean something first.

A ResourceFlavor selects by equality of labels alone (at most eight). Of the nodes that have its labels, those with a
taint that the flavor does not tolerate are out of its pods' reach.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

from k8sai.fleet.products import LABELS
from k8sai.queues.setup.from_nodes import Machine

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


class Labels:
    """The labels of all nodes: a bit per node for each of them, so that a question costs a few operations."""

    def __init__(self, nodes: Sequence[Machine]) -> None:
        self._places = {one.name: place for place, one in enumerate(nodes)}
        having: dict[tuple[str, str], list[int]] = {}
        tainted: dict[tuple[tuple[str, str, str], ...], list[int]] = {}
        for place, one in enumerate(nodes):
            tainted.setdefault(one.taints, []).append(place)
            for label in one.labels.items():
                having.setdefault(label, []).append(place)
        self._having = {label: _bits(places) for label, places in having.items()}
        self._tainted = {taints: _bits(places) for taints, places in tainted.items()}

    def choose(self, group: Sequence[Machine], tolerated: _Taints) -> dict[str, str] | None:
        """Labels that every node of the group has and no other within reach of who tolerates these taints.

        None: there are none. At least one is given where the group has any: a flavor with a topology needs it.
        """
        allowed = frozenset(tolerated)
        others = 0
        for taints, nodes in self._tainted.items():
            others |= nodes if allowed.issuperset(taints) else 0
        others &= ~_bits([self._places[one.name] for one in group])
        shared = _shared(group)
        keys = sorted(shared, key=lambda key: (_rank(key), key))
        chosen = _fewest(keys, {key: self._having[key, shared[key]] for key in keys}, others)
        return None if chosen is None else {key: shared[key] for key in chosen}


def _fewest(keys: Sequence[str], having: Mapping[str, int], others: int) -> Sequence[str] | None:
    """The fewest that together let none of the others in."""
    if not keys or _left(keys, having, others):
        return None
    for size in range(1, min(_TRIED, len(keys)) + 1):
        for some in combinations(keys, size):
            if not _left(some, having, others):
                return _with_product(some, keys)
    chosen = _greedy(keys, having, others)
    return chosen if len(chosen) <= _MOST else None


def _bits(places: Iterable[int]) -> int:
    """A number with these bits set."""
    listed = list(places)
    found = bytearray(max(listed, default=0) // 8 + 1)
    for place in listed:
        found[place // 8] |= 1 << place % 8
    return int.from_bytes(found, "little")


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


def _left(keys: Iterable[str], having: Mapping[str, int], others: int) -> int:
    """Those of the others that have all the labels."""
    for key in keys:
        others &= having[key]
    return others


def _with_product(some: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    """The product first, also where another label alone would do: it is what a person looks for."""
    product = keys[:1] if keys[0] in _PRODUCTS else ()
    return tuple(dict.fromkeys((*product, *some)))


def _greedy(keys: Sequence[str], having: Mapping[str, int], others: int) -> list[str]:
    """Keys that together let nobody in, none without effect."""
    chosen: list[str] = []
    for key in keys:
        if others & having[key] != others:
            chosen.append(key)
            others &= having[key]
    return chosen
