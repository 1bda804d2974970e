"""Both encodings of the wire, read side by side."""

from collections.abc import Iterable, Mapping

from k8sai.cluster.connect import connect
from k8sai.cluster.decode import Wire
from k8sai.cluster.live import read_once
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Kind
from k8sai.facts import Object
from tests.controlplane.server import ControlPlane

Facts = dict[str, dict[str, Object]]  # by kind and uid


class Keeper:
    """A sink that keeps the facts as they came."""

    def __init__(self) -> None:
        self.facts: Facts = {}

    def put(self, kind: Kind, obj: Object) -> None:
        self.facts.setdefault(kind, {})[obj.metadata.uid] = obj

    def drop(self, kind: Kind, obj: Object) -> None:
        self.facts[kind].pop(obj.metadata.uid, None)

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        self.facts[kind] = {obj.metadata.uid: obj for obj in objects}


def facts_of(plane: ControlPlane, wire: Wire) -> Facts:
    """Every kind, read once in that encoding."""
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    keeper = Keeper()
    try:
        read_once(connection, keeper, wire=wire)
    finally:
        connection.close()
    return keeper.facts


def assert_wires_agree(plane: ControlPlane, expect: Mapping[str, int]) -> None:
    """The same facts of every object, and as many objects of each kind as expected."""
    plain, packed = facts_of(plane, "json"), facts_of(plane, "protobuf")
    assert {kind: len(plain[kind]) for kind in expect} == dict(expect)
    assert plain.keys() == packed.keys()
    for kind, objects in plain.items():
        assert objects.keys() == packed[kind].keys(), kind
        for uid, obj in objects.items():
            assert obj == packed[kind][uid], f"{kind} {obj.metadata.name}"
