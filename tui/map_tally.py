"""What the groups on the map have together, added up anew now and then, a little in each frame.

100,000 nodes take longer than a frame has: what is known so far is shown until the next sum is complete.
"""

import time
from collections.abc import Callable, Iterator
from math import nan

from k8sai.fleet.chart import Group, Tally
from k8sai.tui.desk import Desk

_EVERY = 0.5  # seconds; figures that change more often cannot be read
_SHARE = 40  # adding up may cost at most a fortieth of the time
_AT_ONCE = 500  # nodes; half a millisecond
_PATIENCE = 0.002  # seconds that one look may spend on a group
UNKNOWN = Tally(*[nan] * len(Tally.__struct_fields__))


class Tallies:
    """The last sums of each group; unknown before the first are complete. `clock` tells seconds, for tests."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.perf_counter) -> None:
        self.desk = desk
        self._clock = clock
        # By name: of which group, its sums, the fleet's version then, and until when that will do.
        self._kept: dict[str, tuple[Group, Tally, int, float]] = {}
        self._begun: dict[str, _Sum] = {}

    def of(self, group: Group) -> Tally:
        """The group's sums, some moments old at most."""
        kept, now = self._kept.get(group.name), self._clock()
        if kept is not None and not _alike(kept[0], group):
            del self._kept[group.name]
            kept = None
        version = self.desk.fleet.version
        if kept is not None and kept[0] is group and (kept[2] == version or now < kept[3]):
            return kept[1]
        begun = self._begun.get(group.name)
        if begun is None or not _alike(begun.group, group):
            begun = self._begun[group.name] = _Sum(self.desk, group, version)
        if begun.go_on(self._clock, now + _PATIENCE):
            del self._begun[group.name]
            until = self._clock() + max(_EVERY, _SHARE * begun.spent)
            self._kept[group.name] = begun.group, begun.tally, begun.version, until
            return begun.tally
        return UNKNOWN if kept is None else kept[1]


class _Sum:
    """The sums of a group on the way."""

    def __init__(self, desk: Desk, group: Group, version: int) -> None:
        self.group = group
        self.version = version
        self.spent = 0.0
        self.tally = Tally()
        self._parts = self._added(desk)

    def go_on(self, clock: Callable[[], float], end: float) -> bool:
        """Until that time at most; whether it is complete."""
        began = now = clock()
        done = True
        for _ in self._parts:
            now = clock()
            if now >= end:
                done = False
                break
        self.spent += clock() - began
        return done

    def _added(self, desk: Desk) -> Iterator[None]:
        nodes = self.group.nodes
        for at in range(0, len(nodes), _AT_ONCE):
            part, so_far = desk.tally(nodes[at : at + _AT_ONCE]), self.tally
            self.tally = Tally(*(round(a + b, 6) for a, b in zip(_figures(so_far), _figures(part), strict=True)))
            if at + _AT_ONCE < len(nodes):
                yield


def _alike(one: Group, other: Group) -> bool:
    """The same group after some nodes came or went; another grouping may have one of the same name."""
    a, b = one.nodes, other.nodes
    return a is b or (abs(len(a) - len(b)) * 20 <= len(b) and (a[:1] == b[:1] or a[-1:] == b[-1:]))


def _figures(tally: Tally) -> tuple[float, ...]:
    return tuple(getattr(tally, name) for name in Tally.__struct_fields__)
