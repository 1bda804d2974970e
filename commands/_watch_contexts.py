"""`top -w` of several contexts: the lines of every cluster, each after its context; none waits for another."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Thread

from k8sai.cluster.connect import connect
from k8sai.commands import _talk
from k8sai.commands._feed import LiveFeed
from k8sai.commands._top_wanted import Wanted
from k8sai.commands._watch import Follower, forever
from k8sai.errors import K8saiError
from k8sai.fleet.index import Fleet
from k8sai.view import Note

_PATIENCE = 5.0  # seconds of waiting before its reason is told
_RECONNECT = 30.0  # seconds until what was refused is asked for again


def follow(wanted: Wanted, contexts: Sequence[str]) -> int:
    """Runs until Ctrl-C. A cluster that does not answer is named once; its lines begin when it does."""
    lines = [_Line(context, wanted) for context in contexts]

    def step() -> None:
        for line in lines:
            line.step()

    try:
        forever(step)
    finally:
        for line in lines:
            line.stop()
    return 0


@dataclass(slots=True)
class _Line:
    """One cluster, from its first attempt on."""

    context: str
    wanted: Wanted
    clock: Callable[[], float] = time.monotonic
    fleet: Fleet = field(default_factory=Fleet)
    feed: LiveFeed | None = None
    follower: Follower | None = None
    told: set[str] = field(default_factory=set)
    began: float = 0.0
    again: float = 0.0  # when to try anew
    connecting: Thread | None = None

    def step(self) -> None:
        """Connects, waits for the first picture, and then tells changes; never for long."""
        if self.clock() < self.again:
            return
        try:
            if self.follower is not None:
                self.follower.step()
            elif self.feed is not None:
                self._begin_when_read(self.feed)
            elif self.connecting is None or not self.connecting.is_alive():
                self.connecting = Thread(target=self._connect, name=f"k8sai-{self.context}", daemon=True)
                self.connecting.start()
        except K8saiError as error:
            self._later(error)

    def _connect(self) -> None:
        """In a thread: a credential plugin may take its time."""
        try:
            connection = connect(replace(self.wanted.options, context=self.context), ask=False)
        except K8saiError as error:
            self._later(error)
            return
        feed = LiveFeed(connection, self.fleet, self.wanted.meter)
        self.began = self.clock()
        feed.start()
        self.feed = feed

    def _begin_when_read(self, feed: LiveFeed) -> None:
        if feed.wait_synced(0.0):
            self.follower = Follower(
                self.fleet,
                feed,
                self.wanted.scope(),
                documents=self.wanted.output == "json",
                plain=self.wanted.plain,
                named=True,
            )
            self.follower.step()
        elif self.clock() - self.began > _PATIENCE:
            for source in feed.sources():
                if source.message:
                    self._tell(source.message, source.hint)

    def _later(self, error: K8saiError) -> None:
        self.again = self.clock() + _RECONNECT
        self._tell(error.message, error.hint)

    def _tell(self, why: str, hint: str) -> None:
        """Each reason once."""
        if why not in self.told:
            self.told.add(why)
            _talk.note(Note(f"{self.context} is not answering: {why}", "warn", hint))

    def stop(self) -> None:
        """Ends its threads."""
        if self.feed is not None:
            self.feed.stop()
