"""The words on the map: the heading or label of a group, and the line of a node."""

from math import isnan
from typing import Final

from k8sai.fleet.chart import Group, Tally
from k8sai.fleet.tables import amount, status
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import meter
from k8sai.tui.ink import Line, Run
from k8sai.tui.map_paint import Brush
from k8sai.tui.nodes import holders
from k8sai.tui.words import clean, share, without_vendor

NAME: Final = 26  # columns of a name
_METER: Final = 16
_ROOMY: Final = 110  # columns; below that a meter is half as long


def node_line(brush: Brush, name: str, most: int, width: int) -> Line:
    """A node on a line of its own; `most` is the largest number of cards any node shown has."""
    desk = brush.desk
    try:
        row = desk.node(name)
    except KeyError:
        return fit(((f"{name} is gone", "bad"),), width, Field(""), desk.glyphs.dots)
    (glance,) = desk.glances([name])
    bar = brush.cell(glance, "signs", min(32, most) + 1)
    state = status(row)
    figures = row.figures
    runs: list[Run] = [
        *fit(((name, "plain"),), min(NAME, width // 3), Field("", middle=True), desk.glyphs.dots),
        (" ", "plain"),
        *bar,
        (amount(figures.used).rjust(5), "plain"),
        (f"/{amount(figures.allocatable)}".ljust(6), "dim"),
        (f"{amount(figures.free):>4} free  ", "good" if row.largest_free > 0 else "dim"),
        (f"{state.text}  ", "dim" if state.tone == "good" else state.tone),
        *holders(row, desk),
    ]
    return fit(tuple(runs), width, Field(""), desk.glyphs.dots)


def heading(desk: Desk, group: Group, tally: Tally, names: int, width: int) -> list[Run]:
    """What a group is, and how much of it is held and free, in columns; what does not fit is left out.

    `names` is the width of the longest name.
    """
    count = len(group.nodes)
    name = fit(((named(group), "strong"),), names, Field("", middle=True), desk.glyphs.dots)
    bar = meter(
        ((tally.used, "key"), (tally.unhealthy, "bad")),
        max(tally.cards, tally.used),
        _METER if width >= _ROOMY else _METER // 2,
        desk.glyphs,
    )
    held = f"{_count(tally.used)}/{_count(tally.cards)}".rjust(15)
    pieces: list[Line] = [
        ((" ", "plain"), *name),
        ((f"{count:>8,} node{'s' if count != 1 else ' '}  ", "dim"),),
        bar,
        ((held, "plain"), (share(tally.used, tally.cards).rjust(5), "accent")),
        ((f"{_count(tally.free):>9} free", "good" if tally.free > 0 else "dim"),),
        ((f"  {_count(tally.unhealthy)} unhealthy", "bad"),) if tally.unhealthy > 0 else (),
        ((f"  {_count(tally.blocked)} blocked", "warn"),) if tally.blocked > 0 else (),
    ]
    runs: list[Run] = []
    room = width
    for piece in pieces:
        taken = sum(len(text) for text, _ in piece)
        if taken <= room:
            runs += piece
            room -= taken
    return runs


def label(desk: Desk, group: Group, tally: Tally, width: int) -> list[Run]:
    free = f" {_count(tally.free)} free "
    name = fit(((named(group), "plain"),), width - len(free) - 1, Field("", middle=True), desk.glyphs.dots)
    return [(" ", "plain"), *name, (free, "good" if tally.free > 0 else "dim")]


def named(group: Group) -> str:
    """A group's name where room is short."""
    return without_vendor(clean(group.name)) or "none of them"


def _count(cards: float) -> str:
    """With thousands apart where it is whole."""
    return f"{int(cards):,}" if not isnan(cards) and cards == int(cards) else amount(cards)
