"""The full-screen view as a command shows it: where it can be shown, and what its end means for the exit code."""

import os
import signal
import sys
from typing import TYPE_CHECKING

from k8sai.errors import Exit

if TYPE_CHECKING:
    from k8sai.fleet.index import Fleet
    from k8sai.tui.contexts import Choice
    from k8sai.tui.feed import Feed
    from k8sai.tui.opening import Opening


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

    from k8sai.tui.app import Cockpit

    screen = Cockpit(
        fleet, feed, opening=opening, state=user_state_path("k8sai", appauthor=False), keeps=keeps, choice=choice
    )
    ended: list[int] = []

    def leave(number: int, _frame: object) -> None:
        ended.append(number)
        screen.exit()  # an exception here would be lost in whatever the event loop is just doing

    before = signal.signal(signal.SIGTERM, leave)
    try:
        screen.run()
    finally:
        signal.signal(signal.SIGTERM, before)
    if ended:
        signal.raise_signal(signal.SIGTERM)
    if screen.bug is not None:
        raise screen.bug
    return int(screen.return_code or Exit.OK)
