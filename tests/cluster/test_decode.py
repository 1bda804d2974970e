"""Both wires give equal facts, on bytes of a real API server; and what is broken costs only itself."""

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai import facts
from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.answers import Bookmark, Changed, Event, Failure, Skipped, Unreadable
from k8sai.cluster.decode import decoder
from k8sai.cluster.sources import KINDS, Kind

WIRE = Path(__file__).parents[1] / "clusters/wire"
# Of some kinds there is a second recording, made for the fields that the scheduler decides by.
PAGES: list[tuple[Kind, str]] = [(kind, kind) for kind in KINDS]
PAGES += [(kind, f"{kind}.scheduling") for kind in KINDS if (WIRE / f"{kind}.scheduling.pb").exists()]


def recorded(name: str) -> bytes:
    return (WIRE / name).read_bytes()


def framed(*events: tuple[str, bytes]) -> bytes:
    """Events of a protobuf watch."""
    out = bytearray()
    for type, raw in events:
        envelope = b"k8s\0" + pb.Unknown(raw=raw).SerializeToString()
        frame = pb.WatchEvent(type=type, object=pb.RawExtension(raw=envelope)).SerializeToString()
        out += len(frame).to_bytes(4, "big") + frame
    return bytes(out)


def json_events(*events: tuple[str, Any]) -> bytes:
    return b"".join(json.dumps({"type": type, "object": obj}).encode() + b"\n" for type, obj in events)


def pieces(body: bytes, *cuts: int) -> list[bytes]:
    return [body[a:b] for a, b in pairwise([0, *sorted(cuts), len(body)])]


def meta(name: str, version: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "resourceVersion": version}}


def pod_bytes(name: str) -> bytes:
    return pb.Pod(metadata=pb.ObjectMeta(name=name, namespace="ns", resource_version="1")).SerializeToString()


def read(kind: Kind, chunks: Iterable[bytes], version: str = "v1") -> list[Event]:
    return list(decoder(kind, version).events(chunks))


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), PAGES)
def test_both_wires_give_equal_pages(kind: Kind, name: str) -> None:
    from_json = decoder(kind, wire="json").page(recorded(f"{name}.json"))
    from_protobuf = decoder(kind).page(recorded(f"{name}.pb"))
    assert from_json.items
    assert from_protobuf.items == from_json.items
    assert from_protobuf == from_json


def test_a_page_says_what_follows() -> None:
    page = decoder("nodes").page(recorded("nodes.pb"))
    assert (len(page.items), page.remaining) == (6, 14)
    assert page.continue_token and page.resource_version.isdigit()


def test_what_the_recordings_show() -> None:
    """The recorded pages hold each thing that is easily lost: otherwise equality of the wires would prove little."""
    pods = {item.metadata.name: item for item in decoder("pods").page(recorded("pods.pb")).items}
    sidecar = pods["train-1"]
    assert isinstance(sidecar, facts.Pod)
    assert [c.restart_policy for c in sidecar.spec.init_containers or ()] == ["Always", None]
    assert sidecar.spec.resources and sidecar.spec.resources.limits == {"cpu": "8", "memory": "10Gi"}
    statuses = {s.name: s for s in sidecar.status.container_statuses or ()}
    held = statuses["main"].allocated_resources_status
    assert held and held[0].resources
    assert held[0].resources[1] == facts.ResourceHealth("GPU-bbbb", "Unhealthy")
    claim, extended = pods["claim-3"], pods["extended-0"]
    assert isinstance(claim, facts.Pod) and isinstance(extended, facts.Pod)
    assert claim.spec.resource_claims == (facts.PodResourceClaim("gpu", "claim-1"),)
    assert extended.status.extended_resource_claim_status and pods["train-0"].metadata.owner_references
    assert pods["going-0"].metadata.deletion_timestamp and pods["claim-0"].metadata.deletion_timestamp is None


@pytest.mark.parametrize(("kind", "name"), [page for page in PAGES if page[0] in ("resourceslices", "resourceclaims")])
@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_older_versions_of_dra_give_the_facts_of_v1(kind: Kind, name: str, version: str) -> None:
    old = decoder(kind, version).page(recorded(f"{name}.{version}.json")).items
    assert old == decoder(kind).page(recorded(f"{name}.json")).items


def test_a_version_laid_out_differently_is_asked_for_in_json() -> None:
    assert decoder("resourceslices", "v1beta1").accept == "application/json"
    assert decoder("resourceslices", "v1beta2").accept.startswith("application/vnd.kubernetes.protobuf")
    assert decoder("deviceclasses", "v1beta1").accept.startswith("application/vnd.kubernetes.protobuf")
    assert decoder("pods", wire="json").accept == "application/json"


def test_a_server_that_answers_json_to_a_protobuf_request_is_understood() -> None:
    both = decoder("nodes", wire="protobuf")
    assert both.page(recorded("nodes.json")) == both.page(recorded("nodes.pb"))


NO_PODS = b"k8s\0" + pb.Unknown(raw=pb.List(metadata=pb.ListMeta()).SerializeToString()).SerializeToString()


@pytest.mark.parametrize("body", [b'{"kind":"PodList"}', b'{"kind":"PodList","items":null,"metadata":{}}', NO_PODS])
def test_an_empty_list(body: bytes) -> None:
    page = decoder("pods").page(body)
    assert (page.items, page.resource_version, page.remaining) == ([], "", None)


def test_one_broken_object_costs_only_itself_in_json() -> None:
    head = {"kind": "PodList", "metadata": {"resourceVersion": "7"}}
    body = json.dumps({**head, "items": [meta("a"), {**meta("b"), "spec": 1}, meta("c")]})
    page = decoder("pods").page(body.encode())
    assert [item.metadata.name for item in page.items] == ["a", "c"]
    assert page.resource_version == "7"
    assert len(page.skipped) == 1 and page.skipped[0].startswith("pods ns/b: Expected `object`, got `int`")


def test_one_broken_object_costs_only_itself_in_protobuf() -> None:
    listed = pb.List(metadata=pb.ListMeta(), items=[pod_bytes("a"), b"\xff", pod_bytes("c")]).SerializeToString()
    page = decoder("pods").page(b"k8s\0" + pb.Unknown(raw=listed).SerializeToString())
    assert [item.metadata.name for item in page.items] == ["a", "c"]
    assert len(page.skipped) == 1 and page.skipped[0].startswith("pods without a readable name: ")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"ok",
        b"null",
        b"[]",
        b"{}",
        b'{"items":[]}',
        b'{"kind":"Status","status":"Success"}',
        b'{"kind":"PodList","items":3}',
        b'{"kind":"PodList","items":[',
        b"k8s\0",
        b"k8s\0\x12\0",
        b"k8s\0\xff\xff",
    ],
)
def test_an_answer_that_is_no_list(body: bytes) -> None:
    with pytest.raises(Unreadable, match="the answer to a list of pods"):
        decoder("pods").page(body)


# --- watches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pods.history", "pods.initial"])
def test_both_wires_give_equal_events(name: str) -> None:
    from_json = _changes(read("pods", [recorded(f"{name}.json")]))
    from_protobuf = _changes(read("pods", [recorded(f"{name}.pb")]))
    assert len(from_json) > 5
    assert from_protobuf == from_json


def _changes(events: list[Event]) -> list[Event]:
    """Without bookmarks: the two recordings were made one after the other."""
    return [event for event in events if isinstance(event, Changed)]


def test_the_recorded_watches_hold_every_type() -> None:
    events = read("pods", [recorded("pods.history.pb")]) + read("pods", [recorded("pods.initial.pb")])
    assert {event.type for event in events if isinstance(event, Changed)} == {"ADDED", "MODIFIED", "DELETED"}
    assert isinstance(events[-1], Bookmark) and events[-1].resource_version.isdigit()


@pytest.mark.parametrize("suffix", ["json", "pb"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_chunks_may_cut_anywhere(suffix: str, data: st.DataObject) -> None:
    body = recorded(f"pods.initial.{suffix}")
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=12))
    assert read("pods", pieces(body, *cuts)) == read("pods", [body])


@pytest.mark.parametrize("suffix", ["json", "pb"])
def test_every_single_byte_a_chunk(suffix: str) -> None:
    body = recorded(f"pods.initial.{suffix}")
    assert read("pods", [body[i : i + 1] for i in range(len(body))]) == read("pods", [body])


@pytest.mark.parametrize("suffix", ["json", "pb"])
def test_half_an_event_at_the_end_is_dropped(suffix: str) -> None:
    body = recorded(f"pods.initial.{suffix}")
    whole = read("pods", [body])
    assert read("pods", [body[:-1]]) == whole[:-1]


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
def test_a_stream_that_ends_at_once(chunks: list[bytes]) -> None:
    assert read("pods", chunks) == []


def test_the_server_ends_the_watch_and_says_why() -> None:
    status = pb.Status(code=410, reason="Expired", message="too old", details=pb.StatusDetails(retry_after_seconds=3))
    as_json = {"code": 410, "reason": "Expired", "message": "too old", "details": {"retryAfterSeconds": 3}}
    expected: list[Event] = [Failure(410, "Expired", "too old", 3)]
    assert read("nodes", [framed(("ERROR", status.SerializeToString()))]) == expected
    assert read("nodes", [json_events(("ERROR", as_json))]) == expected


@pytest.mark.parametrize(
    "body",
    [
        json_events(("ADDED", meta("a")), ("ADDED", {**meta("b"), "spec": 1}), ("MODIFIED", meta("c"))),
        framed(("ADDED", pod_bytes("a")), ("ADDED", b"\xff"), ("MODIFIED", pod_bytes("c"))),
    ],
    ids=["json", "protobuf"],
)
def test_one_broken_object_of_a_stream_costs_only_itself(body: bytes) -> None:
    first, broken, last = read("pods", [body])
    assert isinstance(first, Changed) and isinstance(last, Changed)
    assert isinstance(broken, Skipped) and broken.message.startswith("pods ")
    assert (first.object.metadata.name, last.object.metadata.name) == ("a", "c")


def test_a_type_of_event_nobody_knows_is_skipped() -> None:
    (event,) = read("pods", [json_events(("PAUSED", meta("a")))])
    assert event == Skipped("pods: there is no event of type 'PAUSED'")


@pytest.mark.parametrize(
    "body",
    [
        b"{garbage}\n",
        b"<html>502 Bad Gateway</html>",
        b"\x00\x00\x00\x04junk",
        b"\x7f\xff\xff\xff",
        b'{"type":"ADDED"}\n',
    ],
)
def test_a_stream_that_is_no_watch(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read("pods", [body])


# --- every field ------------------------------------------------------------------------------------------------------


def test_the_recordings_show_every_field_of_the_facts() -> None:
    """A field added to `facts` is thereby compared on both wires, or this says that nothing recorded has it."""
    seen: dict[str, set[str]] = {}
    for kind, name in PAGES:
        for item in decoder(kind).page(recorded(f"{name}.pb")).items:
            _collect(item, seen)
    names = {n for n, v in vars(facts).items() if isinstance(v, type) and issubclass(v, facts.Fact)} - {"Fact"}
    assert {f"{name}.{field}" for name in names for field in _fields(name) - seen.get(name, set())} == set()


def _fields(name: str) -> set[str]:
    return set(getattr(facts, name).__struct_fields__)


def _collect(value: object, seen: dict[str, set[str]]) -> None:
    """Per struct, the fields that ever differ from their default."""
    if isinstance(value, facts.Fact):
        kind = type(value)
        required = len(kind.__struct_fields__) - len(kind.__struct_defaults__)
        defaults = (object(),) * required + kind.__struct_defaults__
        for name, default in zip(kind.__struct_fields__, defaults, strict=True):
            part = getattr(value, name)
            if part != default:
                seen.setdefault(kind.__name__, set()).add(name)
            _collect(part, seen)
    elif isinstance(value, dict | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            _collect(part, seen)
