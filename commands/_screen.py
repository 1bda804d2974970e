"""The full-screen view as a command shows it: where it can be shown, and what its end means for the exit code."""

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from k8sai.commands import _talk
from k8sai.commands._ending import ending
from k8sai.errors import Exit
from k8sai.view import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from k8sai.fleet.index import Fleet
    from k8sai.tui.choice import Choice
    from k8sai.tui.feed import Feed
    from k8sai.tui.opening import Opening


_FRAMES = "250"  # a second at most: with Textual's 60 a key waits up to 33 ms where something was painted before it
_TURN = 0.001  # seconds a thread runs while another waits


def has_screen() -> bool:
    """Whether somebody sits at a terminal that can show it."""
    streams = (sys.stdin, sys.stdout)
    return all(s is not None and s.isatty() for s in streams) and os.environ.get("TERM", "dumb") != "dumb"


def show(
    fleet: "Fleet",
    feed: "Feed",
    opening: "Opening | None" = None,
    *,
    choice: "Choice | None" = None,
    keeps: bool = True,
) -> int:
    """Until the user leaves; the exit code. What broke the screen is raised when the terminal is given back.

    `choice` are the other clusters to go to. With `keeps` the screen of this cluster looks at the next start as it is
    left; without it, tables and texts can still be saved.
    """
    from platformdirs import user_state_path

    os.environ.setdefault("TEXTUAL_FPS", _FRAMES)
    from k8sai.tui.app import Cockpit

    screen = Cockpit(
        fleet, feed, opening=opening, state=user_state_path("k8sai", appauthor=False), keeps=keeps, choice=choice
    )
    with ending(screen.exit) as ended, _attentive(), _drawn_on_a_terminal():
        screen.run()
    for drain in screen.desk.feed.left:
        hint = f"`k8sai evict resume {drain}` goes on, `k8sai evict abort {drain}` takes it back"
        _talk.note(Note(f"drain {drain} is left where it is", "warn", hint))
    if ended:
        signal.raise_signal(ended[0])
    if screen.bug is not None:
        raise screen.bug
    return int(screen.return_code or Exit.OK)


@contextmanager
def _attentive() -> "Iterator[None]":
    """Threads that count events give way to the screen after a millisecond; by default they need not before five."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _drawn_on_a_terminal() -> "Iterator[None]":
    """Textual draws on stderr. Where that goes into a file (`2>log`) it draws on stdout, which is a terminal."""
    streams = vars(sys)
    before = streams["__stderr__"]
    if before is None or before.closed or not before.isatty():
        streams["__stderr__"] = sys.__stdout__
    try:
        yield
    finally:
        streams["__stderr__"] = before
