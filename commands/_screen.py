"""The full-screen view as a command shows it: where it can be shown, and what its end means for the exit code."""

import os
import select
import signal
import sys
from contextlib import contextmanager
from threading import Thread, Timer
from typing import TYPE_CHECKING

from k8sai.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from k8sai.fleet.index import Fleet
    from k8sai.tui.contexts import Choice
    from k8sai.tui.feed import Feed
    from k8sai.tui.opening import Opening


_HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)
_FRAMES = "250"  # a second at most: with Textual's 60 a key waits up to 33 ms where something was painted before it
_TURN = 0.001  # seconds a thread runs while another waits
_PATIENCE = 2.0  # seconds for the screen to leave by itself


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
    with _ending(screen.exit) as ended, _attentive(), _drawn_on_a_terminal():
        screen.run()
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


@contextmanager
def _ending(leave: "Callable[[], object]") -> "Iterator[list[int]]":
    """SIGTERM, SIGHUP and a terminal that is gone ask the screen to leave; the signals that came are given.

    An exception in a handler would be lost in whatever the event loop is just doing. Where the loop no longer answers,
    because it waits to write to a terminal that is gone, the signal ends the process after a while.
    """
    ended: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, _HANGUP)}

    def arrived(number: int, _frame: object) -> None:
        ended.append(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)  # the next one ends us
        last = Timer(_PATIENCE, os.kill, (os.getpid(), number))
        last.daemon = True
        last.start()
        leave()

    for number in before:
        signal.signal(number, arrived)
    Thread(target=_tell_hangup, name="k8sai-terminal", daemon=True).start()
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_hangup() -> None:
    """Wait until the terminal is gone, which only its own session is told; then it is as if we had been told."""
    if not hasattr(select, "poll"):
        return
    terminal = select.poll()
    terminal.register(sys.stdin.fileno(), 0)  # nothing but a hangup is waited for
    terminal.poll()
    os.kill(os.getpid(), _HANGUP)
