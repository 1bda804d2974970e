"""A cluster to ask: who holds what, the scheduler's board, and whole objects where a question needs them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import time

from k8sai.cluster.objects import Json, Objects
from k8sai.cluster.reading import Unseen
from k8sai.cluster.sources import Source
from k8sai.errors import ClusterError, Forbidden, NotFound
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import hidden
from k8sai.scheduling.board import Board
from k8sai.scheduling.storage import storage_of
from k8sai.scheduling.supply import Supply
from k8sai.scheduling.trial import Trial


@dataclass(frozen=True, slots=True)
class Moment:
    """The board as it was when the question was asked; nothing in it changes while it is answered."""

    trial: Trial
    supply: Supply


@dataclass(frozen=True, slots=True)
class Scene:
    """`at` is when the data was true (epoch seconds). `sources` tell what of the facts could not be read."""

    board: Board
    fleet: Fleet
    objects: Objects
    sources: tuple[Source, ...] = ()
    at: float = field(default_factory=time)

    def hides(self, kind: str) -> str:
        """Why this kind of facts could not be read, or not all of it; "" where it was."""
        return next((gap.why for gap in hidden(s for s in self.sources if s.kind == kind)), "")

    def unseen(self) -> tuple[Unseen, ...]:
        """All that could not be read."""
        return tuple(Unseen(gap.what, gap.why, gap.hint) for gap in hidden(self.sources))

    def moment(self, pods: Iterable[Json]) -> Moment:
        """For a question about these pods: volumes and namespaces are read where one of them depends on them."""
        specs = [(pod["metadata"].get("namespace", ""), pod["spec"]) for pod in pods]
        mounting = {namespace for namespace, spec in specs if any(map(_is_claim, spec.get("volumes") or ()))}
        if mounting:
            self.board.use_storage(storage_of(self.objects, sorted(mounting)))
        if any("namespaceSelector" in repr(spec.get("affinity")) for _, spec in specs):
            self._read_namespaces()
        with self.board.lock:
            return Moment(Trial(self.board), self.board.supply.snapshot())

    def _read_namespaces(self) -> None:
        try:
            found = self.objects.list("namespaces")
        except (Forbidden, NotFound, ClusterError):
            return
        self.board.use_namespaces({n["metadata"]["name"]: n["metadata"].get("labels") or {} for n in found})


def _is_claim(volume: Json) -> bool:
    return "persistentVolumeClaim" in volume or "ephemeral" in volume
