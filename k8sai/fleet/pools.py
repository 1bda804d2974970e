"""A DRA pool: its slices, the cards behind them, who holds what of each, and what that means for the nodes' sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from k8sai.fleet.claims import ClaimEntry, Result
from k8sai.fleet.shares import CARD
from k8sai.fleet.slices import CardShape, DeviceShape, Layout, SliceEntry, drawn, fullest

PoolKey = tuple[str, str]  # driver, pool
EMPTY: Final = Layout()


@dataclass(frozen=True, slots=True)
class State:
    """What a card adds to a node's line, in shares of a card; the fields are those of `nodes.Line`."""

    node: str
    product: str
    capacity: int = 0
    allocatable: int = 0
    used: int = 0
    spare: int = 0
    best: int = 0
    terminating: int = 0
    leaked: int = 0
    pods: int = 0

    @property
    def sums(self) -> tuple[int, ...]:
        """In the order of `SUMS`."""
        return (
            self.capacity,
            self.allocatable,
            self.used,
            self.spare,
            self.best,
            self.terminating,
            self.leaked,
            self.pods,
        )


class Hold:
    """A claim's grip on a device. `node` is where its pods are; they are counted with its first device only."""

    __slots__ = ("claim", "node", "pods", "result")

    def __init__(self, claim: ClaimEntry, result: Result, node: str, pods: int) -> None:
        self.claim = claim
        self.result = result
        self.node = node
        self.pods = pods


class Pool:
    """One pool of one driver, also one that claims name and no slice has shown yet."""

    __slots__ = (
        "base",
        "complete",
        "driver",
        "expected",
        "holds",
        "home",
        "layout",
        "name",
        "seen",
        "slices",
        "touched",
    )

    def __init__(self, driver: str, name: str) -> None:
        self.driver = driver
        self.name = name
        self.slices: dict[str, SliceEntry] = {}
        self.layout = EMPTY
        self.home = ""
        self.complete = True
        self.seen = self.expected = 0
        self.holds: dict[str, list[Hold]] = {}
        self.base: tuple[State, ...] = ()  # what the cards add while nobody holds any
        self.touched: dict[str, State] = {}  # of each card that somebody holds, what it adds instead

    @property
    def bare(self) -> bool:
        return not (self.slices or self.holds)

    def current(self) -> list[SliceEntry]:
        """The slices of the highest generation; older ones are on their way out."""
        newest = max((one.generation for one in self.slices.values()), default=0)
        return sorted((one for one in self.slices.values() if one.generation == newest), key=lambda one: one.name)

    def measure(self, current: list[SliceEntry]) -> None:
        """Read off the slices where the pool is and whether all of it is there."""
        nodes = {one.node for one in current if one.shapes} or {one.node for one in current}
        self.home = nodes.pop() if len(nodes) == 1 else ""
        self.seen, self.expected = len(current), max((one.count for one in current), default=0)
        self.complete = self.seen >= self.expected

    def cards_of(self, device: str) -> tuple[str, ...]:
        """The cards a device lies on; one that no slice shows is a card of its own."""
        return self.layout.of.get(device, (device,))

    def share(self, result: Result) -> int:
        """What an allocated device is of a card."""
        shape = self.layout.devices.get(result.device)
        if shape is None:
            return CARD
        if shape.several and result.consumed and not shape.draws:
            return fullest(dict(result.consumed), shape.capacity) * shape.share // CARD
        return self.share_of(shape)

    def share_of(self, shape: DeviceShape) -> int:
        """What a device is of a card, or of several."""
        if not shape.draws:
            return shape.share
        return sum(_part_of(shape, card) for name in self.cards_of(shape.name) if (card := self._card(name)))

    def reaches(self, node: str) -> bool:
        """Some of its cards are on the node, or drawn to it."""
        return any(state.node == node for state in (*self.base, *self.touched.values()))

    def cards_at(self, node: str) -> list[CardShape]:
        """The cards on the node: those at home there, and those drawn to it by who holds them."""
        found = []
        for card in self.layout.cards.values():
            held = self.touched.get(card.id)
            if (held.node if held is not None else self._home(card)) == node:
                found.append(card)
        return found

    def rest(self) -> tuple[State, ...]:
        """What the whole pool adds while nobody holds any, per node and product."""
        sums: dict[tuple[str, str], list[int]] = {}
        for card in self.layout.cards.values():
            one = self.state(card.id, ())
            total = sums.setdefault((one.node, one.product), [0, 0, 0])
            total[0] += one.capacity
            total[1] += one.allocatable
            total[2] += one.best
        return tuple(
            State(node, product, capacity=total[0], allocatable=total[1], best=total[2])
            for (node, product), total in sums.items()
        )

    def holds_on(self, card: str) -> list[Hold]:
        """Who holds something of the card, in an order that does not depend on who came first."""
        shape = self._card(card)
        names: Iterable[str] = (device.name for device in shape.devices) if shape is not None else (card,)
        found = [hold for name in names for hold in self.holds.get(name, ())]
        return found if len(found) < 2 else sorted(found, key=_order)

    def state(self, card: str, holds: Iterable[Hold]) -> State:
        """What the card adds to the sums, held like this."""
        holds = tuple(holds)
        shape = self._card(card)
        terminating = bool(holds) and all(hold.claim.ending for hold in holds)
        leaked = bool(holds) and all(hold.claim.leaked for hold in holds)
        pods = sum(hold.pods for hold in holds)
        if shape is None:  # the slice is gone, or not here yet: somebody holds it, and there is nothing else to say
            node = self.home or next((hold.node for hold in holds), "")
            used = CARD if holds else 0
            return State(node, "", 0, 0, used, used, 0, used * terminating, used * leaked, pods)
        home = self._home(shape)
        node = home or next((hold.node for hold in holds if hold.node), "")
        given = self.complete and shape.healthy
        used = self.taken(shape, holds)
        return State(
            node,
            shape.product,
            capacity=shape.size,
            allocatable=shape.size if given else 0,
            used=used,
            spare=0 if given else used,
            best=self.best(shape, holds) if given else 0,
            terminating=used * terminating,
            leaked=used * leaked,
            pods=pods,
        )

    def taken(self, card: CardShape, holds: Iterable[Hold]) -> int:
        """The share of the card that is held."""
        held = {hold.result.device: hold for hold in holds}
        if not held:
            return 0
        if card.id.endswith("/"):
            return fullest(self._drawn(card, set(held)), card.counters) if card.counters else card.size
        shape = card.devices[0]
        if shape.several:
            return _consumed(shape, holds) * card.size // CARD
        return card.size

    def best(self, card: CardShape, holds: Iterable[Hold]) -> int:
        """The largest share that a new claim could be given: a device is free if all that it draws is left."""
        holds = tuple(holds)
        held = {hold.result.device for hold in holds}
        taken = self._drawn(card, held)
        largest = 0
        for device in card.devices:
            if device.tainted or (device.name in held and not device.several):
                continue
            if not card.id.endswith("/"):
                free = card.size - self.taken(card, holds)
            else:
                needs = dict(drawn(device, card))
                left = {name: total - taken.get(name, 0) for name, total in card.counters}
                fits = all(amount <= left.get(name, 0) for name, amount in needs.items())
                free = fullest(needs, card.counters) if fits else 0
            largest = max(largest, free)
        return largest

    def _drawn(self, card: CardShape, held: set[str]) -> dict[str, int]:
        taken: dict[str, int] = {}
        for device in card.devices:
            if device.name in held:
                for name, amount in drawn(device, card):
                    taken[name] = taken.get(name, 0) + amount
        return taken

    def _home(self, card: CardShape) -> str:
        return card.node if card.node is not None else self.home

    def _card(self, card: str) -> CardShape | None:
        return self.layout.cards.get(card)


def _order(hold: Hold) -> tuple[str, str, str]:
    return (hold.claim.namespace, hold.claim.name, hold.result.device)


def _part_of(shape: DeviceShape, card: CardShape) -> int:
    return fullest(dict(drawn(shape, card)), card.counters) if card.counters else CARD


def _consumed(shape: DeviceShape, holds: Iterable[Hold]) -> int:
    """Of a device that several may hold: the capacity used up most. Who names no amount has all of it."""
    taken: dict[str, int] = {}
    for hold in holds:
        for name, amount in hold.result.consumed or shape.capacity:
            taken[name] = taken.get(name, 0) + amount
    return fullest(taken, shape.capacity) if shape.capacity else CARD
