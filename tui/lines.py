"""A widget that paints lines of runs: the header, titles, details and help are made of it."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.strip import Strip

from k8sai.tui.desk import Desk
from k8sai.tui.direct import Direct
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.ink import Inks, Line, Run


class Lines(Direct):
    """Subclasses say `lines`; they are asked once per refresh."""

    can_focus = False

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.desk = desk
        self._said: Sequence[Line] | None = None
        self._strips: dict[int, tuple[Line, Strip]] = {}  # by place: most lines say the same in the next frame
        self._painted_with: tuple[int, Inks] | None = None

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """What to say in this much room."""
        return ()

    def repaint(self) -> None:
        """Ask again and paint."""
        self._said = None
        self.refresh()

    def undress(self) -> None:
        self._strips.clear()

    def on_resize(self) -> None:
        self._said = None

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if self._said is None:
            self._said = self.lines(width, height)
        line = self._said[y] if y < len(self._said) else ()
        inks = self.desk.inks
        before = self._painted_with
        if before is None or before[0] != width or before[1] is not inks:
            self._strips.clear()
            self._painted_with = width, inks
        kept = self._strips.get(y)
        if kept is not None and kept[0] == line:
            return kept[1]
        strip = Strip([Segment(text, inks[ink]) for text, ink in line])
        painted = strip.adjust_cell_length(width).apply_style(self.rich_style)
        self._strips[y] = line, painted
        return painted


def beside(left: Line, right: Line, width: int) -> Line:
    """Two lines as one, the second at the right edge; the first gives way."""
    from rich.cells import cell_len

    room = width - sum(cell_len(text) for text, _ in right)
    runs: list[Run] = []
    for text, ink in left:
        if cell_len(text) >= room:
            text = text[: max(0, room - 1)]
        if text:
            runs.append((text, ink))
        room -= cell_len(text)
    return (*runs, (" " * max(0, room), "plain"), *right)


def wrap(text: str, width: int, most: int = 1000) -> list[str]:
    """The text in lines no wider than `width`, at most `most` of them, the last ending in dots when cut."""
    from textwrap import wrap as wrapped

    return wrapped(text, max(8, width), max_lines=most, placeholder=" ...") or [""]


def rule_with_keys(left: Line, keys: Sequence[tuple[str, str]], width: int, glyphs: Glyphs) -> Line:
    """A rule that says what is below it, and at its end which keys do something with it."""
    hint = tuple(run for key, word in keys for run in ((f" {key}", "key"), (f" {word} ", "dim")))
    line = beside(left, hint, width)
    return tuple((glyphs.rule * len(t), "dim") if t.isspace() and len(t) > 1 else (t, ink) for t, ink in line)
