"""A list read while it arrives is the same list; one that was cut off never passes for a whole one."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.answers import Skipped, Unreadable
from k8sai.cluster.decode import decoder
from k8sai.cluster.live import read_once
from k8sai.cluster.sources import KINDS, Kind
from tests.cluster.scripted_api import Answer, Notebook, connected, listed, obj, scripted

WIRE = Path(__file__).parents[1] / "clusters/wire"
PODS = (WIRE / "pods.pb").read_bytes()


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    return [body[a:b] for a, b in pairwise([0, *sorted(cuts), len(body)])]


@pytest.mark.parametrize("form", ["pb", "json"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_flows_is_what_the_page_has(kind: Kind, form: str) -> None:
    body = (WIRE / f"{kind}.{form}").read_bytes()
    assert list(decoder(kind).flow([body])) == decoder(kind).page(body).items


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(PODS)), max_size=20))
def test_pieces_may_end_anywhere(cuts: list[int]) -> None:
    assert list(decoder("pods").flow(pieces(PODS, cuts))) == decoder("pods").page(PODS).items


@settings(max_examples=50)
@given(st.integers(1, len(PODS) - 1))
def test_an_answer_cut_off_is_no_list(end: int) -> None:
    with pytest.raises(Unreadable):
        # An Unknown ends with two short fields; without the last of them the list itself is there.
        if len(list(decoder("pods").flow([PODS[:end]]))) == len(decoder("pods").page(PODS).items):
            raise Unreadable("whole")


def test_one_object_that_is_broken_costs_only_itself() -> None:
    good = pb.Pod(metadata=pb.ObjectMeta(name="a", namespace="ns")).SerializeToString()
    broken = pb.Pod(metadata=pb.ObjectMeta(name="b", namespace="ns")).SerializeToString() + b"\x12\x05x"
    body = pb.List(metadata=pb.ListMeta(resource_version="1"), items=[broken, good]).SerializeToString()
    first, second = decoder("pods").flow([b"k8s\0" + pb.Unknown(raw=body).SerializeToString()])
    assert isinstance(first, Skipped) and first.message.startswith("pods ")
    assert not isinstance(second, Skipped) and second.metadata.name == "a"


@pytest.mark.parametrize("raw", [b"", b"\x08\x01", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_what_is_no_list_is_not_an_empty_one(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        list(decoder("pods").flow([b"k8s\0" + pb.Unknown(raw=raw).SerializeToString()]))


def test_a_picture_asks_again_when_a_list_was_cut_off(tmp_path: Path) -> None:
    with scripted() as api:
        for kind in KINDS:
            api.on(kind, listed(obj("n")))
        half = len(PODS) // 2
        api.on("/api/v1/pods", Answer(body=(PODS[:half],), cut=True), listed(obj("a"), obj("b")))
        book = Notebook()
        _, pods, *_ = read_once(connected(api, tmp_path), book)
        assert (pods.state, pods.count, book.names("pods")) == ("once", 2, {"a", "b"})
        assert len(api.of("/api/v1/pods")) == 2
