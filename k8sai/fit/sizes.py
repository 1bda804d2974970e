"""How many pods of 1, 2, 4 and 8 GPUs would start now, by product: what fragments have left of the free cards."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from k8sai.fleet.resources import Rules
from k8sai.fleet.spare import Spare
from k8sai.fleet.way import Way
from k8sai.scheduling.nodes import NodeInfo, View

SIZES: Final = (1, 2, 4, 8)
_BLOCKING: Final = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Size:
    """One resource of one product: `pods` has for each of SIZES the number of pods of so many that would start now.

    The pods ask for no CPU and no memory, and tolerate taints whose key is a GPU resource. Of slices and replicas the
    sizes count those, not cards.
    """

    product: str
    resource: str
    kind: str
    free: float  # in native units, on nodes that take new pods
    largest: float
    pods: tuple[int, ...]


def sizes(spares: Iterable[Spare], view: View, rules: Rules, way: Way) -> tuple[Size, ...]:
    """A row per product and resource, the most free first."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, *(0.0 for _ in SIZES)])
    for spare in spares:
        way.give()
        node = view.nodes.get(spare.node)
        if not spare.usable or node is None or repels(node, rules):
            continue
        slots = node.allocatable.get("pods", 0) - len(node.pods)
        for line in spare.lines:
            row = found[line.product or spare.product, line.resource, line.kind]
            row[0] += line.free
            row[1] = max(row[1], line.largest)
            for at, size in enumerate(SIZES, 2):
                row[at] += max(0, min(slots, int((line.largest if line.dra else line.free) // size)))
    rows = [
        Size(product, resource, kind, round(row[0], 6), row[1], tuple(int(pods) for pods in row[2:]))
        for (product, resource, kind), row in found.items()
    ]
    return tuple(sorted(rows, key=lambda one: (-one.free, one.product, one.resource)))


def repels(node: NodeInfo, rules: Rules) -> str:
    """The taint that keeps ordinary GPU pods away, in words; empty where there is none."""
    for taint in node.taints:
        if taint.get("effect") in _BLOCKING and rules.classify(taint["key"]) is None:
            value = f"={taint['value']}" if taint.get("value") else ""
            return f"taint {taint['key']}{value}:{taint['effect']}"
    return ""
