"""Who holds cards that do nothing, since when, and what that costs: holdings joined with what a meter saw.

Cards are joined by UUID, and slices by their own UUID or by their pod. A card that several share is idle for each of
them or for none. What cannot be joined or proved is unknown, and counts as neither idle nor busy.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from k8sai.ages import epoch
from k8sai.fleet.answers import Device, Holder, NodeRow
from k8sai.fleet.evidence import Doubt, Evidence, IdleRule, Verdict, judge
from k8sai.fleet.prices import NO_PRICES, Prices

Pod = tuple[str, str]  # namespace and name
_LEAST: Final = 1e-6  # of a card: what is less is rounding
_UNNAMED: Final = Verdict(None, why="unnamed")
_UNMETERED: Final = Verdict(None, why="unmetered")


class Sight(Struct, frozen=True):
    """What a meter saw until `at` (epoch seconds): of cards and slices by UUID, of a pod's slices by the pod.

    `told` are the UUIDs it says anything of. `source` is whom it was asked from, in words.
    """

    at: float
    cards: Mapping[str, Evidence] = {}
    slices: Mapping[Pod, tuple[Evidence, ...]] = {}
    told: Collection[str] = ()
    partial: bool = False
    source: str = ""
    rule: IdleRule = IdleRule()
    prices: Prices = NO_PRICES


class Held(Struct, frozen=True):
    """What one pod holds on its node, in cards: idle, busy and unknown add up to it. `devices` are the idle ones.

    `peak`, `memory` and `idle_since` are of its idle cards: the busiest moment since then, the MiB in use, and the
    epoch second since when all of them are known to do nothing while it holds them; `longer` where it may be longer.
    """

    namespace: str
    pod: str
    uid: str
    node: str
    owner: str = ""
    queue: str = ""
    product: str = ""
    cards: float = 0
    idle: float = 0
    busy: float = 0
    unknown: float = 0
    why: tuple[tuple[Doubt, float], ...] = ()
    peak: float | None = None
    memory: float | None = None
    since: str = ""  # RFC 3339: since when it holds
    devices: tuple[str, ...] = ()  # UUIDs, or ids where no UUID is known
    idle_since: float | None = None
    longer: bool = False
    gpu_hours: float = 0  # of its idle cards, as far as the evidence reaches
    cost: float | None = None  # of these hours; None without a price
    terminating: bool = False

    @property
    def complete(self) -> bool:
        """All its cards were judged."""
        return self.unknown < _LEAST


class IdleTotal(Struct, frozen=True):
    """Sums over holders. `priced` is false where the cost of some idle hours is not known and not in `cost`."""

    pods: int = 0  # with idle cards
    idle: float = 0
    busy: float = 0
    unknown: float = 0
    why: tuple[tuple[Doubt, float], ...] = ()
    gpu_hours: float = 0
    cost: float | None = None
    priced: bool = True


class Idleness(Struct, frozen=True):
    """Everybody who holds cards, judged at `at` by one rule."""

    held: tuple[Held, ...]
    at: float
    rule: IdleRule
    source: str = ""
    currency: str = ""

    @property
    def rows(self) -> tuple[Held, ...]:
        """The holders of idle cards, the most wasted hours first."""
        idle = (one for one in self.held if one.idle >= _LEAST)
        return tuple(sorted(idle, key=lambda one: (-one.gpu_hours, -one.idle, one.namespace, one.pod)))

    def total(self) -> IdleTotal:
        """The sums."""
        why: Counter[Doubt] = Counter()
        for one in self.held:
            for doubt, cards in one.why:
                why[doubt] += cards  # type: ignore[assignment]  # cards may be fractions
        idle = self.rows
        costs = [one.cost for one in idle if one.cost is not None]
        return IdleTotal(
            pods=len(idle),
            idle=_sum(one.idle for one in idle),
            busy=_sum(one.busy for one in self.held),
            unknown=_sum(one.unknown for one in self.held),
            why=tuple((doubt, round(cards, 6)) for doubt, cards in why.most_common()),
            gpu_hours=_sum(one.gpu_hours for one in idle),
            cost=_sum(costs) if costs else None,
            priced=len(costs) == len(idle),
        )

    def only(self, namespace: str = "", nodes: Collection[str] | None = None) -> "Idleness":
        """The same of one namespace's pods, or of those on some nodes."""
        some = (one for one in self.held if namespace in ("", one.namespace) and (nodes is None or one.node in nodes))
        return replace(self, held=tuple(some))


class Judged(Struct, frozen=True):
    """What was found on one node. `cards` says of a card, by its id and the uid of a holder, whether it is idle."""

    held: tuple[Held, ...]
    cards: Mapping[tuple[str, str], bool]


def judged(node: NodeRow, since: Mapping[str, str], sight: Sight, seen: Collection[str] = ()) -> Judged:
    """What the pods on the node hold. `since` says by uid since when; `seen` are the cards a meter has of the node."""
    piles = {one.uid: _Pile(one, since.get(one.uid, "")) for one in node.holders if not one.nominated and one.uid}
    parts = Counter(h.uid for device in node.devices if device.kind == "slice" for h in device.holders)
    found: dict[str, dict[str, bool | None]] = {}
    for device in _lowest(node.devices):
        for holder in device.holders:
            pile = piles.get(holder.uid)
            if pile is not None and not holder.nominated:
                verdict = _verdict(device, holder, parts[holder.uid], pile.held, sight)
                if verdict is _UNNAMED and not seen and device.kind != "slice":
                    verdict = _UNMETERED
                pile.take(device, holder.share, verdict)
                of_card = found.setdefault(device.parent or device.id, {})
                of_card[holder.uid] = _all((verdict.idle, of_card.get(holder.uid, verdict.idle)))
    for pile in piles.values():
        if pile.left >= _LEAST:
            pile.take(None, pile.left, _whole_node(node, pile.held, sight, seen))
    cards = {
        (card, uid): idle
        for card, of_card in found.items()
        if (idle := _all(of_card.values())) is not None
        for uid in of_card
    }
    return Judged(tuple(pile.row(node, sight) for pile in piles.values() if pile.holder.share >= _LEAST), cards)


def _all(idle: Collection[bool | None]) -> bool | None:
    return False if False in idle else None if None in idle else True


def _lowest(devices: Sequence[Device]) -> Iterable[Device]:
    """Without the cards that DRA partitions are part of: these list the same holders again."""
    cut = {device.parent for device in devices if device.parent and device.source == "claim"}
    return (device for device in devices if device.id not in cut and device.holders)


def _verdict(device: Device, holder: Holder, parts: int, held: float, sight: Sight) -> Verdict:
    """Of the device under this holder; a slice whose UUID no meter tells is judged with all slices of its pod."""
    seen = sight.cards.get(device.uuid)
    if seen is None and device.kind == "slice":
        slices = sight.slices.get((holder.namespace, holder.name), ())
        if len(slices) == parts:
            return _together([_judge(one, held, sight) for one in slices])
        return _UNNAMED if slices or not device.uuid else _UNMETERED
    if not device.uuid:
        return _UNNAMED
    return _judge(seen, held, sight, told=device.uuid in sight.told)


def _judge(seen: Evidence | None, held: float, sight: Sight, *, told: bool = False) -> Verdict:
    return judge(seen, sight.rule, now=sight.at, held=held, partial=sight.partial, told=told)


def _whole_node(node: NodeRow, held: float, sight: Sight, seen: Collection[str]) -> Verdict:
    """Of cards without a name: where all cards of the node do the same, it does not matter which are whose."""
    if not seen:
        return _UNMETERED
    if len(seen) < ceil(node.figures.capacity) or any(one.kind == "slice" for one in node.resources):
        return _UNNAMED
    told = _together([_judge(sight.cards.get(uuid), held, sight) for uuid in seen])
    return told if told.idle is not None else _UNNAMED


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    """What holds of each of them, else nothing."""
    first = verdicts[0]
    if any(one.idle is not first.idle for one in verdicts):
        return _UNNAMED
    if not first.idle:
        return first
    last = max(verdicts, key=lambda one: one.since)
    return Verdict(True, last.since, max(one.peak for one in verdicts), last.longer)


class _Pile:
    """One pod's cards while they are judged."""

    def __init__(self, holder: Holder, since: str) -> None:
        self.holder = holder
        self.since = since
        self.held = _epoch(since)
        self.left = holder.share
        self._idle: list[tuple[float, Verdict]] = []
        self._devices: dict[str, None] = {}
        self._memory: dict[str, float] = {}
        self._product = ""
        self._busy = 0.0
        self._doubts: Counter[Doubt] = Counter()

    def take(self, device: Device | None, share: float, verdict: Verdict) -> None:
        share = min(share, max(self.left, 0.0))
        self.left -= share
        if device is not None and device.product:
            self._product = device.product
        if verdict.idle:
            self._idle.append((share, verdict))
            if device is not None:
                name = device.uuid or device.id
                self._devices[name] = None
                if device.gauge is not None and device.gauge.memory_used is not None:
                    self._memory[name] = device.gauge.memory_used
        elif verdict.idle is None:
            self._doubts[verdict.why] += share  # type: ignore[assignment]  # shares may be fractions
        else:
            self._busy += share

    def row(self, node: NodeRow, sight: Sight) -> Held:
        one, idle = self.holder, self._idle
        hours = sum(share * max(0.0, sight.at - verdict.since) / 3600 for share, verdict in idle)
        product = self._product or node.product
        price = sight.prices.of(product)
        return Held(
            namespace=one.namespace,
            pod=one.name,
            uid=one.uid,
            node=node.name,
            owner=one.owner,
            queue=one.queue,
            product=product,
            cards=one.share,
            idle=_sum(share for share, _ in idle),
            busy=round(self._busy, 6),
            unknown=_sum(self._doubts.values()),
            why=tuple((doubt, round(share, 6)) for doubt, share in self._doubts.most_common() if share >= _LEAST),
            peak=max((verdict.peak for _, verdict in idle), default=None),
            memory=sum(self._memory.values()) if self._memory else None,
            since=self.since,
            devices=tuple(self._devices),
            idle_since=max((verdict.since for _, verdict in idle), default=None),
            longer=any(verdict.longer for _, verdict in idle),
            gpu_hours=round(hours, 6),
            cost=round(hours * price, 6) if price is not None and idle else None,
            terminating=one.terminating,
        )


def _epoch(stamp: str) -> float:
    """0 where it is not known: held for longer than anybody looks back."""
    try:
        return epoch(stamp)
    except ValueError:
        return 0.0


def _sum(amounts: Iterable[float]) -> float:
    return round(sum(amounts), 6) + 0.0
