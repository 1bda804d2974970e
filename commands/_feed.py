"""What drives the screen and the line mode: a live cluster, or a recording."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands import _talk
from k8sai.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from k8sai.canary.shown.live import LiveCanaries
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.events import Events
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.sources import Source
    from k8sai.commands._meters import Meter
    from k8sai.evict.shown.live import LiveEvictions
    from k8sai.fleet.index import Fleet
    from k8sai.queues.kept import Queues
    from k8sai.scheduling.board import Board
    from k8sai.tui.feed import Still
    from k8sai.why.scene import Scene


class LiveFeed:
    """Lists and watches one cluster into a fleet; beside it, where asked for, its meters."""

    def __init__(
        self, connection: "Connection", fleet: "Fleet", meter: "Meter | None" = None, board: "Board | None" = None
    ) -> None:
        """A `board` is filled beside the fleet."""
        from k8sai.cluster.live import Live
        from k8sai.cluster.tee import Tee
        from k8sai.commands._meters import Metering

        self.context = connection.context
        self._connection = connection
        self._fleet = fleet
        self._objects: LiveObjects | None = None
        self._events: Events | None = None
        self._queues: Queues | None = None
        self._canaries: LiveCanaries | None = None
        self._evictions: LiveEvictions | None = None
        self.left: tuple[str, ...] = ()  # drains that `stop` has let go of
        self._board = board
        self._live = Live(connection, fleet if board is None else Tee(fleet, board))
        self._metering = Metering(meter, connection, fleet) if meter is not None else None

    @property
    def objects(self) -> "LiveObjects":
        """Whole objects; what the server serves is asked for at the first use, which may wait."""
        from k8sai.cluster.objects import LiveObjects

        if self._objects is None:
            self._objects = LiveObjects(self._connection)
        return self._objects

    @property
    def events(self) -> "Events":
        """What happens in the cluster; nothing is asked before its `start`."""
        from k8sai.cluster.events import LiveEvents

        if self._events is None:
            self._events = LiveEvents(self._connection)
        return self._events

    @property
    def queues(self) -> "Queues":
        """Kueue's queues; nothing is asked before their `start`."""
        from k8sai.queues.kept import FollowedQueues

        if self._queues is None:
            self._queues = FollowedQueues(self._connection, lambda: self.objects)
        return self._queues

    @property
    def canaries(self) -> "LiveCanaries":
        """Rollouts; asked for when somebody looks."""
        from k8sai.canary.shown.live import LiveCanaries

        if self._canaries is None:
            self._canaries = LiveCanaries(self._connection, self.objects)
        return self._canaries

    @property
    def evictions(self) -> "LiveEvictions":
        """Drains; asked for when somebody looks."""
        from k8sai.evict.shown.live import LiveEvictions

        if self._evictions is None:
            self._evictions = LiveEvictions(self._connection, self.objects)
        return self._evictions

    def board(self) -> "Board | None":
        """The cluster as the scheduler sees it, where it is kept."""
        return self._board

    def scene(self) -> "Scene":
        """The whole cluster as the scheduler sees it: as it is kept, or else read for this question."""
        from k8sai.cluster.live import read_once
        from k8sai.scheduling.board import Board
        from k8sai.why.scene import Scene

        kept = self._live.sources()
        if self._board is not None and not any(source.state == "starting" for source in kept):
            return Scene(self._board, self._fleet, self.objects, kept)
        board = Board()
        sources = read_once(self._connection, board)
        return Scene(board, self._fleet, self.objects, sources)

    def start(self) -> None:
        """Begins to read."""
        self._live.start()
        if self._metering is not None:
            self._metering.start()

    def wait_synced(self, timeout: float) -> bool:
        """Whether every kind was read, waiting for it at most so many seconds."""
        return self._live.wait_synced(timeout)

    def wait_metered(self, timeout: float) -> None:
        """Until the meter, if there is one, was asked once; at most so many seconds."""
        if self._metering is not None:
            self._metering.wait_asked(timeout)

    def sources(self) -> "tuple[Source, ...]":
        """The state of every kind, now, and of the meter."""
        meters = () if self._metering is None else (self._metering.source(),)
        return (*self._live.sources(), *meters)

    def stop(self) -> None:
        """Ends the threads and the connection."""
        if self._metering is not None:
            self._metering.stop()
        if self._events is not None:
            self._events.stop()
        if self._queues is not None:
            self._queues.stop()
        if self._canaries is not None:
            self._canaries.stop()
        if self._evictions is not None:
            self.left = self._evictions.stop()
        self._live.stop()
        self._connection.close()


def live_feed(options: Options, fleet: "Fleet", meter: "Meter | None" = None, board: "Board | None" = None) -> LiveFeed:
    """A feed of a server that has answered once: what is wrong with flags, credentials or network is raised here."""
    from k8sai.cluster.connect import connect

    connection = connect(options)
    with _talk.Progress(f"asking {connection.server}"), suppress(Forbidden, NotFound):
        connection.request("GET", "/version", retry=False)  # a refusal is an answer too
    return LiveFeed(connection, fleet, meter, board)


def screen_feed(options: Options, fleet: "Fleet", meter: "Meter | None" = None) -> LiveFeed:
    """The same for a screen, which asks what the scheduler would do: with a board."""
    from k8sai.scheduling.board import Board

    return live_feed(options, fleet, meter, Board())


def recorded_feed(path: Path, fleet: "Fleet") -> "Still":
    """A feed that has said all: the recording is in the fleet already. Raises as `open_recording`."""
    from k8sai.ages import epoch
    from k8sai.cluster.recording import open_recording
    from k8sai.queues.kept import RecordedQueues
    from k8sai.tui.feed import Still

    recorded, feed, objects = open_recording(path)
    feed(fleet)

    @cache
    def board() -> "Board":
        from k8sai.scheduling.board import Board

        filled = Board()
        feed(filled)
        return filled

    def scene() -> "Scene":
        from k8sai.why.scene import Scene

        return Scene(board(), fleet, objects, recorded.sources, epoch(recorded.at))

    queues = RecordedQueues(objects, epoch(recorded.at)) if objects is not None else None
    return Still(f"{recorded.context} at {recorded.at}", recorded.sources, objects, scene, board, queues)
