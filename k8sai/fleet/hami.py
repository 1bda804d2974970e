"""Cards and shares as HAMi and Volcano's vGPU plugin write them into annotations of nodes and pods."""

import re
from dataclasses import dataclass
from typing import Final

from k8sai.fleet.shares import part

_TRUE: Final = ("true", "1")


@dataclass(frozen=True, slots=True)
class RegisteredCard:
    """A card that a node registered; memory in MiB, `cores` in hundredths of the card."""

    uuid: str
    memory: int
    cores: int
    product: str
    healthy: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """What one pod was given of a card."""

    uuid: str
    memory: int
    cores: int

    def share(self, card: RegisteredCard) -> int:
        """Of the card, in units of CARD: by memory or by cores, whichever is more."""
        by_memory = part(min(self.memory, card.memory), card.memory)
        return max(by_memory, part(min(self.cores, 100), 100))


def registered(annotation: str) -> tuple[RegisteredCard, ...]:
    """The cards of a node's register: nine or seven fields each (HAMi), five or six (Volcano), or JSON (HAMi of late).

    What cannot be read is left out.
    """
    if annotation.lstrip().startswith("["):
        return _from_json(annotation)
    cards = (_card(text.split(",")) for text in annotation.split(":") if text)
    return tuple(card for card in cards if card is not None)


def _card(fields: list[str]) -> RegisteredCard | None:
    try:
        if len(fields) >= 7:  # uuid, split, memory, cores, type, NUMA node, healthy[, index, mode]
            uuid, _, memory, cores, product, _, healthy = fields[:7]
            return RegisteredCard(uuid, int(memory), int(cores), _product(product), healthy.lower() in _TRUE)
        if len(fields) >= 5:  # uuid, split, memory, type, healthy[, mode]
            uuid, _, memory, product, healthy = fields[:5]
            return RegisteredCard(uuid, int(memory), 100, _product(product), healthy.lower() in _TRUE)
    except ValueError:
        pass
    return None


def _from_json(annotation: str) -> tuple[RegisteredCard, ...]:
    import json

    try:
        listed = json.loads(annotation)
        return tuple(
            RegisteredCard(
                str(one["id"]),
                int(one.get("devmem", 0)),
                int(one.get("devcore", 100)),
                _product(str(one.get("type", ""))),
                bool(one.get("health", True)),
            )
            for one in listed
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def granted(annotation: str) -> tuple[Grant, ...]:
    """What a pod was given: `uuid,type,memory,cores` per card, cards apart by colons, containers by semicolons."""
    grants: dict[str, Grant] = {}
    for text in re.split(r"[:;]", annotation):
        fields = text.split(",")
        if len(fields) < 4 or not fields[0]:
            continue
        try:
            memory, cores = int(fields[2]), int(fields[3])
        except ValueError:
            continue
        before = grants.get(fields[0], Grant(fields[0], 0, 0))
        grants[fields[0]] = Grant(fields[0], before.memory + memory, before.cores + cores)
    return tuple(grants.values())


def _product(text: str) -> str:
    """`NVIDIA-NVIDIA A10` and `NVIDIA-A10` alike."""
    return re.sub(r"^NVIDIA-(?=NVIDIA)", "", text).replace(" ", "-")
