"""What a map needs of a node: the state of each card and who holds it, in some hundred bytes.

A map of 100,000 nodes cannot make a row of each. A glance is made when somebody looks and kept at the node until the
node changes; most are made from the pods' amounts alone, and say exactly what the slots of the node's row say.
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple, get_args

from msgspec import Struct

Look = Literal["free", "held", "idle", "reserved", "terminating", "leaked", "unhealthy", "cordoned", "unknown"]
LOOKS: Final[tuple[Look, ...]] = get_args(Look)  # idle: held, and seen doing nothing for a whole window
CODE: Final = {look: code for code, look in enumerate(LOOKS)}
UNTOLD: Final = 255  # no meter tells how busy the card is


class Who(NamedTuple):
    """A holder, as far as cards are coloured by it."""

    namespace: str
    owner: str
    queue: str
    priority: int


class Glance(Struct, frozen=True, gc=False):
    """The cards of a node in the order of its slots, a byte each.

    `looks` are codes of LOOKS, `fill` the percentage of the card that is held, `by` the place of its largest holder in
    `who`, from 1 (0: nobody), `heat` how busy it is in percent (UNTOLD: nobody knows; empty: of no card).
    """

    looks: bytes
    fill: bytes
    by: bytes
    who: tuple[Who, ...]
    heat: bytes = b""


GONE: Final = Glance(b"", b"", b"", ())


@lru_cache(maxsize=256)
def veiled(cards: int) -> Glance:
    """So many cards of which nobody knows anything."""
    return Glance(bytes([CODE["unknown"]] * cards), bytes(cards), bytes(cards), ())
