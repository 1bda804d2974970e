"""Glances are made when somebody looks, and kept at the node until the node changes."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from k8sai.fleet.answers import Slot
from k8sai.fleet.dra import Allocations
from k8sai.fleet.glance import CODE, UNTOLD, Glance, Who
from k8sai.fleet.identity import devices, natural, pod_holder
from k8sai.fleet.meters import Meters, named
from k8sai.fleet.nodes import NodeEntry
from k8sai.fleet.pods import PodEntry
from k8sai.fleet.rows import present
from k8sai.fleet.shares import CARD
from k8sai.fleet.slots import slots

_MOST: Final = 254  # holders of one node's cards that are told apart


class Glances:
    """Makes glances; nodes alike share what is alike."""

    def __init__(self, dra: Allocations) -> None:
        self._dra = dra
        self._bytes: dict[bytes, bytes] = {}
        self._who: dict[Who, Who] = {}

    def of(self, entry: NodeEntry, meters: Meters) -> Glance:
        """The node at a glance: what was kept, or made now."""
        found = entry.glance
        if found is None:
            found = entry.glance = self._make(entry, meters)
        return found

    def _make(self, entry: NodeEntry, meters: Meters) -> Glance:
        pods = present(entry)
        if not meters.told:
            plain = _plain(entry, pods)
            if plain is not None:
                looks, by, holders = plain
                fill = bytes(100 if each else 0 for each in by)
                return self._glance(looks, fill, by, tuple(map(self._of_pod, holders)), b"")
        by_pod = {id(pod): pod_holder(pod) for pod in pods}
        holders_ = tuple(by_pod.values())
        found = devices(entry, by_pod, self._dra, meters.on(entry.name))
        places, _ = named(slots(entry, holders_, found), found)
        return self._from_slots(meters.on_slots(places))

    def _from_slots(self, table: Sequence[Slot]) -> Glance:
        order: dict[Who, int] = {}
        by = bytearray(len(table))
        for at, slot in enumerate(table):
            if slot.holder is not None:
                held = slot.holder
                who = self._same(Who(held.namespace, held.owner, held.queue, held.priority))
                by[at] = min(order.setdefault(who, len(order) + 1), _MOST)
        looks = bytes(CODE["idle" if slot.idle and slot.state == "held" else slot.state] for slot in table)
        fill = bytes(min(100, max(1, round(slot.used * 100)) if slot.holders else 0) for slot in table)
        heat = bytes(UNTOLD if s.utilization is None else min(100, max(0, round(s.utilization * 100))) for s in table)
        told = heat if any(each != UNTOLD for each in heat) else b""
        return self._glance(looks, fill, bytes(by), tuple(order), told)

    def _glance(self, looks: bytes, fill: bytes, by: bytes, who: tuple[Who, ...], heat: bytes) -> Glance:
        same = self._bytes
        if len(same) > 100_000:
            same.clear()
        return Glance(
            same.setdefault(looks, looks), same.setdefault(fill, fill), same.setdefault(by, by), who[:_MOST], heat
        )

    def _of_pod(self, pod: PodEntry) -> Who:
        return self._same(Who(pod.namespace, pod.owner, pod.queue, pod.priority))

    def _same(self, who: Who) -> Who:
        if len(self._who) > 100_000:
            self._who.clear()
        return self._who.setdefault(who, who)


def _plain(entry: NodeEntry, pods: Sequence[PodEntry]) -> tuple[bytes, bytes, list[PodEntry]] | None:
    """Looks, holders by card and the holders of a node whose pods hold whole cards; None where it is not that plain.

    In the order of the slots: the cards that have a name, then the holders without, then what is left, the broken ones
    at the end.
    """
    if entry.register:
        return None
    lines = entry.lines
    for line in lines.values():
        unit = line.unit
        if unit.dra or unit.primary or unit.weight != CARD or unit.kind != "card":
            return None
    table: list[tuple[str, int, int]] = []  # device, look, holder
    rest: list[tuple[int, int, int]] = []  # cards, look, holder
    seen: set[str] = set()
    for number, pod in enumerate(pods, 1):
        cards, odd = divmod(pod.booked, CARD)
        if odd or pod.claimed or pod.hami or pod.groups is not None or pod.fraction is not None:
            return None
        look = CODE["reserved"] if not pod.node else CODE["terminating"] if pod.terminating else CODE["held"]
        for resource, device, health in pod.devices:
            if resource not in lines or health not in ("Healthy", "") or "/" in device or ":" in device:
                return None
            if device in seen:
                return None
            seen.add(device)
            table.append((device, look, number))
        if len(pod.devices) > cards:
            return None
        rest.append((cards - len(pod.devices), look, number))
    if len(pods) > _MOST:
        return None
    if table:
        table.sort(key=_name)
    looks, by = [look for _, look, _ in table], [number for _, _, number in table]
    whole = max(ceil(entry.capacity / CARD) if entry.known else 0, len(table))
    bad = min(max(ceil(entry.unhealthy / CARD), 0), whole - len(table))
    for cards, look, number in rest:
        cards = min(cards, whole - len(looks))
        looks += [look] * cards
        by += [number] * cards
    free = whole - len(looks)
    looks += [CODE["free" if entry.usable else "cordoned"]] * free
    by += [0] * free
    if bad:
        looks[whole - bad :] = [CODE["unhealthy"]] * bad
    order = list(dict.fromkeys(number for number in by if number))
    if order != list(range(1, len(order) + 1)):
        places = {number: place for place, number in enumerate(order, 1)}
        by = [places.get(number, 0) for number in by]
    return bytes(looks), bytes(by), [pods[number - 1] for number in order]


def _name(place: tuple[str, int, int]) -> tuple[tuple[int, str], ...]:
    return natural(place[0])
