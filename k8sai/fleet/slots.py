"""The cards of a node as the slot bar draws them: known devices in their places, other holders in order of start."""

from collections.abc import Iterator, Sequence
from math import ceil

from msgspec.structs import replace

from k8sai.fleet.answers import Device, Holder, Slot, State
from k8sai.fleet.meters import metered_only
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.shares import CARD, cards, part


class _Card:
    """One card while it is being filled; shares in units of CARD."""

    __slots__ = ("device", "holders", "room", "state")

    def __init__(self, state: State, device: str = "") -> None:
        self.state = state
        self.room = CARD
        self.holders: list[tuple[int, Holder]] = []
        self.device = device

    def give(self, holder: Holder, share: int) -> None:
        self.room = max(self.room - share, 0)
        self.holders.append((share, holder))


def slots(entry: NodeEntry, holders: Sequence[Holder], devices: Sequence[Device]) -> tuple[Slot, ...]:
    """One slot per card of the node. `devices` are those whose identity is known."""
    left = {holder.uid: _units(holder.share) for holder in holders}
    known = _known([device for device in devices if not metered_only(device)], left)
    whole = max(ceil(entry.capacity / CARD) if entry.known else 0, len(known))
    sick = sum(card.state == "unhealthy" for card in known)
    bad = min(max(ceil(entry.unhealthy / CARD) - sick, 0), whole - len(known))
    vacant: State = "free" if entry.usable else "cordoned"
    table = [
        *known,
        *(_Card(vacant) for _ in range(whole - len(known) - bad)),
        *(_Card("unhealthy") for _ in range(bad)),
    ]
    untried = iter(table)
    for holder in holders:
        _fill(table, untried, holder, left[holder.uid])
    return tuple(_slot(card, vacant) for card in table)


def _known(devices: Sequence[Device], left: dict[str, int]) -> list[_Card]:
    """The cards that have a name, with who is known to be on them; that much less is left to place."""
    table: dict[str, _Card] = {}
    for device in devices:
        if not device.parent and device.kind == "card":
            table[device.id] = _Card(device.state, device.id)
    for device in devices:
        if device.parent and device.source == "claim":
            continue  # its card lists the same holders already
        card = table.get(device.parent or device.id)
        if card is None:
            if not device.parent.startswith("GPU-") and not device.parent.startswith("nvidia"):
                continue  # a MIG device does not say which card it is part of
            card = table[device.parent] = _Card("held", device.parent)
        for holder in device.holders:
            share = min(_units(holder.share), card.room)
            card.give(holder, share)
            if holder.uid in left:
                left[holder.uid] = max(left[holder.uid] - share, 0)
    return list(table.values())


def _fill(table: list[_Card], untried: Iterator[_Card], holder: Holder, share: int) -> None:
    """Whole cards first; then a part goes where the least room is left that still suffices.

    `untried` goes through the table once for all holders: what is not empty now never will be.
    """
    while share >= CARD and (card := next(untried, None)) is not None:
        if card.room == CARD and card.state != "leaked":
            card.give(holder, CARD)
            share -= CARD
    if share <= 0:
        return
    fitting = [card for card in table if share <= card.room]
    if fitting:
        healthy = [card for card in fitting if card.state != "unhealthy"]
        min(healthy or fitting, key=lambda card: card.room).give(holder, share)
        return
    for card in table:  # it is spread over what is left
        if card.room > 0 and share > 0:
            piece = min(card.room, share)
            card.give(holder, piece)
            share -= piece


def _slot(card: _Card, vacant: State) -> Slot:
    if not card.holders:
        state = vacant if card.state in ("free", "cordoned") else card.state
        return Slot(state, 0.0, device=card.device)
    share, largest = max(card.holders, key=_share) if len(card.holders) > 1 else card.holders[0]
    holder = largest if _units(largest.share) == share else replace(largest, share=cards(share))
    return Slot(_state(card, largest), cards(CARD - card.room), holder, len(card.holders), card.device)


def _state(card: _Card, holder: Holder) -> State:
    if card.state in ("unhealthy", "leaked", "unknown"):
        return card.state
    if holder.nominated:
        return "reserved"
    return "terminating" if holder.terminating else "held"


def _share(held: tuple[int, Holder]) -> int:
    return held[0]


def _units(share: float) -> int:
    whole = int(share)
    return whole * CARD if whole == share else part(round(share * 10**6), 10**6)
