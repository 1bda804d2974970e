"""What the groups on the map have together, added up anew now and then: 100,000 nodes take longer than a frame has."""

import time
from collections.abc import Callable

from k8sai.fleet.chart import Group, Tally
from k8sai.tui.desk import Desk

_EVERY = 0.5  # seconds; figures that change more often cannot be read
_SHARE = 40  # adding up may cost at most a fortieth of the time


class Tallies:
    """The last sums of each group. `clock` tells seconds, for tests."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.perf_counter) -> None:
        self.desk = desk
        self._clock = clock
        # By name: of which group, its sums, the fleet's version then, and until when that will do.
        self._kept: dict[str, tuple[Group, Tally, int, float]] = {}

    def of(self, group: Group) -> Tally:
        """The group's sums, some moments old at most."""
        kept, began = self._kept.get(group.name), self._clock()
        version = self.desk.fleet.version
        if kept is not None and kept[0] is group and (kept[2] == version or began < kept[3]):
            return kept[1]
        tally = self.desk.tally(group.nodes)
        ended = self._clock()
        self._kept[group.name] = group, tally, version, ended + max(_EVERY, _SHARE * (ended - began))
        return tally
