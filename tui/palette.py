"""Every action by name, for the command palette: made from the key tables."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen

from k8sai.tui.keymap import KEYS, MOVES, Key, without
from k8sai.tui.panes import NAMED
from k8sai.tui.reader import Reader

NOT_OURS = ("Keys", "Maximize", "Minimize")  # of Textual: our help says more, and panes fill the screen already

if TYPE_CHECKING:
    from k8sai.tui.frame import Frame


def commands(app: "Frame", screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What can be done on this screen."""
    if isinstance(screen, Reader):
        yield from _of(app, screen.KEYS, screen)
        return
    for pane in NAMED:
        yield SystemCommand(pane.title, f"Show {pane.about}", partial(app.show, pane.stem))
    own = app.current.own_keys
    yield from _of(app, without(KEYS, own), app)
    yield from _of(app, own, app.current)
    yield from _of(app, without(MOVES, own), app.current.cursor_widget())
    for letter, field in app.current.letters().items():
        about = f"sort {app.current.title}  (shift-{letter.lower()})"
        yield SystemCommand(f"Sort by {field.title}", about, partial(app.current.sort_by, field.sort))


def _of(app: "Frame", keys: Sequence[Key], whose: DOMNode) -> Iterator[SystemCommand]:
    for key in keys:
        if key.palette and hasattr(whose, f"action_{key.action.partition('(')[0]}"):
            run = partial(app.run_action, key.action, whose)
            yield SystemCommand(key.palette, f"{key.words}  ({key.shown})", run)
