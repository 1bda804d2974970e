"""Fractions of a card that no resource name shows: KAI and Run:ai annotations, and the pods that reserve the cards."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from k8sai.errors import Usage
from k8sai.facts import ObjectMeta
from k8sai.fleet.shares import CARD, part

RESOURCE: Final = "nvidia.com/gpu"  # what a reservation pod asks for
_GROUP: Final = "runai-gpu-group"
_RESERVING: Final = frozenset({"kai-resource-reservation", "runai-reservation"})


@dataclass(frozen=True, slots=True)
class Fraction:
    """A part of each of `devices` cards: `share` of a card (in units of CARD), or `memory` in MiB."""

    share: int = 0
    memory: int = 0
    devices: int = 1

    def each_on(self, card_memory: int) -> int:
        """The share of each of its cards, where cards have this much memory (MiB); all of it if that is unknown."""
        return self.share or (min(part(self.memory, card_memory), CARD) if card_memory else CARD)

    def on(self, card_memory: int) -> int:
        """The share of cards it takes in all."""
        return self.each_on(card_memory) * self.devices


@dataclass(frozen=True, slots=True)
class Groups:
    """The cards a fraction lives on, by the scheduler's group names. `reserves` marks the pod that holds the card."""

    names: tuple[str, ...]
    reserves: bool


def fraction(annotations: Mapping[str, str]) -> Fraction | None:
    """What the annotations ask for, or None. Raises Usage for what is no number."""
    share, memory = annotations.get("gpu-fraction"), annotations.get("gpu-memory")
    if share is None and memory is None:
        return None
    devices = max(int(_number("gpu-fraction-num-devices", annotations.get("gpu-fraction-num-devices", "1"))), 1)
    if share is not None:
        of_card = _number("gpu-fraction", share)
        whole, rest = divmod(of_card, 1)
        if whole and not rest:  # "2" means two whole cards
            return Fraction(CARD, 0, int(whole) * devices)
        return Fraction(part(int(of_card * 10**9), 10**9), 0, devices)
    return Fraction(0, int(_number("gpu-memory", memory or "")), devices)


def reservation(meta: ObjectMeta) -> Groups | None:
    """The groups a pod's labels name, or None."""
    labels = meta.labels or {}
    names = tuple(
        sorted({labels[key] if key == _GROUP else key.removeprefix(_GROUP + "/") for key in labels if _is_group(key)})
    )
    if not names:
        return None
    return Groups(names, meta.namespace in _RESERVING or labels.get("app") in _RESERVING)


def _is_group(key: str) -> bool:
    return key == _GROUP or key.startswith(_GROUP + "/")


def _number(annotation: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
        if number.is_finite() and 0 <= number <= 10**9:
            return number
    except InvalidOperation:
        pass
    raise Usage(f"annotation {annotation}: {text!r} is not a number of cards or MiB")
