"""The map on the screen: paints the lines that are visible, and of those only what has changed."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from k8sai.fleet.chart import Tally
from k8sai.fleet.glance import Glance
from k8sai.tui.desk import Desk
from k8sai.tui.direct import Direct
from k8sai.tui.ink import Line, Run
from k8sai.tui.map_kept import Kept, Maps
from k8sai.tui.map_paint import Brush, merged
from k8sai.tui.map_plan import Band
from k8sai.tui.map_strips import Inked, Pieced, over
from k8sai.tui.map_tally import UNKNOWN, Tallies
from k8sai.tui.map_view import View
from k8sai.tui.map_words import NAME, heading, label, named, node_line

_PATIENCE = 0.03  # seconds that a frame may spend on nodes nobody has looked at; the rest comes with the next
_SOON = 0.03  # seconds until the sums of groups are added up further
_FEW = 6  # cells of a line that are sent one by one
_AHEAD = 0.003  # seconds a frame may spend on the page before or after
_AHEAD_EVERY = 2  # frames; the pages take turns
_AT_ONCE = 4  # lines


class MapField(ScrollView, Direct, can_focus=True, inherit_bindings=False):
    """Cells by a plan. The pane decides what is shown and what keys do; this paints, scrolls and hears the mouse.

    Without the bindings of a scroll view: those would take the arrow keys as soon as there is more than fits.
    """

    ready = (Pieced,)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"map--cursor", "map--line", "map--cursor-blurred", "map--marked"}

    class Pointed(Message):
        """A click on a node; twice opens it."""

        def __init__(self, node: int, twice: bool) -> None:
            super().__init__()
            self.node = node
            self.twice = twice

    class Laid(Message):
        """It has another size, and with it perhaps another scale."""

    def __init__(self, desk: Desk, view: View, marked: set[str]) -> None:
        super().__init__()
        self.desk = desk
        self.view = view
        self.marked = marked
        self.brush = Brush(desk)
        self.tallies = Tallies(desk)
        self.blank: Sequence[Line] = ()
        self._maps = Maps()
        self._inked = Inked(desk, self)
        self._room: tuple[Size, ...] = ()
        self._again = False
        self._ahead = 0  # looks until the next one ahead
        self._named = 0  # columns of the groups' names

    # --- what changes -------------------------------------------------------------------------------------------------

    def arranged(self) -> None:
        """The plan is another one: what is not known of it is painted anew, the cursor in sight."""
        self._maps.turn(self.view)
        plan = self.view.plan
        self._named = min(NAME, max((len(named(group)) for group in self.view.groups[:200]), default=0))
        self.virtual_size = Size(max(1, plan.width), plan.height)
        self.reveal()
        self.look()
        self.refresh()

    def repaint(self) -> None:
        """Another colour, other signs."""
        self.brush.fresh()
        self._maps.unpaint()
        self.look()
        self.refresh()

    def look(self) -> None:
        """See the visible nodes again; paint the lines where one has changed."""
        if not self.size.height:
            return
        if self.brush.fresh():
            self._maps.unpaint()
        kept, lines = self._asked(), self._lines()
        before = {line: kept.seen.get(line) for line in lines}
        late = not self._see(kept.wanted(lines), _PATIENCE)
        for line in lines:
            tallies = self._tallies(line)
            said = tallies == kept.tallied.get(line, [])
            if not said:
                kept.tallied[line] = tallies
                kept.strips.pop(line, None)
            if line not in kept.strips:
                self.refresh(*self._changed(line, before[line] if said else None, kept.seen[line]))
        if late and not self._again:
            self._again = True
            self.call_after_refresh(self._look_again)
        elif any(tally is UNKNOWN for line in lines for tally in kept.tallied.get(line, ())) and not self._again:
            self._again = True
            self.set_timer(_SOON, self._look_again)

    def _asked(self) -> Kept:
        """What is known of the lines, with all that has changed since."""
        kept = self._maps.now
        kept.changed(*self.desk.touched(kept.mark), self.view)
        return kept

    def _lines(self) -> range:
        """Those that are visible."""
        top = self.scroll_offset.y
        return range(top, min(top + self.size.height, self.view.plan.height))

    def _see(self, lines: Sequence[int], seconds: float) -> bool:
        """Look at the nodes on these lines, for so long at most; whether that was enough."""
        names, kept = self.view.names, self._maps.now
        nodes = [kept.numbers(line) for line in lines]
        wanted = [names[node] for each in nodes for node in each]
        found = self.desk.glances(wanted, seconds) if wanted else []
        at = 0
        for line, each in zip(lines, nodes, strict=True):
            kept.saw(line, each, found[at : at + len(each)])
            at += len(each)
        return None not in found

    def _changed(self, line: int, was: Sequence[Glance | None] | None, now: Sequence[Glance | None]) -> list[Region]:
        """The parts of the line that must be sent to the terminal: of a few cells only those."""
        plan, y = self.view.plan, line - self.scroll_offset.y
        bands = plan.bands_on(line)
        whole = Region(0, y, self.size.width, 1)
        if was is None or len(was) != len(now) or len(bands) != 1 or plan.scale == "lines":
            return [whole]
        cells = [at for at, (a, b) in enumerate(zip(was, now, strict=True)) if a != b]
        if not 0 < len(cells) <= _FEW:
            return [whole]
        (band,) = bands
        return [Region(band.left + at * band.cell, y, band.cell, 1) for at in cells]

    def _tallies(self, line: int) -> list[Tally]:
        """Of the groups whose heading or label is on the line."""
        plan, groups = self.view.plan, self.view.groups
        named = [band for band in plan.bands_on(line) if line == (band.top if plan.label else band.top - 1)]
        return [self.tallies.of(groups[band.group]) for band in named]

    def _look_again(self) -> None:
        self._again = False
        self.look()

    def look_ahead(self) -> None:
        """Have the pages before and after at hand, so that scrolling finds them ready; now and then is enough."""
        self._ahead = (self._ahead + 1) % (2 * _AHEAD_EVERY)
        if self._ahead % _AHEAD_EVERY:
            return
        top, tall = self.scroll_offset.y, self.size.height
        first = top + tall if self._ahead else top - tall
        wanted = self._asked().wanted(range(max(0, first), min(self.view.plan.height, first + tall)))
        end = time.perf_counter() + _AHEAD
        while wanted and time.perf_counter() < end:
            self._see(wanted[:_AT_ONCE], _AHEAD)
            del wanted[:_AT_ONCE]

    @property
    def seen(self) -> list[Glance | None]:
        """The visible nodes, as last looked at."""
        seen = self._maps.now.seen
        return [glance for line in self._lines() for glance in seen.get(line, ())]

    @property
    def looks(self) -> set[int]:
        """The states that visible cards are in."""
        return self._maps.now.looks(self._lines())

    def reveal(self) -> None:
        """Scroll as little as brings the cursor into view."""
        tall = self.size.height
        if not self.view.names or not tall:
            return
        line = self.view.plan.place(self.view.at)[1]
        top = self.scroll_offset.y
        if line <= top:
            first = line - 1 if line and not self.view.plan.label else line  # its heading too
            self.scroll_to(y=max(0, first if line - top <= 1 else line), animate=False)
        elif line >= top + tall:
            self.scroll_to(y=line - tall + 1, animate=False)

    def moved(self, before: int) -> None:
        """The cursor went from a node to another: both are painted."""
        top = self.scroll_offset.y
        self.reveal()
        if self.scroll_offset.y == top:
            for node in (before, self.view.at):
                line = self.view.plan.place(node)[1] - top
                self.refresh(Region(0, line, self.size.width, 1))

    def on_resize(self) -> None:
        room = self.size, self.scrollable_content_region.size
        if room == self._room:  # it only came to the front again
            return
        self._room = room
        self._maps.forget()
        self.view.resize(self.size.width, self.size.height, self.styles.scrollbar_size_vertical)
        self.arranged()
        self.post_message(self.Laid())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._forget_far()
            self.look()

    def _forget_far(self) -> None:
        """Lines far from those in view need not be kept."""
        if len(self._maps.now.seen) > 20 * max(20, self.size.height):
            self._maps.now.forget()

    def undress(self) -> None:
        self._maps.unpaint()
        self._inked.forget()

    # --- painting -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        base = self._inked.style("plain")
        line = self.scroll_offset.y + y
        view = self.view
        if not view.names:
            said = self.blank[y] if y < len(self.blank) else ()
            return self._inked.strip(said, width)
        if line >= view.plan.height:
            return Strip.blank(width, base)
        strips = self._maps.now.strips
        painted = strips.get(line)
        if painted is None:
            painted = strips[line] = self._paint(line)
        column, at = view.plan.place(view.at)
        if at != line and not self.marked:
            return painted
        shown = self._with_marks(painted.raw(), line) if self.marked else painted.raw()
        if at == line:
            lines = view.plan.scale == "lines"
            part = ("map--line" if lines else "map--cursor") if self.has_focus else "map--cursor-blurred"
            style = self.get_component_rich_style(part, partial=True)
            shown = over(shown, column, self._cursor_width(), style, inked=lines)
        return shown

    def _cursor_width(self) -> int:
        band = self.view.plan.band_of(self.view.at)
        return band.cell - 1 if self.view.plan.scale == "signs" and band.cell > 1 else band.cell

    def _with_marks(self, painted: Strip, line: int) -> Strip:
        plan, names = self.view.plan, self.view.names
        style = self.get_component_rich_style("map--marked", partial=True)
        for band in plan.bands_on(line):
            for node in plan.nodes_on(band, line):
                if names[node] in self.marked:
                    painted = over(painted, plan.place(node)[0], band.cell, style, inked=True)
        return painted

    def _paint(self, line: int) -> Pieced:
        plan = self.view.plan
        runs: list[Run] = []
        at = 0
        seen = self._maps.now.seen.get(line, [])
        taken = 0
        for band in plan.bands_on(line):
            nodes = plan.nodes_on(band, line)
            group = self.view.groups[band.group]
            if not plan.label and line < band.top:
                runs += heading(self.desk, group, self.tallies.of(group), self._named, plan.width)
                break
            if plan.label:
                runs.append((" " * (band.left - plan.label - at), "plain"))
                first = line == band.top
                said = label(self.desk, group, self.tallies.of(group), plan.label) if first else []
                runs += said or [(" " * plan.label, "plain")]
            else:
                runs.append((" " * band.left, "plain"))
            glances = seen[taken : taken + len(nodes)]
            taken += len(nodes)
            runs += self._cells(band, nodes, glances)
            at = band.left + band.cell * len(nodes)
        return self._inked.strip(runs, self.scrollable_content_region.width)

    def _cells(self, band: Band, nodes: range, glances: Sequence[Glance | None]) -> list[Run]:
        scale = self.view.plan.scale
        if scale == "lines":
            most = max(group.most for group in self.view.groups)
            gap = 1 if band.across > 1 else 0  # between columns
            told = (node_line(self.brush, self.view.names[node], most, band.cell - gap) for node in nodes)
            return [run for line in told for run in (*line, (" " * gap, "plain"))]
        return merged(self.brush.cells(glances, scale, band.cell))

    # --- the mouse ----------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        node = self.view.plan.at(event.x, event.y + self.scroll_offset.y)
        if node is not None:
            self.post_message(self.Pointed(node, event.chain == 2))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def __rich_repr__(self) -> Any:
        yield "scale", self.view.plan.scale
