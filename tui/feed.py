"""Where a screen's facts come from: a live cluster, a recording, or a test."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from k8sai.cluster.events import Events, RecordedEvents
from k8sai.cluster.objects import Objects
from k8sai.cluster.sources import Source
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.canary.shown.rollouts import Canaries
    from k8sai.evict.shown.drains import Evictions
    from k8sai.queues.kept import Queues
    from k8sai.scheduling.board import Board
    from k8sai.why.scene import Scene


class Feed(Protocol):
    """Fills the fleet while it is started, and says how fresh each kind is."""

    @property
    def context(self) -> str:
        """The name of the cluster as the user knows it."""

    @property
    def objects(self) -> Objects | None:
        """Whole objects, for describe, YAML and the like; None where only facts were kept. May wait: not for frames."""

    @property
    def events(self) -> Events | None:
        """What happens in the cluster; asked for from its `start` on. None where nothing of it was kept."""

    @property
    def queues(self) -> "Queues | None":
        """Kueue's queues; asked for from their `start` on. None where nothing of them was kept."""

    @property
    def canaries(self) -> "Canaries | None":
        """Rollouts, read and acted on in threads; None where nothing of them was kept."""

    @property
    def evictions(self) -> "Evictions | None":
        """Drains, read and carried out in threads; None where nothing of them was kept."""

    def board(self) -> "Board | None":
        """The cluster as the scheduler sees it, kept in step; None where nobody keeps one. May take a while."""

    def sources(self) -> tuple[Source, ...]:
        """The state of every kind, now. Called with every frame: it must not wait."""

    def start(self) -> None:
        """Begin; returns at once, facts come from other threads."""

    def stop(self) -> None:
        """End; may wait a moment for threads."""

    @property
    def left(self) -> tuple[str, ...]:
        """After `stop`: the ids of drains that were carried out here, and are left on their way."""


class Still:
    """A feed that has said all it has to say: a recording, or one reading."""

    def __init__(
        self,
        context: str,
        sources: tuple[Source, ...],
        objects: Objects | None = None,
        scene: "Callable[[], Scene] | None" = None,
        board: "Callable[[], Board] | None" = None,
        queues: "Queues | None" = None,
    ) -> None:
        """`scene` and `board` give all that the scheduler would see, where it was recorded."""
        self.context = context
        self.objects = objects
        self.events: Events | None = RecordedEvents(objects) if objects is not None else None
        self.queues = queues
        self.canaries: Canaries | None = None  # a recording has no ConfigMaps
        self.evictions: Evictions | None = None
        self._sources = sources
        self._scene = scene
        self._board = board

    def board(self) -> "Board | None":
        return None if self._board is None else self._board()

    def scene(self) -> "Scene":
        """Raises Usage where nobody recorded it."""
        if self._scene is None:
            raise Usage("Why needs the whole cluster, and this screen has only what it counts.")
        return self._scene()

    def sources(self) -> tuple[Source, ...]:
        return self._sources

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to end."""

    @property
    def left(self) -> tuple[str, ...]:
        return ()
