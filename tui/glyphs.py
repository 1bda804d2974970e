"""The signs on the screen: one for each state of a card, told apart without colour; plain ASCII for other locales."""

import codecs
import locale
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from k8sai.fleet.answers import Slot
from k8sai.fleet.glance import LOOKS, Look
from k8sai.fleet.tables import GLYPHS, PARTS
from k8sai.tui.ink import Line, Run


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs. `parts` are a card's share in use, from little to nearly all, none as tall as a
    whole one; `slots` one sign per state. `counts` are the signs of 0 to 8 cards held of a node; none: Braille."""

    slots: Mapping[Look, str]
    parts: str
    counts: str
    bar_full: str
    bar_empty: str
    up: str
    down: str
    live: str
    dead: str
    rule: str
    dot: str
    dots: str
    pause: str
    arrow: str
    corners: str  # of a box: above, then below
    branches: tuple[str, str, str]  # of a tree: one of several, the last one, what passes by
    quota: str  # in use, borrowed, lent, free, asked for
    about: str  # before a number that is computed and not told


UNICODE: Final = Glyphs(
    slots={look: "▣" if look == "idle" else GLYPHS[look] for look in LOOKS},
    parts=PARTS,
    counts="",
    bar_full="█",
    bar_empty="░",
    up="↑",
    down="↓",
    live="●",
    dead="○",
    rule="─",
    dot="·",
    dots="…",
    pause="‖",
    arrow="→",
    corners="╭╮╰╯",
    branches=("├ ", "└ ", "│ "),
    quota="■░×□◊",
    about="≈",
)
ASCII: Final = Glyphs(
    slots={
        "held": "#",
        "free": ".",
        "reserved": "o",
        "terminating": "v",
        "leaked": "!",
        "unhealthy": "x",
        "cordoned": "-",
        "unknown": "?",
        "idle": "z",
    },
    parts="+++++",
    counts=".12345678",
    bar_full="#",
    bar_empty=".",
    up="^",
    down="v",
    live="*",
    dead="o",
    rule="-",
    dot="-",
    dots="~",
    pause="||",
    arrow="->",
    corners="++++",
    branches=("|-", "`-", "| "),
    quota="#+x.o",
    about="~",
)

MEANING: Final[tuple[tuple[Look, str], ...]] = (
    ("held", "held"),
    ("idle", "held, and idle for as long as a meter looked back"),
    ("free", "free"),
    ("reserved", "reserved for a nominated pod"),
    ("terminating", "held by a terminating pod"),
    ("leaked", "held by a claim that no pod may use"),
    ("unhealthy", "unhealthy"),
    ("cordoned", "free, but the node is cordoned or not ready"),
    ("unknown", "state unknown"),
)
_SHORT: Final[Mapping[Look, str]] = {
    "idle": "idle",
    "reserved": "reserved",
    "terminating": "ending",
    "leaked": "leaked",
    "cordoned": "blocked",
    "unknown": "unknown",
}
STATE_INK: Final[Mapping[Look, str]] = {
    "held": "key",
    "idle": "warn",
    "free": "good",
    "reserved": "warn",
    "terminating": "warn",
    "leaked": "bad",
    "unhealthy": "bad",
    "cordoned": "dim",
    "unknown": "dim",
}

InkOf = Callable[[Slot], str]


def of_terminal(encoding: str | None = None, term: str | None = None) -> Glyphs:
    """The set the terminal can show: ASCII where the locale is not UTF-8, and on terminals whose font lacks the signs.

    It is the locale that counts, and not the UTF-8 that Python speaks in any.
    """
    name = locale.getencoding() if encoding is None else encoding
    if (os.environ.get("TERM", "") if term is None else term) in ("dumb", "linux"):
        return ASCII
    try:
        return UNICODE if codecs.lookup(name).name == "utf-8" else ASCII
    except LookupError:
        return ASCII


def slot_run(slot: Slot, glyphs: Glyphs, ink_of: InkOf) -> Run:
    """One card as one sign. Held cards take the ink of their holder, all others the ink of their state."""
    if slot.state != "held":
        return glyphs.slots[slot.state], STATE_INK[slot.state]
    if slot.idle:
        return glyphs.slots["idle"], ink_of(slot)
    if slot.used >= 0.999:
        return glyphs.slots["held"], ink_of(slot)
    part = min(len(glyphs.parts) - 1, int(slot.used * len(glyphs.parts)))
    return glyphs.parts[part], ink_of(slot)


def slot_bar(slots: Sequence[Slot], glyphs: Glyphs, ink_of: InkOf, most: int = 32) -> Line:
    """A node's cards, one sign each; a node with more than `most` ends in dots."""
    runs: list[Run] = []
    for slot in slots[:most]:
        sign, ink = slot_run(slot, glyphs, ink_of)
        if runs and runs[-1][1] == ink:
            runs[-1] = (runs[-1][0] + sign, ink)
        else:
            runs.append((sign, ink))
    if len(slots) > most:
        runs.append((glyphs.dots, "dim"))
    return tuple(runs)


def meter(parts: Sequence[tuple[float, str]], whole: float, width: int, glyphs: Glyphs) -> Line:
    """A bar of `width` cells: parts of a whole, each in its ink, the rest empty. No part that exists is left out."""
    if not whole > 0 or width <= 0:
        return ((glyphs.bar_empty * max(0, width), "dim"),)
    runs: list[Run] = []
    left = width
    for amount, ink in parts:
        cells = min(left, max(1, round(amount / whole * width))) if amount > 0 else 0
        if cells:
            runs.append((glyphs.bar_full * cells, ink))
        left -= cells
    if left:
        runs.append((glyphs.bar_empty * left, "dim"))
    return tuple(runs)


def legend(glyphs: Glyphs) -> Line:
    """The states' signs and their names on one line."""
    runs: list[Run] = []
    for state, words in MEANING:
        runs.append(("  " if runs else " ", "dim"))
        runs.append((glyphs.slots[state], STATE_INK[state]))
        runs.append((f" {_SHORT.get(state, words)}", "dim"))
        if state == "held":
            runs += [("  ", "dim"), (glyphs.parts[2], STATE_INK["held"]), (" shared or sliced", "dim")]
    return tuple(runs)


def look_of(slot: Slot) -> Look:
    """The state of a card, where idle is one."""
    return "idle" if slot.idle and slot.state == "held" else slot.state


def short(look: Look) -> str:
    """A state in one word."""
    return _SHORT.get(look, look)
