"""What is known of the lines of a map, kept for the latest maps: out of a group one finds the cluster as it was."""

from collections.abc import Iterable, Sequence
from operator import is_
from typing import Final

from k8sai.fleet.chart import Tally
from k8sai.fleet.glance import Glance
from k8sai.tui.map_paint import looks_of
from k8sai.tui.map_plan import Plan
from k8sai.tui.map_strips import Pieced
from k8sai.tui.map_view import View

_MOST: Final = 3  # maps: the cluster, a group, and one more


class Kept:
    """The lines of one plan, by number: the nodes as last seen, the sums beside them, and what was painted of both."""

    def __init__(self, names: tuple[str, ...], plan: Plan) -> None:
        self.names = names
        self.plan = plan
        self.seen: dict[int, list[Glance | None]] = {}
        self.tallied: dict[int, list[Tally]] = {}
        self.strips: dict[int, Pieced] = {}
        self.mark = -1  # of the fleet, when it was last asked what has changed
        # By line the numbers of nodes that have changed since they were seen; None: it may be any of them.
        self._stale: dict[int, set[int] | None] = {}
        self._looks: dict[int, set[int]] = {}

    def changed(self, mark: int, names: frozenset[str] | None, view: View) -> None:
        """These nodes look different now (None: any may)."""
        self.mark = mark
        if names is None:
            self._stale.update(dict.fromkeys(self.seen))
            return
        for name in names:
            number = view.number(name)
            if number is not None:
                stale = self._stale.setdefault(self.plan.place(number)[1], set())
                if stale is not None:
                    stale.add(number)

    def wanted(self, lines: Iterable[int]) -> list[int]:
        """Those of the lines whose nodes must be looked at."""
        return [line for line in lines if line in self._stale or line not in self.seen]

    def numbers(self, line: int) -> list[int]:
        """Of the line the nodes to look at: those that have changed, or all."""
        stale = self._stale.get(line)
        if stale is not None and line in self.seen:
            return sorted(stale)
        return [node for nodes in self._ranges(line) for node in nodes]

    def _ranges(self, line: int) -> list[range]:
        return [self.plan.nodes_on(band, line) for band in self.plan.bands_on(line)]

    def saw(self, line: int, numbers: Sequence[int], glances: list[Glance | None]) -> None:
        """These nodes of `numbers` look so now; what could not be seen in time is looked at again."""
        before = self.seen.get(line)
        nodes = glances
        if before is not None and len(numbers) < len(before):
            nodes, first = [*before], 0
            now = dict(zip(numbers, glances, strict=True))
            for each in self._ranges(line):
                for number in now.keys() & each:
                    nodes[first + number - each.start] = now[number]
                first += len(each)
        self.seen[line] = nodes
        # A line of words says more than its glance does.
        if before is None or before != nodes or (self.plan.scale == "lines" and not all(map(is_, before, nodes))):
            self.strips.pop(line, None)
            self._looks.pop(line, None)
        if None in nodes:
            self._stale[line] = None
        else:
            self._stale.pop(line, None)

    def looks(self, lines: Iterable[int]) -> set[int]:
        """The states that cards on these lines are in."""
        found: set[int] = set()
        for line in lines:
            if line not in self._looks:
                self._looks[line] = looks_of(self.seen.get(line, ()))
            found |= self._looks[line]
        return found

    def forget(self) -> None:
        """All of it: there are too many lines."""
        for each in (self.seen, self.tallied, self.strips, self._looks):
            each.clear()
        self._stale.clear()


class Maps:
    """What is known of the map in front, `now`, and of those before it."""

    def __init__(self) -> None:
        self.now = Kept((), Plan("dots", 1, 0, 0, (), (), ()))
        self._before: list[Kept] = []

    def turn(self, view: View) -> None:
        """This is looked at now: as it was left, where it is the same nodes in the same places."""
        if self._is(self.now, view):
            return
        self._before.append(self.now)
        found = next((kept for kept in self._before if self._is(kept, view)), None)
        if found is None:
            found = Kept(view.names, view.plan)
        else:
            self._before.remove(found)
        self.now = found
        del self._before[: -_MOST + 1]

    @staticmethod
    def _is(kept: Kept, view: View) -> bool:
        return kept.names is view.names and kept.plan == view.plan

    def unpaint(self) -> None:
        """Other colours or signs: what was painted is of no use, what was seen is."""
        for kept in (self.now, *self._before):
            kept.strips.clear()

    def forget(self) -> None:
        """There is other room: nothing is where it was."""
        self.now.forget()
        self._before.clear()
