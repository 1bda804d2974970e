"""The facts of a cluster that questions of room are asked of, and the one way to ask them."""

from dataclasses import dataclass, field, replace

from k8sai.fit.answer import Answer
from k8sai.fit.ask import Asked, Bounds
from k8sai.fit.place import WhatIf, answer
from k8sai.fit.reading import Reader, claimed, drivers_of, furnish, rules_of, trial_of, where_of
from k8sai.fit.roster import Roster
from k8sai.fit.scene import Scene
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board


@dataclass(frozen=True, slots=True)
class Cluster:
    """Three sinks of the same facts. `read_once(connection, Tee(*cluster.sinks))` fills them."""

    fleet: Fleet = field(default_factory=Fleet)
    board: Board = field(default_factory=Board)
    roster: Roster = field(default_factory=Roster)

    @property
    def sinks(self) -> tuple[Fleet, Board, Roster]:
        return self.fleet, self.board, self.roster

    def answer(self, reader: Reader, pods: Asked, gone: frozenset[str] = frozenset()) -> Answer:
        """Would they all start now, after the pods of these uids have ended. Raises BadQuantity."""
        ended = [pod for pod in self.roster.all() if pod.metadata.uid in gone]
        furnish(reader, self.board, pods, ())
        scene = Scene(
            trial_of(self.board, self.roster.unready),
            where_of(self.fleet),
            rules_of(reader, pods, ended),
            drivers_of(self.board),
            claimed(self.board),
        )
        what_if = WhatIf(gone=gone, ending=tuple(self.roster.ending()), daemons=self.roster.daemons())
        titles = tuple(f"pod/{pod.metadata.name}" for pod in ended)
        return answer(scene, pods, Bounds(), replace(what_if, finished=titles))
