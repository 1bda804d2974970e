"""A full screen leaves by itself when it is told to end, and when its terminal is gone."""

import os
import select
import signal
import sys
from contextlib import contextmanager
from threading import Thread, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)
_PATIENCE = 2.0  # seconds for the screen to leave by itself


@contextmanager
def ending(leave: "Callable[[], object]") -> "Iterator[list[int]]":
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
