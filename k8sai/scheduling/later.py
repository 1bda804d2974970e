"""A board made after everything was read: of a few nodes, where those are all that a question is about.

Most GPUs are held most of the time. What the free ones are good for is told by the nodes that have some, by the pods
there, and by those that wait; to count all the others would cost as much as counting the fleet.
"""

from collections.abc import Container, Iterable, Iterator

from k8sai.cluster.sources import Kind, Sink
from k8sai.facts import Object, Pod
from k8sai.scheduling.board import Board


class Later:
    """A sink that hands everything on as it comes, and keeps it for `board`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._kept: dict[Kind, list[Object]] = {}

    def put(self, kind: Kind, obj: Object) -> None:
        self._sink.put(kind, obj)
        self._without(kind, obj).append(obj)

    def drop(self, kind: Kind, obj: Object) -> None:
        self._sink.drop(kind, obj)
        self._without(kind, obj)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """The list may still be on its way: each object is handed on when it is here."""
        kept = self._kept[kind] = []
        self._sink.replace(kind, _noted(objects, kept))

    def board(self, nodes: Container[str]) -> Board:
        """These nodes with their pods, the pods without a node, and all of every other kind."""
        board = Board()
        for kind, objects in self._kept.items():
            if kind == "nodes":
                board.replace(kind, (each for each in objects if each.metadata.name in nodes))
            elif kind == "pods":
                board.replace(kind, (each for each in objects if _concerns(each, nodes)))
            else:
                board.replace(kind, objects)
        return board

    def _without(self, kind: Kind, obj: Object) -> list[Object]:
        meta = obj.metadata
        name = (meta.namespace, meta.name)
        rest = [each for each in self._kept.get(kind, ()) if (each.metadata.namespace, each.metadata.name) != name]
        self._kept[kind] = rest
        return rest


def _noted(objects: Iterable[Object], kept: list[Object]) -> Iterator[Object]:
    for each in objects:
        kept.append(each)
        yield each


def _concerns(obj: Object, nodes: Container[str]) -> bool:
    return isinstance(obj, Pod) and (not obj.spec.node_name or obj.spec.node_name in nodes)
