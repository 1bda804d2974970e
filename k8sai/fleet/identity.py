"""Which physical device a pod holds, as far as anybody says: the kubelet's status, DRA, HAMi's annotations, DCGM.

In this order: what an earlier source names, a later one does not repeat. What nobody names stays a number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Final, Literal

from msgspec.structs import replace

from k8sai.fleet.answers import Device, Holder, Kind, State
from k8sai.fleet.claims import ClaimEntry
from k8sai.fleet.dra import Allocations
from k8sai.fleet.hami import granted, registered
from k8sai.fleet.meters import Seen
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.pods import PodEntry
from k8sai.fleet.pools import Hold, Pool
from k8sai.fleet.shares import CARD, cards
from k8sai.fleet.slices import CardShape

Source = Literal["", "status", "claim", "hami", "dcgm"]
_UUIDS: Final = ("GPU-", "MIG-")
_NUMBERS: Final = re.compile(r"([0-9]+)")
_LEAST: Final = 1e-6  # of a card: what is less is rounding
_HEALTH: Final[Mapping[str, State]] = {"Unhealthy": "unhealthy", "Unknown": "unknown"}


def devices(entry: NodeEntry, holders: Mapping[int, Holder], dra: Allocations, seen: Seen) -> tuple[Device, ...]:
    """The devices of a node that can be named. `holders` are its pods by `id` of their entry."""
    health = {device: said for pod in entry.pods for _, device, said in pod.devices}
    found = _by_status(entry, holders)
    found += _by_claims(entry, holders, dra, health)
    if entry.register:
        found += _by_register(entry, holders, {device.uuid for device in found})
    found += _by_meters(entry, holders, seen, found)
    return tuple(sorted(found, key=lambda device: (bool(device.parent), natural(device.id))))


# --- the kubelet ------------------------------------------------------------------------------------------------------


def _by_status(entry: NodeEntry, holders: Mapping[int, Holder]) -> list[Device]:
    """Device plugins' ids; a replica (`uuid::3`, `nvidia0/vgpu1`) is part of the card it names."""
    found: dict[str, Device] = {}
    for pod in entry.pods:
        holder = holders.get(id(pod))
        for resource, device, health in pod.devices:
            if holder is None or resource.startswith("claim:"):
                continue
            line = entry.lines.get(resource)
            if line is None or line.unit.kind == "monitor":
                continue
            card = _card_of(device)
            share = replace(holder, share=cards(line.unit.weight))
            before = found.get(device)
            found[device] = Device(
                id=device,
                uuid=card if card.startswith(_UUIDS) else "",
                kind=line.unit.kind,
                state=_HEALTH.get(health) or _state((share,)),
                holders=(*(before.holders if before else ()), share),
                product=line.unit.product,
                parent="" if card == device else card,
                source="status",
            )
    return list(found.values())


def _card_of(device: str) -> str:
    """The card or MIG device that a device plugin's id names."""
    if "::" in device:
        return device.partition("::")[0]
    return device.partition("/")[0]


# --- DRA --------------------------------------------------------------------------------------------------------------


def _by_claims(
    entry: NodeEntry, holders: Mapping[int, Holder], dra: Allocations, health: Mapping[str, str]
) -> list[Device]:
    """Every card of the node's pools, held or not, and the partitions that are held."""
    found: list[Device] = []
    for pool in dra.pools_at(entry.name):
        uuids = {
            shape.name: uuid
            for one in pool.current()
            for shape, uuid in zip(one.shapes, one.uuids, strict=True)
            if uuid
        }
        for card in pool.cards_at(entry.name):
            found += _card_devices(pool, card, holders, uuids, health, entry.usable)
        found += [
            _lone(pool, device, pool.holds_on(device), holders)
            for device in pool.holds
            if device not in pool.layout.of and pool.touched[device].node == entry.name
        ]
    return found


def _card_devices(
    pool: Pool,
    card: CardShape,
    holders: Mapping[int, Holder],
    uuids: Mapping[str, str],
    health: Mapping[str, str],
    usable: bool,
) -> list[Device]:
    holds = pool.holds_on(card.id)
    whole = max(card.devices, key=lambda device: pool.share_of(device), default=None)
    name = whole.name if whole is not None else card.id.rstrip("/")
    identity = _id(pool, name)
    grips = [(hold, _grips((hold,), holders, pool.share(hold.result))) for hold in holds]
    on_card = tuple(holder for _, found in grips for holder in found)
    sick = _HEALTH.get(health.get(identity, "")) or (None if card.healthy and pool.complete else "unhealthy")
    leaked = bool(holds) and all(hold.claim.leaked for hold in holds)
    state: State = sick or ("leaked" if leaked else _state(on_card) if holds else "free" if usable else "cordoned")
    kind: Kind = "slice" if card.size < CARD else "card"
    found = [Device(identity, uuids.get(name, ""), kind, state, on_card, card.product, "", "claim")]
    for hold, part in grips:
        if hold.result.device != name:
            device = _id(pool, hold.result.device)
            state = _HEALTH.get(health.get(device, "")) or ("leaked" if hold.claim.leaked else _state(part))
            uuid = uuids.get(hold.result.device, "")
            found.append(Device(device, uuid, "slice", state, part, card.product, identity, "claim"))
    return found


def _lone(pool: Pool, device: str, holds: Iterable[Hold], holders: Mapping[int, Holder]) -> Device:
    """A device that is held although no slice shows it."""
    on_card = _grips(holds, holders, CARD)
    return Device(_id(pool, device), "", "card", "unknown", on_card, "", "", "claim")


def _grips(holds: Iterable[Hold], holders: Mapping[int, Holder], share: int) -> tuple[Holder, ...]:
    """The pods behind the claims; a claim without a visible pod stands for itself."""
    found: list[Holder] = []
    for hold in holds:
        claim = hold.claim
        pods = [holders.get(id(pod)) or pod_holder(pod) for pod in claim.holders]
        if pods:
            found += [replace(pod, share=cards(share // len(pods))) for pod in pods]
        else:
            found.append(claim_holder(claim, share))
    return tuple(found)


def _id(pool: Pool, device: str) -> str:
    return f"{pool.driver}/{pool.name}/{device}"


# --- annotations and meters -------------------------------------------------------------------------------------------


def _by_register(entry: NodeEntry, holders: Mapping[int, Holder], known: set[str]) -> list[Device]:
    """HAMi's cards with everybody's share of each."""
    grants = [(holders[id(pod)], granted(pod.hami)) for pod in entry.pods if pod.hami and id(pod) in holders]
    found = []
    for card in registered(entry.register):
        if card.uuid in known:
            continue
        on_card = tuple(
            replace(holder, share=cards(grant.share(card)))
            for holder, given in grants
            for grant in given
            if grant.uuid == card.uuid
        )
        state: State = "unhealthy" if not card.healthy else _state(on_card) if on_card else _vacant(entry)
        found.append(Device(card.uuid, card.uuid, "card", state, on_card, card.product, "", "hami"))
    return found


def _by_meters(entry: NodeEntry, holders: Mapping[int, Holder], seen: Seen, found: Sequence[Device]) -> list[Device]:
    """Cards that only a meter knows, with the pod it saw there.

    A card of a pod whose cards all have names, or one beyond the node's number of cards, is one of the named ones:
    whoever named it did not tell its UUID.
    """
    known = {device.uuid for device in found}
    by_name = {(pod.namespace, pod.name): holders[id(pod)] for pod in entry.pods if id(pod) in holders}
    left = {holder.uid: holder.share for holder in by_name.values()}
    for device in found:
        for holder in device.holders:
            if holder.uid in left and not (device.parent and device.source == "claim"):  # its card lists the same
                left[holder.uid] -= holder.share
    cards_named = {device.parent or device.id for device in found if device.parent or device.kind == "card"}
    room = ceil(entry.capacity / CARD) - len(cards_named)
    held: list[Device] = []
    idle: list[Device] = []
    for uuid, name in seen.items():
        on_card = by_name.get(name)
        if uuid in known or (on_card is not None and left[on_card.uid] < _LEAST):
            continue
        if on_card is None:
            idle.append(Device(uuid, uuid, "card", "unknown", (), entry.product, "", "dcgm"))
            continue
        share = replace(on_card, share=min(1.0, left[on_card.uid]))
        left[on_card.uid] -= share.share
        held.append(Device(uuid, uuid, "card", _state((share,)), (share,), entry.product, "", "dcgm"))
    return [*held, *(idle if len(held) + len(idle) <= room else ())]


# --- holders ----------------------------------------------------------------------------------------------------------


def pod_holder(pod: PodEntry) -> Holder:
    """The pod as a holder of all that it holds."""
    return Holder(
        namespace=pod.namespace,
        name=pod.name,
        uid=pod.uid,
        share=cards(pod.held),
        phase=pod.phase,
        terminating=pod.terminating,
        nominated=not pod.node,
        owner=pod.owner,
        queue=pod.queue,
        priority=pod.priority,
    )


def claim_holder(claim: ClaimEntry, share: int) -> Holder:
    """A claim that nobody may use, or whose pods are out of sight."""
    return Holder(claim.namespace, claim.name, claim.uid, cards(share), owner=f"ResourceClaim/{claim.name}")


def _state(holders: Iterable[Holder]) -> State:
    """What a held device is: ending only if all its holders are."""
    holders = tuple(holders)
    if holders and all(holder.nominated for holder in holders):
        return "reserved"
    return "terminating" if holders and all(holder.terminating for holder in holders) else "held"


def _vacant(entry: NodeEntry) -> State:
    return "free" if entry.usable else "cordoned"


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """gpu-2 before gpu-10; what has no order by number, a UUID, goes by its text."""
    if text.startswith(_UUIDS):
        return ((-1, text),)
    return tuple((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in _NUMBERS.split(text) if piece)
