"""The cards of a node as the slot bar draws them: known devices in their places, other holders in order of start."""

from collections.abc import Sequence
from math import ceil

from k8sai.fleet.answers import Device, Holder, Slot, State
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.shares import CARD, part


class _Card:
    """One card while it is being filled; shares in units of CARD."""

    __slots__ = ("device", "holders", "room", "state")

    def __init__(self, state: State, device: str = "") -> None:
        self.state = state
        self.room = CARD
        self.holders: list[tuple[int, Holder]] = []
        self.device = device

    def give(self, holder: Holder, share: int) -> None:
        self.room -= share
        self.holders.append((share, holder))


def slots(entry: NodeEntry, holders: Sequence[Holder], devices: Sequence[Device]) -> tuple[Slot, ...]:
    """One slot per card of the node. `devices` are those whose identity is known."""
    whole = ceil(entry.capacity / CARD)
    bad = min(ceil(max(entry.unhealthy, 0) / CARD), whole)
    free: State = "free" if entry.usable else "cordoned"
    table = [_Card(free) for _ in range(whole - bad)] + [_Card("unhealthy") for _ in range(bad)]
    for holder in holders:
        _fill(table, holder, part(round(holder.share * 10**6), 10**6))
    return tuple(_slot(card) for card in table)


def _fill(table: list[_Card], holder: Holder, share: int) -> None:
    """Whole cards first; then a part goes where the least room is left that still suffices."""
    while share >= CARD:
        empty = next((card for card in table if card.room == CARD), None)
        if empty is None:
            break
        empty.give(holder, CARD)
        share -= CARD
    if share <= 0:
        return
    fitting = [card for card in table if 0 < share <= card.room]
    if fitting:
        healthy = [card for card in fitting if card.state != "unhealthy"]
        min(healthy or fitting, key=lambda card: card.room).give(holder, share)
        return
    for card in table:  # it is spread over what is left
        if card.room > 0 and share > 0:
            piece = min(card.room, share)
            card.give(holder, piece)
            share -= piece


def _slot(card: _Card) -> Slot:
    if not card.holders:
        return Slot(card.state, 0.0, device=card.device)
    _, largest = max(card.holders, key=lambda held: held[0])
    used = round(min(1 - card.room / CARD, 1.0), 6)
    return Slot(_state(card, largest), used, largest, len(card.holders), card.device)


def _state(card: _Card, holder: Holder) -> State:
    if card.state == "unhealthy":
        return "unhealthy"
    if holder.nominated:
        return "reserved"
    return "terminating" if holder.terminating else "held"
