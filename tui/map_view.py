"""What of the map is looked at: how near, which group, which node, which card. Moves keep the node under the cursor."""

from collections.abc import Sequence
from typing import Final, Literal

from k8sai.fleet.chart import GROUPINGS, Group, Grouping
from k8sai.tui.map_plan import SCALES, Plan, Scale, Size, fitting

Level = Literal["cluster", "group", "node", "card"]
LEVELS: Final[tuple[Level, ...]] = ("cluster", "group", "node", "card")


class View:
    """Groups come from the fleet, room from the screen; everything else is decided here."""

    def __init__(self) -> None:
        self.by: Grouping = GROUPINGS[0]
        self.level: Level = "cluster"
        self.scale: Scale | None = None  # the one asked for; None: the nearest that fits
        self.node = ""  # under the cursor
        self.card = 0
        self.every: tuple[Group, ...] = ()
        self.groups: tuple[Group, ...] = ()  # those shown
        self.names: tuple[str, ...] = ()  # of the nodes shown, as the plan numbers them
        self._names: tuple[str, ...] = ()  # of all nodes
        self.plan: Plan = fitting((), 1, 1)
        self._group = ""  # the name of the group that was entered
        self._entered = False
        self._at: dict[str, int] = {}  # of all nodes, in their groups
        self._first = 0  # the number of the first node shown
        self._room = (1, 1)
        self._bar = 0

    @property
    def at(self) -> int:
        """The number of the node under the cursor; 0 where there is none."""
        return self.number(self.node) or 0

    @property
    def group(self) -> Group | None:
        """The group the cursor is in."""
        return self.groups[self.plan.band_of(self.at).group] if self.names else None

    # --- what it is made from -----------------------------------------------------------------------------------------

    def arrange(self, groups: Sequence[Group]) -> None:
        """The nodes in their groups, now. Where the node under the cursor is gone, the one in its place comes."""
        at = self.at
        self.every = tuple(groups)
        self._names = tuple(name for group in self.every for name in group.nodes)
        self._at = {name: number for number, name in enumerate(self._names)}
        self._choose(at)

    def resize(self, width: int, height: int, bar: int = 0) -> None:
        """The columns and lines there are; a map that is longer leaves columns for a scrollbar."""
        if (width, height, bar) != (*self._room, self._bar):
            self._room, self._bar = (width, height), bar
            self._lay_out()

    def _choose(self, at: int = 0) -> None:
        shown = [group for group in self.every if group.name == self._group] if self._entered else []
        self._entered = bool(shown)
        self.groups = tuple(shown) or self.every
        # Entering a group costs the same whatever the number of nodes: they are counted when they are arranged.
        self.names = shown[0].nodes if shown else self._names
        self._first = self._at[self.names[0]] if self.names else 0
        if self.number(self.node) is None:
            self.node = self.names[min(at, len(self.names) - 1)] if self.names else ""
            self.card = 0
            if self.level in ("node", "card") or not self._entered:
                self.level = "group" if self._entered else "cluster"
        elif self.level == "group" and not self._entered:
            self.level = "cluster"
        self._lay_out()

    def number(self, node: str) -> int | None:
        """Where the node is among those shown; None where it is not."""
        number = self._at.get(node, -1) - self._first
        return number if 0 <= number < len(self.names) else None

    def _lay_out(self) -> None:
        sizes = [Size(len(group.nodes), group.most) for group in self.groups]
        width, height = self._room
        self.plan = fitting(sizes, width, height, self.scale)
        if self._bar and self.plan.height > height and width > self._bar:
            self.plan = fitting(sizes, width - self._bar, height, self.scale)

    # --- moves --------------------------------------------------------------------------------------------------------

    def go(self, number: int) -> None:
        """Put the cursor on a node by its number."""
        if self.names:
            node = self.names[max(0, min(number, len(self.names) - 1))]
            if node != self.node:
                self.node, self.card = node, 0

    def point_at(self, node: str) -> bool:
        """Put the cursor on a node by its name; whether it is shown."""
        number = self.number(node)
        if number is not None:
            self.go(number)
        return number is not None

    def zoom_in(self) -> bool:
        """One level nearer to what is under the cursor; whether there was one."""
        if not self.names or self.level == "card":
            return False
        group = self.group
        if self.level == "cluster" and len(self.every) > 1 and group is not None:
            self.level, self._group, self._entered = "group", group.name, True
            self._choose()
        elif self.level in ("cluster", "group"):
            self.level = "node"
        else:
            self.level = "card"
        return True

    def zoom_out(self) -> bool:
        """One level back; whether there was one."""
        if self.level == "cluster":
            return False
        if self.level == "card":
            self.level = "node"
        elif self.level == "node":
            self.level = "group" if self._entered else "cluster"
        else:
            self.leave_group()
        return True

    def leave_group(self) -> None:
        """All groups again."""
        self._entered, self.level = False, "cluster"
        self._choose()

    def next_grouping(self) -> Grouping:
        """Group by the next thing; who calls this arranges anew."""
        self.by = GROUPINGS[(GROUPINGS.index(self.by) + 1) % len(GROUPINGS)]
        self._entered = False
        self.level = "cluster" if self.level == "group" else self.level
        return self.by

    def next_scale(self) -> Scale | None:
        """The next scale, after the nearest again whatever fits."""
        choices: tuple[Scale | None, ...] = (None, *SCALES)
        self.scale = choices[(choices.index(self.scale) + 1) % len(choices)]
        self._lay_out()
        return self.scale
