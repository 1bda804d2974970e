"""What goes on beside the screen, kept out of the way of keys: threads that count, and the garbage collector."""

import gc
from collections.abc import Iterable
from typing import Final

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet

LARGE: Final = 5_000  # objects; walking fewer takes no time that anybody notices
WAY: Final = 0.1  # seconds at most that other threads stand aside for a key or a frame
COLLECT_AFTER: Final = 0.03  # seconds from the end of a frame; by then the terminal has it
_FEW: Final = 20_000  # new objects; walking them takes 5 ms
_STILL: Final = 0.5  # seconds without a key after which the next one is not expected at once


class Calm:
    """One per app. Before all is read it does nothing to threads: reading is what everybody waits for."""

    def __init__(self) -> None:
        self._read = False
        self._collects = False  # soon
        self._frozen = 0  # objects read when the collector was last told that they stay

    def begin(self, fleet: Fleet) -> None:
        """A key has come, or a frame is due: what counts events stands aside."""
        if self._read:
            fleet.way.take(WAY)

    def painted(self, fleet: Fleet) -> bool:
        """It is painted: they go on. Answers whether to call `collect` soon."""
        fleet.way.leave()
        due = bool(self._frozen) and self._read and not self._collects
        self._collects = self._collects or due
        return due

    def collect(self, still: float) -> None:
        """What painting and events left behind, and spare the rest. `still`: seconds since the last key.

        While a thread has 100,000 nodes in its hands a pass takes 50 ms: where keys come it waits for a later frame.
        """
        self._collects = False
        if self._frozen and self._read and (still >= _STILL or gc.get_count()[0] < _FEW):
            gc.collect()
            gc.freeze()

    def read(self, sources: Iterable[Source]) -> None:
        """Keep Python's garbage collector from walking all of a large cluster between two keys.

        While it is read, that would happen again and again: what is here is spared each time there is a tenth more.
        Afterwards it works when something has been painted, and never by itself: the little that is new since the
        last time is collected, or spared too.
        """
        if self._read:
            return
        sources = tuple(sources)
        count = sum(source.count for source in sources)
        self._read = all(source.state != "starting" for source in sources)
        if count >= LARGE and (self._read or count > self._frozen * 1.1):
            self._frozen = count
            gc.freeze()
            if self._read:
                gc.disable()

    def rest(self) -> None:
        """The collector is its own master again."""
        gc.enable()

    def end(self) -> None:
        """Another cluster: nothing of the one before stays."""
        self._read, self._frozen = False, 0
        gc.enable()
        gc.unfreeze()
