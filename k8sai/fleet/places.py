"""What is on one card and where: MIG partitions in their slots, shared replicas, or the part that is taken."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from k8sai.fleet.answers import Device, Holder, NodeRow, State

_SLOTS: Final = 7  # of a card that can be partitioned
_MEMORY: Final = {1: 1, 2: 2, 3: 4, 4: 4, 7: 8}  # memory slices of a profile, by its compute slices
# The driver calls a partition `gpu-0-mig-1g10gb-19-3` (card, profile, its id, the first memory slice).
_PLACED: Final = re.compile(r"-mig-(?P<g>\d+)g\.?(?P<gb>\d+)gb(?P<more>[\w.+]*)-\d+-(?P<start>\d+)$")
_PROFILE: Final = re.compile(r"(?P<g>\d+)g\.?(?P<gb>\d+)gb(?P<more>[+.]?\w*)")
_TENTHS: Final = 10


class Part(Struct, frozen=True):
    """Some of a card: `size` of its slots from `start`; `exact` where somebody says that it is there."""

    start: int
    size: int
    state: State
    name: str = ""
    holder: Holder | None = None
    exact: bool = False


class Places(Struct, frozen=True):
    """A card of `slots` equal places, and what is taken of them, from the first. `kind` is what the parts are."""

    slots: int
    parts: tuple[Part, ...]
    kind: str = ""  # "", MIG, replica, part


def places(row: NodeRow, at: int) -> Places:
    """The card behind a slot of the node."""
    slot = row.slots[at]
    inside = [device for device in row.devices if slot.device and device.parent == slot.device]
    partitions = [device for device in inside if device.kind == "slice"]
    if partitions or any(one.kind == "slice" for one in row.resources):
        return Places(_SLOTS, _partitions(partitions) or _taken(row, at, _SLOTS), "MIG")
    shared = next((one for one in row.resources if one.kind == "replica" and one.cards_each), None)
    if shared is not None:
        count = max(1, round(1 / shared.cards_each))
        named = tuple(
            Part(number, 1, one.state, one.id.rpartition("::")[2], one.holders[0] if one.holders else None)
            for number, one in enumerate(inside[:count])
        )
        return Places(count, named or _taken(row, at, count), "replica")
    if 0 < slot.used < 0.999:
        return Places(_TENTHS, _taken(row, at, _TENTHS), "part")
    held = (Part(0, 1, slot.state, "", slot.holder, True),) if slot.holder is not None else ()
    return Places(1, held)


def _partitions(devices: Sequence[Device]) -> tuple[Part, ...]:
    """Each where its name says, else in the first place that is left."""
    parts: list[Part] = []
    rest: list[Device] = []
    for device in devices:
        found = _PLACED.search(device.id)
        if found is None:
            rest.append(device)
            continue
        start = min(int(found["start"]), _SLOTS - 1)
        size = min(_MEMORY.get(int(found["g"]), int(found["g"])), _SLOTS - start)
        parts.append(Part(start, size, device.state, _profile(found), _first(device), True))
    taken = {place for part in parts for place in range(part.start, part.start + part.size)}
    for device in rest:
        profile = _PROFILE.search(device.id)
        size = min(int(profile["g"]), _SLOTS) if profile is not None else 1
        place = next((n for n in range(_SLOTS - size + 1) if not taken & set(range(n, n + size))), None)
        if place is not None:
            taken |= set(range(place, place + size))
            parts.append(Part(place, size, device.state, _profile(profile), _first(device)))
    return tuple(sorted(parts, key=lambda part: part.start))


def _profile(found: re.Match[str] | None) -> str:
    return f"{found['g']}g.{found['gb']}gb{found['more']}" if found is not None else ""


def _taken(row: NodeRow, at: int, slots: int) -> tuple[Part, ...]:
    """How much is held, as one piece: nobody says which."""
    slot = row.slots[at]
    size = min(slots, max(1, round(slot.used * slots))) if slot.used > 0 else 0
    return (Part(0, size, slot.state, "", slot.holder),) if size else ()


def _first(device: Device) -> Holder | None:
    return device.holders[0] if device.holders else None
