"""What meters say of the cards: names where nobody else gives them, and gauges. No figure of allocation needs them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from k8sai.fleet.answers import Device, Gauge, Slot, State

Seen = Mapping[str, tuple[str, str]]  # card's UUID -> namespace and name of the pod a meter saw on it, or empty
Pod = tuple[str, str]  # namespace and name
NOBODY: Seen = {}


@dataclass(frozen=True, slots=True)
class Meters:
    """`gauges` are of cards and slices by UUID, `slices` of the one slice of a pod whose UUID no meter tells.

    `idle` says whether a card, by its id and the uid of a holder, was held for nothing when its meter was last read.
    """

    seen: Mapping[str, Seen] = field(default_factory=dict)  # by node
    gauges: Mapping[str, Gauge] = field(default_factory=dict)
    slices: Mapping[Pod, Gauge] = field(default_factory=dict)
    idle: Mapping[tuple[str, str], bool] = field(default_factory=dict)

    @property
    def told(self) -> bool:
        """Some meter has said something."""
        return bool(self.seen or self.gauges or self.slices)

    def on(self, node: str) -> Seen:
        """The cards seen on the node."""
        return self.seen.get(node, NOBODY)

    def utilization(self, node: str) -> float | None:
        """The mean of the node's cards that say how busy they are, 0 to 1; None where none does."""
        gauges = (self.gauges.get(uuid) for uuid in self.on(node))
        told = [gauge.utilization for gauge in gauges if gauge is not None and gauge.utilization is not None]
        return sum(told) / len(told) if told else None

    def gauged(self, devices: Iterable[Device]) -> tuple[Device, ...]:
        """The devices, each with what a meter says of it."""
        devices = tuple(devices)
        if not self.gauges and not self.slices:
            return devices
        held = Counter(holder.uid for device in devices for holder in device.holders if device.kind == "slice")
        return tuple(replace(device, gauge=self._gauge(device, held)) for device in devices)

    def on_slots(self, slots: tuple[Slot, ...], devices: Iterable[Device] = ()) -> tuple[Slot, ...]:
        """The slots, each with how busy its card is, and whether it is held for nothing.

        `devices` tell the UUIDs of those that are not named by it (DRA).
        """
        if not (self.gauges or self.idle):
            return slots
        uuids = {device.id: device.uuid for device in devices if device.uuid and not device.parent}
        return tuple(self._on_slot(slot, uuids.get(slot.device, slot.device)) for slot in slots)

    def _on_slot(self, slot: Slot, uuid: str) -> Slot:
        gauge = self.gauges.get(uuid)
        idle = self.idle.get((slot.device, slot.holder.uid)) if slot.holder is not None else None
        if gauge is None and idle is None:
            return slot
        return replace(slot, utilization=gauge.utilization if gauge is not None else None, idle=idle)

    def _gauge(self, device: Device, held: Counter[str]) -> Gauge | None:
        found = self.gauges.get(device.uuid)
        if found is not None or device.kind != "slice" or len(device.holders) != 1:
            return found
        holder = device.holders[0]  # a pod with several slices: which gauge is whose is not known
        return self.slices.get((holder.namespace, holder.name)) if held[holder.uid] == 1 else None


def named(slots: Sequence[Slot], devices: Sequence[Device]) -> tuple[tuple[Slot, ...], tuple[Device, ...]]:
    """Cards that only a meter knows and that nobody holds, put in their places where only one kind of place is left.

    Where some of the nameless places are broken or held, nobody knows which card is in which: it stays "unknown".
    """
    idle = [device for device in devices if metered_only(device)]
    places = [n for n, slot in enumerate(slots) if not slot.device]
    states = {slots[n].state for n in places if not slots[n].holders}
    if not idle or len(idle) != len(places) or any(slots[n].holders for n in places) or len(states) != 1:
        return tuple(slots), tuple(devices)
    state: State = states.pop()
    names = dict(zip(places, (device.id for device in idle), strict=True))
    told = tuple(replace(slot, device=names.get(n, slot.device)) for n, slot in enumerate(slots))
    return told, tuple(replace(device, state=state) if metered_only(device) else device for device in devices)


def metered_only(device: Device) -> bool:
    """Nobody but a meter knows the card, and the meter saw no pod on it."""
    return device.source == "dcgm" and not device.holders
