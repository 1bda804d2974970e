"""One stream, several sinks."""

from collections.abc import Iterable, Iterator

import pytest

from k8sai.cluster.sources import Kind
from k8sai.cluster.tee import Tee
from k8sai.facts import Object
from tests.fleet.facts_by_hand import node


class Heard:
    def __init__(self) -> None:
        self.said: list[tuple[str, Kind, tuple[str, ...]]] = []

    def put(self, kind: Kind, obj: Object) -> None:
        self.said.append(("put", kind, (obj.metadata.name,)))

    def drop(self, kind: Kind, obj: Object) -> None:
        self.said.append(("drop", kind, (obj.metadata.name,)))

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        self.said.append(("replace", kind, tuple(obj.metadata.name for obj in objects)))


def test_every_sink_hears_everything() -> None:
    first, second = Heard(), Heard()
    tee = Tee(first, second)
    tee.put("nodes", node("a"))
    tee.replace("nodes", iter([node("b"), node("c")]))
    tee.drop("nodes", node("b"))
    wanted = [("put", "nodes", ("a",)), ("replace", "nodes", ("b", "c")), ("drop", "nodes", ("b",))]
    assert first.said == second.said == wanted


def test_a_list_that_breaks_off_reaches_no_sink() -> None:
    def broken() -> Iterator[Object]:
        yield node("a")
        raise ConnectionResetError

    heard = Heard()
    with pytest.raises(ConnectionResetError):
        Tee(heard).replace("nodes", broken())
    assert heard.said == []
