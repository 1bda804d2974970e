"""What DRA drivers publish: slices, devices, the counters that partitions draw on, and the cards behind it all.

A device in a slice is not a card: drivers publish every partition that could be made. A card is a counter set, or a
device that draws on none. Pools that look alike share one `Layout`.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from k8sai.facts import Device, DeviceCapacity, DeviceCounter, NodeSelector, ResourceSlice
from k8sai.fleet.shares import CARD, part
from k8sai.quantity import milli

BLOCKING: Final = frozenset({"NoSchedule", "NoExecute"})
_AMD_PARTS: Final = {"spx": 1, "dpx": 2, "tpx": 3, "qpx": 4, "cpx": 8}
Amounts = tuple[tuple[str, int], ...]  # name -> thousandths, by name


@dataclass(frozen=True, slots=True, weakref_slot=True)
class DeviceShape:
    """A device without its identity, so that the same device of other nodes can be the same object.

    `draws` are amounts per counter set. `share` is what it is of a card where it draws on none. `several` may hold it
    at once, each a part of `capacity`.
    """

    name: str
    product: str = ""
    profile: str = ""
    share: int = CARD
    draws: tuple[tuple[str, Amounts], ...] = ()
    several: bool = False
    capacity: Amounts = ()
    tainted: bool = False
    node: str | None = None


@dataclass(frozen=True, slots=True)
class SliceEntry:
    """A slice as far as it matters. `node` is empty where its devices can be reached from several nodes."""

    name: str
    uid: str
    driver: str
    pool: str
    generation: int
    count: int
    node: str
    shapes: tuple[DeviceShape, ...]
    counters: tuple[tuple[str, Amounts], ...]
    uuids: tuple[str, ...]  # per shape; empty where the driver gives none


def read_slice(fact: ResourceSlice, known: MutableMapping[DeviceShape, DeviceShape]) -> SliceEntry:
    """The slice; shapes that are `known` are reused. Raises BadQuantity."""
    spec = fact.spec
    devices = spec.devices or ()
    shapes = (_shape(device, bool(spec.per_device_node_selection)) for device in devices)
    return SliceEntry(
        name=fact.metadata.name,
        uid=fact.metadata.uid,
        driver=spec.driver,
        pool=spec.pool.name,
        generation=spec.pool.generation,
        count=spec.pool.resource_slice_count,
        node=spec.node_name or single_node(spec.node_selector),
        shapes=tuple(known.setdefault(shape, shape) for shape in shapes),
        counters=tuple((counters.name, _counters(counters.counters)) for counters in spec.shared_counters or ()),
        uuids=tuple(_text(device, "uuid") for device in devices),
    )


def single_node(selector: NodeSelector | None) -> str:
    """The one node that a selector means; empty where it may mean several."""
    terms = selector.node_selector_terms if selector is not None else None
    if not terms or len(terms) != 1:
        return ""
    for need in (*(terms[0].match_fields or ()), *(terms[0].match_expressions or ())):
        named = need.key in ("metadata.name", "kubernetes.io/hostname")
        if named and need.operator == "In" and need.values and len(need.values) == 1:
            return need.values[0]
    return ""


def _shape(device: Device, selects: bool) -> DeviceShape:
    draws = tuple((draw.counter_set, _counters(draw.counters)) for draw in device.consumes_counters or ())
    profile = _text(device, "profile") or _text(device, "partitionProfile")
    several = bool(device.allow_multiple_allocations)
    return DeviceShape(
        name=device.name,
        product=(_text(device, "productName") or _text(device, "model")).replace(" ", "-"),
        profile=profile,
        share=CARD if draws else _static_share(profile),
        draws=draws,
        several=several,
        capacity=_counters(device.capacity) if several else (),
        tainted=any(taint.effect in BLOCKING for taint in device.taints or ()),
        node=(device.node_name or single_node(device.node_selector)) if selects else None,
    )


def _static_share(profile: str) -> int:
    """The share of a partition that was made before the driver started: a MIG profile, or AMD's compute mode."""
    if slices := re.match(r"(\d+)g\.", profile):
        return part(min(int(slices[1]), 7), 7)
    return part(1, _AMD_PARTS.get(profile.partition("_")[0].lower(), 1))


def _counters(counters: "Mapping[str, DeviceCounter] | Mapping[str, DeviceCapacity] | None") -> Amounts:
    return tuple(sorted((name, milli(counter.value)) for name, counter in (counters or {}).items()))


def _text(device: Device, attribute: str) -> str:
    """An attribute of text; its name may carry the driver's domain."""
    for name, value in (device.attributes or {}).items():
        if value.string and name.rpartition("/")[2] == attribute:
            return value.string
    return ""


# --- cards ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardShape:
    """A card: how much of one it is, its counters (none where it is one device), and what can be made of it."""

    id: str
    size: int
    product: str
    counters: Amounts
    devices: tuple[DeviceShape, ...]
    healthy: bool
    node: str | None  # where it is, if not where its pool is


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Layout:
    """The cards of a pool, on which of them each device lies, and what the slices said, one by one."""

    cards: Mapping[str, CardShape] = field(default_factory=dict)
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    devices: Mapping[str, DeviceShape] = field(default_factory=dict)
    said: tuple[tuple[tuple[DeviceShape, ...], tuple[tuple[str, Amounts], ...]], ...] = ()


def lay_out(slices: Iterable[SliceEntry], tainted: frozenset[str]) -> Layout:
    """The cards behind the slices of one pool and generation. `tainted` names devices that rules took out."""
    slices = tuple(slices)
    several_nodes = len({one.node for one in slices if one.shapes}) > 1
    sets = {name: amounts for one in slices for name, amounts in one.counters}
    on: dict[str, list[DeviceShape]] = {f"{name}/": [] for name in sets}
    nodes: dict[str, str | None] = {}
    of: dict[str, tuple[str, ...]] = {}
    for one in slices:
        for shape in one.shapes:
            ids = tuple(f"{counter_set}/" for counter_set, _ in shape.draws) or (shape.name,)
            of[shape.name] = ids
            for card in ids:
                on.setdefault(card, []).append(shape)
                nodes[card] = shape.node if shape.node is not None else one.node if several_nodes else None
    cards = {
        card: CardShape(
            id=card,
            size=CARD if card.endswith("/") else shapes[0].share,
            product=next((shape.product for shape in shapes if shape.product), ""),
            counters=sets.get(card[:-1], ()) if card.endswith("/") else (),
            devices=tuple(shapes),
            healthy=not shapes or not all(shape.tainted or shape.name in tainted for shape in shapes),
            node=nodes.get(card),
        )
        for card, shapes in on.items()
    }
    devices = {shape.name: shape for one in slices for shape in one.shapes}
    return Layout(cards, of, devices, tuple((one.shapes, one.counters) for one in slices))


def drawn(shape: DeviceShape, card: CardShape) -> Amounts:
    """What the device takes of the card's counters."""
    return next((amounts for counter_set, amounts in shape.draws if counter_set == card.id[:-1]), ())


def fullest(taken: Mapping[str, int], whole: Amounts) -> int:
    """The share of a card that is taken: that of the counter or capacity which is used up most, at most all of it.

    Numbered counters (`memory-slice-0`, `memory-slice-1`, …: places rather than amounts) are one counter together.
    """
    sums: dict[str, tuple[int, int]] = {}
    for name, total in whole:
        used, size = sums.get(series := _series(name), (0, 0))
        sums[series] = (used + min(taken.get(name, 0), total), size + total)
    return max((part(used, size) for used, size in sums.values() if size), default=0)


@lru_cache(maxsize=1024)
def _series(name: str) -> str:
    """The counter's name without its number."""
    stem, _, number = name.rpartition("-")
    return stem if stem and number.isdecimal() else name
