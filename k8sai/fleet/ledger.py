"""The running sums: per unit of supply, per namespace, per queue, and what pending pods ask for.

Everything is a whole number (native units, or shares of a card), so adding and taking away in any order ends the same.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from k8sai.fleet.answers import Figures, Kind, Total
from k8sai.fleet.nodes import Line, NodeEntry, Unit
from k8sai.fleet.shares import CARD, cards

_MOST_NUMBERS = 10_000


class UnitSums:
    """All lines of one unit. `free` and `blocked` are shares of a card, the rest as in `Line`."""

    __slots__ = (
        "allocatable",
        "blocked",
        "capacity",
        "extra",
        "free",
        "leaked",
        "lines",
        "nodes",
        "pods",
        "reserved",
        "terminating",
        "used",
    )

    def __init__(self) -> None:
        self.capacity = self.allocatable = self.used = self.reserved = self.terminating = self.extra = 0
        self.free = self.blocked = self.leaked = self.nodes = self.lines = self.pods = 0


class Party:
    """What one namespace or queue holds (shares of a card) and asks for (native units per demand)."""

    __slots__ = ("demands", "pending_pods", "pods", "reserved", "terminating", "used")

    def __init__(self) -> None:
        self.used = self.reserved = self.terminating = self.pods = self.pending_pods = 0
        self.demands: dict[str, int] = {}

    @property
    def empty(self) -> bool:
        return not (self.pods or self.used or self.reserved or self.pending_pods or self.demands)


class Ledger:
    """Sums that are kept, never recomputed; a read costs the number of units and parties, not of nodes and pods."""

    def __init__(self) -> None:
        self._units: dict[Unit, UnitSums] = {}
        self._numbers: dict[int, int] = {}
        self.namespaces: dict[str, Party] = {}
        self.queues: dict[str, Party] = {}
        self.demands: dict[tuple[str, str], int] = {}  # (resource or class, product insisted on) -> native units

    @property
    def units(self) -> dict[Unit, UnitSums]:
        """The units that some node has a line of."""
        if any(not sums.lines for sums in self._units.values()):
            self._units = {unit: sums for unit, sums in self._units.items() if sums.lines}
        return self._units

    def enter(self, node: NodeEntry) -> None:
        """Count the node as it is now, and keep its own sums."""
        node.capacity = node.allocatable = node.used = node.free = 0
        node.reserved = node.terminating = node.largest = node.leaked = 0
        for line in node.lines.values():
            self._count(node, line, 1)
        # Nodes alike have the same sums: 100,000 of them need not keep five large numbers each.
        same = self._numbers
        node.capacity = same.setdefault(node.capacity, node.capacity)
        node.allocatable = same.setdefault(node.allocatable, node.allocatable)
        node.used = same.setdefault(node.used, node.used)
        node.free = same.setdefault(node.free, node.free)
        node.largest = same.setdefault(node.largest, node.largest)
        if len(same) > _MOST_NUMBERS:
            same.clear()

    def leave(self, node: NodeEntry) -> None:
        """Take back what `enter` counted; the node must not have changed since."""
        for line in node.lines.values():
            self._count(node, line, -1)

    def _count(self, node: NodeEntry, line: Line, sign: int) -> None:
        unit = line.unit
        weight = unit.weight
        sums = self._units.get(unit)
        if sums is None:
            sums = self._units[unit] = UnitSums()
        free = line.free if node.known else 0
        silent = bool(unit.primary)
        if node.known:
            sums.capacity += sign * line.capacity
            sums.allocatable += sign * line.allocatable
        sums.used += sign * line.used
        sums.reserved += sign * line.reserved
        sums.terminating += sign * line.terminating
        sums.extra += sign * line.extra
        sums.leaked += sign * line.leaked
        sums.pods += sign * line.pods
        sums.lines += sign
        if node.known and line.capacity and node.name:
            sums.nodes += sign
        usable = node.usable
        if not silent:
            sums.free += sign * free
            if free > 0 and not usable:
                sums.blocked += sign * free
        if sign > 0:
            node.reserved += line.reserved * weight
            node.terminating += line.terminating * weight
            node.leaked += line.leaked
            if not silent:
                if node.known:
                    node.capacity += line.capacity * weight
                    node.allocatable += line.allocatable * weight
                node.used += line.used * weight + line.extra
                node.free += free
            if usable:
                room = line.best if unit.dra else _room(line, free)
                node.largest = max(node.largest, room)

    def party(self, namespace: str, queue: str) -> "tuple[Party, ...]":
        """The namespace's sums, and the queue's if there is one."""
        party = self.namespaces.get(namespace)
        if party is None:
            party = self.namespaces[namespace] = Party()
        if not queue:
            return (party,)
        of_queue = self.queues.get(queue)
        if of_queue is None:
            of_queue = self.queues[queue] = Party()
        return (party, of_queue)

    def tidy(self, namespace: str, queue: str) -> None:
        """Forget parties that neither hold nor ask."""
        if namespace in self.namespaces and self.namespaces[namespace].empty:
            del self.namespaces[namespace]
        if queue in self.queues and self.queues[queue].empty:
            del self.queues[queue]

    def demand(self, parties: Iterable[Party], resource: str, product: str, amount: int) -> None:
        """Pending pods ask for more (or less) of a resource or device class."""
        _shift(self.demands, (resource, product), amount)
        for party in parties:
            _shift(party.demands, resource, amount)

    # --- answers ------------------------------------------------------------------------------------------------------

    def totals(self, worth: "Worth") -> Figures:
        pending = sum(round(amount * worth.of(resource)) for (resource, _), amount in self.demands.items())
        return _figures(self.units.items(), pending)

    def by_kind(self, worth: "Worth") -> dict[Kind, Figures]:
        """Native units per kind: a MIG slice is one, a shared replica is one."""
        asked: dict[Kind, int] = {}
        for (resource, _), amount in self.demands.items():
            kind = worth.kind(resource)
            asked[kind] = asked.get(kind, 0) + worth.native(resource, amount)
        kinds = {unit.kind for unit in self.units} | asked.keys()
        return {
            kind: _native([(unit, sums) for unit, sums in self.units.items() if unit.kind == kind], asked.get(kind, 0))
            for kind in sorted(kinds)
        }

    def products(self, worth: "Worth") -> tuple[Total, ...]:
        """One line per product, kind and resource; demand that any product would meet has a line without a name."""
        groups: dict[tuple[str, str, str], list[tuple[Unit, UnitSums]]] = {}
        for unit, sums in self.units.items():
            if unit.kind != "monitor":
                key = (unit.product, unit.primary or unit.resource, unit.kind if not unit.primary else "card")
                groups.setdefault(key, []).append((unit, sums))
        asked = self._asked_of(groups)
        totals = [
            Total(
                name=product or resource,
                figures=_figures(
                    entries,
                    sum(round(amount * worth.of(name)) for name, amount in asked.pop((product, resource, kind), ())),
                ),
                nodes=sum(sums.nodes for unit, sums in entries if not unit.primary),
                pods=sum(sums.pods for _, sums in entries),
                kind=kind,
                resource=resource,
            )
            for (product, resource, kind), entries in groups.items()
        ]
        for (product, resource, kind), demands in asked.items():
            pending = sum(round(amount * worth.of(name)) for name, amount in demands)
            totals.append(Total(product, Figures(pending=cards(pending)), kind=kind, resource=resource))
        return tuple(
            sorted(totals, key=lambda total: (-total.figures.capacity, total.name, total.resource, total.kind))
        )

    def _asked_of(
        self, groups: Mapping[tuple[str, str, str], object]
    ) -> dict[tuple[str, str, str], list[tuple[str, int]]]:
        """Demand by the product line that would serve it."""
        asked: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
        for (resource, product), amount in self.demands.items():
            serving = [key for key in groups if key[1] == resource]
            fitting = [key for key in serving if key[0] == product] if product else serving
            key = fitting[0] if len(fitting) == 1 else (product, resource, "")
            asked.setdefault(key, []).append((resource, amount))
        return asked

    def parties(self, parties: Mapping[str, Party], worth: "Worth") -> tuple[Total, ...]:
        """What each namespace or queue holds and asks for, the largest holder first."""
        totals = (
            Total(
                name,
                Figures(
                    used=cards(party.used),
                    pending=cards(sum(round(amount * worth.of(what)) for what, amount in party.demands.items())),
                    reserved=cards(party.reserved),
                    terminating=cards(party.terminating),
                ),
                pods=party.pods,
                pending_pods=party.pending_pods,
            )
            for name, party in parties.items()
        )
        return tuple(sorted(totals, key=lambda total: (-total.figures.used, -total.figures.pending, total.name)))


Defaults = Callable[[str], tuple[Kind, int]]  # of a resource or device class: what a unit is, and its share of a card


class Worth:
    """What a unit of a resource is and is worth where no node says so: the most it is on any node, else the rule's.

    Who asks for `nvidia.com/gpu` may get a whole card, even where other nodes share theirs under the same name.
    """

    def __init__(self, units: Mapping[Unit, UnitSums], defaults: Defaults) -> None:
        self._most: dict[str, tuple[int, Kind]] = {}
        for unit, sums in units.items():
            # A driver may be called like a class; devices of a class are asked for by the piece.
            if unit.dra or not sums.capacity:
                continue
            known = self._most.get(unit.resource)
            if known is None or unit.weight > known[0]:
                self._most[unit.resource] = (unit.weight, unit.kind)
        self._defaults = defaults

    def of(self, resource: str) -> Fraction:
        known = self._most.get(resource)
        return Fraction(known[0] if known else self._defaults(resource)[1])

    def kind(self, resource: str) -> Kind:
        known = self._most.get(resource)
        return known[1] if known else self._defaults(resource)[0]

    def native(self, resource: str, amount: int) -> int:
        """The demand in native units times CARD; what is counted in shares of a card already is that."""
        return amount if self._defaults(resource)[1] == 1 else amount * CARD


Entry = tuple[Unit, UnitSums]


def _figures(entries: Iterable[Entry], pending: int) -> Figures:
    capacity = allocatable = used = free = blocked = reserved = terminating = leaked = 0
    for unit, sums in entries:
        reserved += sums.reserved * unit.weight
        terminating += sums.terminating * unit.weight
        leaked += sums.leaked
        if not unit.primary:
            capacity += sums.capacity * unit.weight
            allocatable += sums.allocatable * unit.weight
            used += sums.used * unit.weight + sums.extra
            free += sums.free
            blocked += sums.blocked
    return Figures(
        capacity=cards(capacity),
        allocatable=cards(allocatable),
        used=cards(used),
        free=cards(free),
        unhealthy=cards(capacity - allocatable),
        pending=cards(pending),
        blocked=cards(blocked),
        reserved=cards(reserved),
        terminating=cards(terminating),
        leaked=cards(leaked),
    )


def _native(entries: Iterable[Entry], pending: int) -> Figures:
    """Native units; those of DRA, which are kept in shares of a card, and the others on one scale."""
    capacity = allocatable = used = free = blocked = reserved = terminating = leaked = 0
    for unit, sums in entries:
        scale = 1 if unit.dra else CARD
        capacity += sums.capacity * scale
        allocatable += sums.allocatable * scale
        used += sums.used * scale
        reserved += sums.reserved * scale
        terminating += sums.terminating * scale
        leaked += sums.leaked
        free += sums.free if unit.dra else (sums.allocatable - sums.used) * scale
        blocked += sums.blocked * scale // unit.weight if unit.weight else 0
    return Figures(
        capacity=cards(capacity),
        allocatable=cards(allocatable),
        used=cards(used),
        free=cards(free),
        unhealthy=cards(capacity - allocatable),
        pending=cards(pending),
        blocked=cards(blocked),
        reserved=cards(reserved),
        terminating=cards(terminating),
        leaked=cards(leaked),
    )


def _room(line: Line, free: int) -> int:
    """The most one new pod could get of it: whole units, after what is reserved."""
    weight = line.unit.weight
    return max(free - line.reserved * weight, 0) // weight * weight if weight else 0


def _shift(sums: dict[Any, int], key: object, amount: int) -> None:
    total = sums.get(key, 0) + amount
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
