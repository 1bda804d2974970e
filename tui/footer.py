"""The last line: the panes and the keys most needed; above it, where there is room, what the signs mean."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual import events

from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import legend
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import Lines
from k8sai.tui.pane import Pane
from k8sai.tui.panes import PANES

_HINTS = (
    ("?", "help"),
    ("/", "filter"),
    ("enter", "open"),
    ("d", "describe"),
    ("y", "YAML"),
    ("l", "logs"),
    (":", "go"),
    ("s", "sort"),
    ("c", "colour"),
    ("p", "pause"),
    ("q", "quit"),
)


class Footer(Lines):
    """Panes with their numbers, then as many hints as fit."""

    def __init__(self, desk: Desk, current: Callable[[], Pane]) -> None:
        super().__init__(desk, id="footer")
        self.current = current
        self._places: list[tuple[int, str]] = []  # where the name of each pane begins

    def lines(self, width: int, height: int) -> Sequence[Line]:
        runs: list[Run] = []
        at = self.current()
        self._places = []
        for number, pane in enumerate(PANES, 1):
            here = pane.stem in (at.stem, at.home)
            self._places.append((sum(cell_len(text) for text, _ in runs), pane.stem))
            runs += [(f" {number} ", "dim"), (f" {pane.title} " if here else pane.title, "mark" if here else "plain")]
        runs.append(("  ", "plain"))
        left = width - sum(cell_len(text) for text, _ in runs)
        for key, words in _HINTS:
            if left < len(key) + len(words) + 3:
                break
            left -= len(key) + len(words) + 3
            runs += [(f" {key}", "key"), (f" {words} ", "dim")]
        return [legend(self.desk.glyphs), tuple(runs)] if height > 1 else [tuple(runs)]

    async def on_click(self, event: events.Click) -> None:
        """A click on a pane's name goes there."""
        line = self.lines(self.size.width, self.size.height)[-1]
        end = sum(cell_len(text) for text, _ in line[: 2 * len(PANES)])
        if event.y == self.size.height - 1 and event.x < end:
            stem = next(stem for begin, stem in reversed(self._places) if event.x >= begin)
            await self.run_action(f"app.pane('{stem}')")
