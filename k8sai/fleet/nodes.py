"""What the fleet keeps of a node: its supply of GPUs and what is taken of it, in about a kibibyte."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.facts import Node, Resources
from k8sai.fleet.answers import Kind
from k8sai.fleet.labels import Labels, LabelStore
from k8sai.fleet.pods import PodEntry
from k8sai.fleet.products import CLIQUE, labelled, product, zone
from k8sai.fleet.requests import count
from k8sai.fleet.resources import HAMI_REGISTER, VOLCANO_REGISTER, Rule, Rules, weigh

if TYPE_CHECKING:
    from k8sai.fleet.glance import Glance


@dataclass(frozen=True, slots=True)
class Unit:
    """What one unit of a resource is on a kind of node; nodes alike share one.

    `weight` is its share of a card. `primary` is set where another resource of the node counts the same silicon. DRA
    devices are counted in shares of a card directly: there the weight is 1.
    """

    resource: str
    family: str
    kind: Kind
    weight: int
    product: str
    primary: str = ""
    dra: bool = False


class Line:
    """One resource of one node, in native units; `extra`, `spare` and `best` are shares of a card.

    `extra` is held through another name of the same silicon. `spare` is held but takes nothing away from what is free:
    an unhealthy DRA device, or one that its slice no longer shows. `best` is the most a new claim could get, `leaked`
    is held by claims that no pod may use (DRA only).
    """

    __slots__ = (
        "allocatable",
        "best",
        "capacity",
        "extra",
        "leaked",
        "pods",
        "reserved",
        "spare",
        "terminating",
        "unit",
        "used",
    )

    def __init__(self, unit: Unit, capacity: int = 0, allocatable: int = 0) -> None:
        self.unit = unit
        self.capacity = capacity
        self.allocatable = allocatable
        self.used = self.reserved = self.terminating = self.pods = 0
        self.extra = self.spare = self.best = self.leaked = 0

    @property
    def free(self) -> int:
        """Shares of a card; negative where more is held than there is."""
        return (self.allocatable - self.used) * self.unit.weight - self.extra + self.spare

    @property
    def idle(self) -> bool:
        """Nothing is there and nobody holds or reserves any: the line may go."""
        return not (self.capacity or self.allocatable or self.used or self.reserved or self.extra or self.pods)


# The order in which DRA pools tell what they add to a line.
DRA_SUMS: Final = ("capacity", "allocatable", "used", "spare", "best", "terminating", "leaked", "pods")
Supply = tuple[tuple[Unit, int, int], ...]  # unit, capacity, allocatable


class NodeEntry:
    """A node, or the name of one that pods hold GPUs on while it does not exist (`known` is false)."""

    __slots__ = (
        "allocatable",
        "capacity",
        "created",
        "free",
        "glance",
        "known",
        "labels",
        "largest",
        "leaked",
        "lines",
        "name",
        "pods",
        "product",
        "ready",
        "register",
        "reserved",
        "schedulable",
        "supply",
        "taints",
        "terminating",
        "uid",
        "used",
        "zone",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, Line] = {}
        self.pods: list[PodEntry] = []
        # Sums over the lines, in shares of a card; the ledger keeps them.
        self.capacity = self.allocatable = self.used = self.free = self.reserved = self.terminating = self.largest = 0
        self.leaked = 0
        self.glance: Glance | None = None  # kept until the node changes
        self.forget()

    def forget(self) -> None:
        """What is left when the node itself is gone: its name, and who still holds it."""
        self.known = self.ready = False
        self.schedulable = True
        self.uid = self.product = self.zone = self.created = self.register = ""
        self.taints: tuple[str, ...] = ()
        self.labels = _NONE
        self.supply: Supply = ()

    @property
    def usable(self) -> bool:
        """A new pod may start here."""
        return self.known and self.ready and self.schedulable

    @property
    def unhealthy(self) -> int:
        return self.capacity - self.allocatable

    @property
    def clique(self) -> str:
        return self.labels.get(CLIQUE, "")

    @property
    def gpu(self) -> bool:
        """The node has GPUs, had them, says it has them, or somebody holds some there."""
        return bool(self.lines or self.supply or self.product) or any(pod.gpu for pod in self.pods)

    @property
    def bare(self) -> bool:
        """Nobody knows the node and nobody holds anything there: the entry may go."""
        return not (self.known or self.pods or self.lines)


_NONE: Final = Labels()


class NodeReader:
    """Reads node facts, and lets nodes alike share what is alike."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._labels = LabelStore()
        self._units: dict[Unit, Unit] = {}
        self._supplies: dict[Supply, Supply] = {}
        self._taints: dict[tuple[str, ...], tuple[str, ...]] = {}

    def labels(self, node: Node) -> Labels:
        """The node's labels, shared with nodes alike."""
        return self._labels.keep(node.metadata.name, node.metadata.labels or {})

    def read(self, node: Node, labels: Labels, entry: NodeEntry) -> None:
        """Put what the node says into the entry, all but its supply; `supply` reads that."""
        meta, spec = node.metadata, node.spec
        entry.known = True
        entry.uid = meta.uid
        entry.created = meta.creation_timestamp or ""
        entry.ready = any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or ())
        entry.schedulable = not spec.unschedulable
        taints = tuple(_taint(taint.key, taint.value, taint.effect) for taint in spec.taints or ())
        entry.taints = self._taints.setdefault(taints, taints)
        entry.labels = labels
        entry.zone = sys.intern(zone(labels))
        entry.product = sys.intern(labelled(labels))
        annotations = meta.annotations or {}
        entry.register = annotations.get(HAMI_REGISTER) or annotations.get(VOLCANO_REGISTER) or ""

    def supply(self, node: Node) -> Supply:
        """The GPU resources the node has. Raises BadQuantity."""
        capacity = self._amounts(node.status.capacity)
        allocatable = self._amounts(node.status.allocatable)
        if not capacity and not allocatable:
            return ()
        labels, annotations = node.metadata.labels or {}, node.metadata.annotations or {}
        supply = tuple(
            (self.unit(name, labels, annotations, capacity), capacity.get(name, 0), allocatable.get(name, 0))
            for name in sorted(capacity.keys() | allocatable.keys())
        )
        return self._supplies.setdefault(supply, supply)

    def unit(
        self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], capacity: Mapping[str, int]
    ) -> Unit:
        """What a unit of the resource is on a node like this."""
        rule = self._rules.classify(name) or _UNKNOWN
        kind, weight = weigh(rule, name, labels, annotations, capacity)
        primary = rule.same_as if rule.same_as in capacity else ""
        return self.same(Unit(name, rule.family, kind, weight, product(labels, rule.family), primary))

    def same(self, unit: Unit) -> Unit:
        """The one unit object of equal units."""
        return self._units.setdefault(unit, unit)

    def _amounts(self, resources: Resources | None) -> dict[str, int]:
        classify = self._rules.classify
        return {name: count(name, raw) for name, raw in (resources or {}).items() if classify(name) is not None}


_UNKNOWN: Final = Rule("", "", "card")


def _taint(key: str, value: str, effect: str) -> str:
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"
