"""Where a screen's facts come from: a live cluster, a recording, or a test."""

from typing import Protocol

from k8sai.cluster.events import Events, RecordedEvents
from k8sai.cluster.objects import Objects
from k8sai.cluster.sources import Source


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

    def sources(self) -> tuple[Source, ...]:
        """The state of every kind, now. Called with every frame: it must not wait."""

    def start(self) -> None:
        """Begin; returns at once, facts come from other threads."""

    def stop(self) -> None:
        """End; may wait a moment for threads."""


class Still:
    """A feed that has said all it has to say: a recording, or one reading."""

    def __init__(self, context: str, sources: tuple[Source, ...], objects: Objects | None = None) -> None:
        self.context = context
        self.objects = objects
        self.events: Events | None = RecordedEvents(objects) if objects is not None else None
        self._sources = sources

    def sources(self) -> tuple[Source, ...]:
        return self._sources

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to end."""
