"""Several clusters on one screen: each read by threads of its own from the start to the end, whichever is in front."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from k8sai.cluster.sources import KINDS, Source
from k8sai.commands._choice import Kubecontexts
from k8sai.commands._feed import LiveFeed
from k8sai.errors import K8saiError, Usage
from k8sai.fleet.index import Fleet
from k8sai.tui.clusters import Member

if TYPE_CHECKING:
    from k8sai.canary.shown.rollouts import Canaries
    from k8sai.cluster.events import Events
    from k8sai.cluster.objects import Objects
    from k8sai.evict.shown.drains import Evictions
    from k8sai.queues.kept import Queues
    from k8sai.scheduling.board import Board
    from k8sai.tui.choice import Context
    from k8sai.tui.feed import Feed
    from k8sai.why.scene import Scene

_FAREWELL = 3.0  # seconds the threads get to end
_RECONNECT = 30.0  # seconds until a connection that could not be had is tried again


class Joining:
    """A feed that connects when it starts, in a thread, and again until it can. Only `end` ends it: a screen that turns
    to another cluster stops a feed, and this one shall go on.
    """

    def __init__(self, context: str, connect: Callable[[], LiveFeed]) -> None:
        self.context = context
        self._connect = connect
        self._live: LiveFeed | None = None
        self._why: K8saiError | None = None
        self._ended = Event()
        self._lock = Lock()
        self._thread: Thread | None = None

    @property
    def objects(self) -> "Objects | None":
        return None if self._live is None else self._live.objects

    @property
    def events(self) -> "Events | None":
        return None if self._live is None else self._live.events

    @property
    def queues(self) -> "Queues | None":
        return None if self._live is None else self._live.queues

    @property
    def canaries(self) -> "Canaries | None":
        return None if self._live is None else self._live.canaries

    @property
    def left(self) -> tuple[str, ...]:
        return () if self._live is None else self._live.left

    @property
    def evictions(self) -> "Evictions | None":
        return None if self._live is None else self._live.evictions

    def board(self) -> "Board | None":
        return None if self._live is None else self._live.board()

    def scene(self) -> "Scene":
        """Raises Usage before the cluster is there."""
        if self._live is None:
            raise Usage(f"{self.context} is not answering yet.")
        return self._live.scene()

    def sources(self) -> tuple[Source, ...]:
        if self._live is not None:
            return self._live.sources()
        if self._why is None:
            return tuple(Source(kind, "starting") for kind in KINDS)
        return tuple(Source(kind, "failed", message=self._why.message, hint=self._why.hint) for kind in KINDS)

    def start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name=f"k8sai-{self.context}", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Another cluster is in front now; this one stays live."""

    def end(self) -> None:
        """Ends its threads and its connection."""
        with self._lock:
            self._ended.set()
            if self._live is not None:
                self._live.stop()

    def wait(self) -> None:
        """Until its thread has ended, or is done with joining."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                live = self._connect()
            except K8saiError as error:
                self._why = error
                self._ended.wait(_RECONNECT)
                continue
            with self._lock:
                if self._ended.is_set():
                    live.stop()
                    return
                live.start()
                self._live = live
            return


class Several:
    """The choice of clusters of a screen that shows some of them together. `:ctx` goes to the others too."""

    def __init__(self, contexts: Sequence[str], others: Kubecontexts) -> None:
        self._others = others
        self._feeds: list[Joining] = []
        self.members: Sequence[Member] = [self._member(context) for context in contexts]

    def _member(self, context: str) -> Member:
        fleet = Fleet()
        feed = Joining(context, lambda: self._others.join(context, fleet))
        self._feeds.append(feed)
        return Member(context, fleet, feed)

    def start(self) -> None:
        """All of them begin to be read; returns at once."""
        for feed in self._feeds:
            feed.start()

    def end(self) -> None:
        """Ends them all, at the same time: each may take a moment."""
        threads = [Thread(target=feed.end, daemon=True) for feed in self._feeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_FAREWELL)

    def contexts(self) -> "Sequence[Context]":
        """All of the kubeconfig."""
        return self._others.contexts()

    def open(self, name: str) -> "tuple[Fleet, Feed]":
        """A member is there already; another raises what connecting raises."""
        for member in self.members:
            if member.name == name:
                return member.fleet, member.feed
        return self._others.open(name)
