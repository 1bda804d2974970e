"""Lines that go to the terminal as they were made.

Textual makes every line of a widget anew in each frame, for borders, padding and opacity. Ours have none of that: a
line that was painted before stays the same object, and keeps what was made of it for the terminal.
"""

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Inks


class Direct(Widget):
    """A widget whose `render_line` says all of a line, in the width there is. `ready` lines pass no more filters."""

    ready: tuple[type[Strip], ...] = ()
    desk: Desk
    _worn: tuple[Style, Inks] | None = None

    def undress(self) -> None:
        """Lines that were kept are of another theme, or on another ground. The focus alone changes neither."""

    def render_lines(self, crop: Region) -> list[Strip]:
        worn = self.rich_style, self.desk.inks
        if worn != self._worn:
            self._worn = worn
            self.undress()
        if any(self.styles.gutter):  # something around the lines, after all
            return super().render_lines(crop)
        width, height = self.scrollable_content_region.size
        filters, ground = self.get_line_filters(), self.background_colors[1]
        first, end = crop.column_span
        strips: list[Strip] = []
        for y in crop.line_range:
            # Where a scrollbar covers what is left, nothing needs to be there: the line need not be cut for it.
            strip = self.render_line(y) if y < height else Strip.blank(width)
            if not isinstance(strip, self.ready):
                for each in filters:
                    strip = strip.apply_filter(each, ground)
            strips.append(strip if first == 0 and end >= width else strip.crop(first, end))
        return strips


class Empty(Widget):
    """A widget with nothing to say behind what stands on it: every line of it is the same."""

    def render_lines(self, crop: Region) -> list[Strip]:
        if any(self.styles.gutter):
            return super().render_lines(crop)
        below, ground = self.background_colors
        strip = Strip.blank(crop.width, Style(bgcolor=(below + ground).rich_color))
        for each in self.get_line_filters():
            strip = strip.apply_filter(each, ground)
        return [strip] * crop.height
