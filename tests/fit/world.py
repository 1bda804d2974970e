"""A cluster of a few facts, and questions to it as the command would ask them."""

from collections.abc import Iterable
from typing import Any

from k8sai.facts import Node, Object
from k8sai.fit.answer import Answer
from k8sai.fit.ask import Asked, Bounds
from k8sai.fit.place import WhatIf, answer
from k8sai.fit.reading import claimed, drivers_of, trial_of, where_of
from k8sai.fit.roster import Roster
from k8sai.fit.scene import Rules, Scene
from k8sai.fit.wish import Means, Wish, asked
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from tests.fleet.facts_by_hand import H100, kind_of
from tests.fleet.facts_by_hand import node as any_node

GPU = "nvidia.com/gpu"
CLIQUE = "nvidia.com/gpu.clique"
ZONE = "topology.kubernetes.io/zone"


def node(name: str, gpus: int = 8, *, cpu: int = 64, memory: str = "512Gi", **more: Any) -> Node:
    """A server with GPUs, and CPU and memory as servers have them."""
    labels = more.pop("labels", {})
    clique, zone = more.pop("clique", ""), more.pop("zone", "")
    labels |= {CLIQUE: clique} if clique else {}
    labels |= {ZONE: zone} if zone else {}
    has = {"cpu": cpu, "memory": memory, "pods": more.pop("pods", 110), **({GPU: gpus} if gpus else {})}
    return any_node(name, has, labels=labels, product=more.pop("product", H100 if gpus else ""), **more)


class World:
    """Facts in a fleet, a board and a roster."""

    def __init__(self, objects: Iterable[Object], rules: Rules | None = None) -> None:
        self.fleet, self.board, self.roster = Fleet(), Board(), Roster()
        self.rules = rules or Rules()
        for obj in objects:
            for sink in (self.fleet, self.board, self.roster):
                sink.put(kind_of(obj), obj)

    def scene(self) -> Scene:
        board = self.board
        trial = trial_of(board, self.roster.unready)
        return Scene(trial, where_of(self.fleet), self.rules, drivers_of(board), claimed(board))

    def fit(
        self,
        gpus: int = 8,
        pods: int = 1,
        *,
        device_class: str = "",
        what_if: WhatIf | None = None,
        bounds: Bounds | None = None,
        **wish: Any,
    ) -> Answer:
        """As flags ask."""
        how = Means(device_class=device_class) if device_class else Means(GPU)
        return self.fit_all(asked(Wish(pods, gpus, namespace="team-a", **wish), how), bounds, what_if)

    def fit_all(self, pods: Asked, bounds: Bounds | None = None, what_if: WhatIf | None = None) -> Answer:
        """Any pods; what ends already and what belongs to nodes is known, as to the command."""
        if what_if is None:
            what_if = WhatIf(ending=tuple(self.roster.ending()), daemons=self.roster.daemons())
        return answer(self.scene(), pods, bounds or Bounds(), what_if)

    def drained(self, *nodes: str) -> WhatIf:
        on = tuple(pod for name in nodes for pod in self.roster.on(name))
        return WhatIf(drained=nodes, on_drained=on, daemons=self.roster.daemons())

    def finished(self, text: str, namespace: str = "") -> WhatIf:
        title, pods = self.roster.of(text, namespace)
        return WhatIf(finished=(title,), gone=frozenset(pod.metadata.uid for pod in pods))
