"""A board of what a question is about says of that what the whole board says."""

from collections.abc import Iterable, Iterator

import pytest

from k8sai.cluster.sources import Kind
from k8sai.facts import Object
from k8sai.fit.stranded import summary
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.scheduling.later import Later
from tests.scheduling.cluster import Json, board, fact, held, node, pod


def later(nodes: list[Json], pods: list[Json]) -> tuple[Later, Fleet]:
    fleet = Fleet()
    kept = Later(fleet)
    kept.replace("pods", (fact("pods", each) for each in pods))
    kept.replace("nodes", (fact("nodes", each) for each in nodes))
    return kept, fleet


def test_what_is_stranded_is_the_same_as_with_all_nodes() -> None:
    nodes = [node("full"), node("half"), node("starved"), node("shut", unschedulable=True), node("none", 0)]
    greedy = held("c", "starved", 2)
    greedy["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "64"
    nominated = pod("e", 1, status={"nominatedNodeName": "half"})
    pods = [held("a", "full", 8), held("b", "half", 5), greedy, held("d", "none", 0), nominated, pod("f", 2)]
    kept, fleet = later(nodes, pods)
    spare = {each.node for each in fleet.spares()}
    assert spare == {"half", "starved", "shut"}
    few = kept.board(spare)
    assert set(few.view.nodes) == spare
    assert summary(few, fleet) == summary(board(nodes, pods), fleet)
    assert summary(few, fleet).stranded > 0


class Slow(Fleet):
    """Says what had been made when each object came."""

    def __init__(self, made: list[str]) -> None:
        super().__init__()
        self.made, self.seen = made, list[int]()

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        for _ in objects:
            self.seen.append(len(self.made))


def test_objects_are_handed_on_while_others_are_still_on_their_way() -> None:
    made: list[str] = []

    def arriving() -> Iterator[Object]:
        for name in ("a", "b"):
            made.append(name)
            yield fact("nodes", node(name))

    fleet = Slow(made)
    Later(fleet).replace("nodes", arriving())
    assert fleet.seen == [1, 2]


def test_a_list_that_breaks_off_is_forgotten_with_the_next() -> None:
    def breaking() -> Iterator[Object]:
        yield fact("nodes", node("a"))
        raise ConnectionError

    kept = Later(Fleet())
    with pytest.raises(ConnectionError):
        kept.replace("nodes", breaking())
    kept.replace("nodes", [fact("nodes", node("b"))])
    assert set(kept.board({"a", "b"}).view.nodes) == {"b"}


def test_changes_come_after_lists() -> None:
    kept, fleet = later([node("a")], [pod("x"), pod("y")])
    kept.put("pods", fact("pods", held("x", "a")))
    kept.drop("pods", fact("pods", pod("y")))
    few: Board = kept.board({"a"})
    assert few.waiting() == [] and len(few.view.nodes["a"].pods) == 1
    assert fleet.node("a").figures.used == 1
