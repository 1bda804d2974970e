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
_NEEDED = 2  # hints that names of panes give way to
_SHORTEST = 3  # letters a pane's name is cut to where the screen is narrow


class Footer(Lines):
    """Panes with their numbers, then as many hints as fit."""

    def __init__(self, desk: Desk, current: Callable[[], Pane]) -> None:
        super().__init__(desk, id="footer")
        self.current = current
        self._places: list[tuple[int, str]] = []  # where the name of each pane begins
        self._end = 0  # where the last one ends

    def lines(self, width: int, height: int) -> Sequence[Line]:
        longest = max(len(pane.title) for pane in PANES)
        runs = self._panes(longest)
        needed = sum(_wide(_hint(*hint)) for hint in _HINTS[:_NEEDED])
        while longest > _SHORTEST and _wide(runs) + needed > width:
            longest -= 1
            runs = self._panes(longest)
        left = width - _wide(runs)
        for key, words in _HINTS:
            hint = _hint(key, words)
            left -= _wide(hint)
            if left < 0:
                break
            runs += hint
        return [legend(self.desk.glyphs), tuple(runs)] if height > 1 else [tuple(runs)]

    def _panes(self, longest: int) -> list[Run]:
        """The panes, with names of at most so many letters besides the one in front."""
        runs: list[Run] = []
        at = self.current()
        self._places = []
        for number, pane in enumerate(PANES, 1):
            self._places.append((_wide(runs), pane.stem))
            key = f" {number} " if number <= 9 else "  "
            here = pane.stem in (at.stem, at.home)
            runs += [(key, "dim"), (f" {pane.title} ", "mark") if here else (pane.title[:longest], "plain")]
        self._end = _wide(runs)
        return [*runs, ("  ", "plain")]

    async def on_click(self, event: events.Click) -> None:
        """A click on a pane's name goes there."""
        if event.y == self.size.height - 1 and event.x < self._end:
            stem = next(stem for begin, stem in reversed(self._places) if event.x >= begin)
            await self.run_action(f"app.pane('{stem}')")


def _hint(key: str, words: str) -> list[Run]:
    return [(f" {key}", "key"), (f" {words} ", "dim")]


def _wide(runs: Sequence[Run]) -> int:
    return sum(cell_len(text) for text, _ in runs)
