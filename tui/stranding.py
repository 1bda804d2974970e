"""How much of what is free is stranded: computed beside the screen, on a clock, at most a twentieth of the time."""

import time
from threading import Event, Thread
from typing import Final

from k8sai.fit.stranded import Stranded, summary
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.tui.feed import Feed

_EVERY: Final = 2.0  # seconds at least between two looks
_REST: Final = 19  # times as long as a look took


class Stranding:
    """Looks again when the fleet has changed. `latest` never waits; None before the first look."""

    def __init__(self, fleet: Fleet, feed: Feed) -> None:
        self._fleet = fleet
        self._feed = feed
        self._board: Board | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="k8sai-stranded", daemon=True)
        self._seen = -1
        self.latest: Stranded | None = None
        self.failure = ""  # why there is none; a thread that just ends would look like calm

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that goes on."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def look(self) -> None:
        """Once, if anything changed since; nothing is said before all is read, or where there is no board."""
        version = self._fleet.version
        if version == self._seen or any(source.state == "starting" for source in self._feed.sources()):
            return
        self._board = self._board or self._feed.board()
        if self._board is not None:
            self.latest = summary(self._board, self._fleet)
            self._seen = version

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            began = time.perf_counter()
            try:
                self.look()
            except Exception as error:
                self.failure = f"a bug of k8sai: {type(error).__name__}: {error}"
                return
            pause = max(_EVERY, _REST * (time.perf_counter() - began))
