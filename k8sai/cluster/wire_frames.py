"""Protobuf as the API server frames it: an envelope around each answer, a length before each event of a watch.

An envelope is the four bytes `k8s\\0` and a `runtime.Unknown` whose `raw` is the list or the object. An event of a
watch is a length (four bytes, big-endian) and a bare `metav1.WatchEvent`, whose object has an envelope (seen on
1.37.0).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.answers import LARGEST_EVENT, Bookmark, Event, Failure, Page, Skipped, Unreadable, changed
from k8sai.cluster.sources import Kind
from k8sai.cluster.wire import metadata_of, reader
from k8sai.cluster.wire_list import MAGIC, items_of
from k8sai.facts import Object

_BROKEN = (DecodeError, UnicodeDecodeError, ValueError)


class ProtobufDecoder:
    """Lists and watch streams of one kind that has v1's layout."""

    accept = "application/vnd.kubernetes.protobuf"

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._convert = reader(kind)

    def page(self, body: bytes) -> Page:
        try:
            listed = pb.List.FromString(_opened(body))
            if not listed.HasField("metadata"):  # every list has it, the empty one too
                raise ValueError("it has no metadata")
            meta = listed.metadata
            remaining = meta.remaining_item_count if meta.HasField("remaining_item_count") else None
            head = meta.resource_version, meta.continue_token, remaining
        except _BROKEN as error:
            raise Unreadable(f"the answer to a list of {self._kind} is not the protobuf of a list: {error}") from error
        items: list[Object] = []
        skipped: list[str] = []
        for raw in listed.items:
            item = self._read(raw)
            if isinstance(item, str):
                skipped.append(item)
            else:
                items.append(item)
        return Page(items, *head, tuple(skipped))

    def flow(self, chunks: Iterable[bytes]) -> Iterator[Object | Skipped]:
        items = items_of(chunks)
        while True:
            try:
                raw = next(items, None)
            except ValueError as error:
                raise Unreadable(f"a list of {self._kind} is not the protobuf of a list: {error}") from error
            if raw is None:
                return
            item = self._read(raw)
            yield Skipped(item) if isinstance(item, str) else item

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        for frame in _frames(chunks):
            try:
                event = pb.WatchEvent.FromString(frame)
                type, envelope = event.type, event.object.raw
            except _BROKEN as error:
                raise Unreadable(f"the watch of {self._kind} sent what is not an event: {error}") from error
            yield self._read_event(type, envelope)

    def _read_event(self, type: str, envelope: bytes) -> Event:
        try:
            raw = _opened(envelope)
            match type:
                case "BOOKMARK":
                    return Bookmark(metadata_of(self._kind, raw).resource_version)
                case "ERROR":
                    status = pb.Status.FromString(raw)
                    return Failure(status.code, status.reason, status.message, status.details.retry_after_seconds)
        except _BROKEN as error:
            return Skipped(f"{self._kind}: a {type} event could not be read: {error}")
        return changed(self._kind, type, self._read(raw))

    def _read(self, raw: bytes) -> Object | str:
        """Facts, or the sentence that says why not."""
        try:
            return self._convert(raw)
        except _BROKEN as error:
            return f"{self._kind} {self._name(raw)}: {error}"

    def _name(self, raw: bytes) -> str:
        try:
            meta = metadata_of(self._kind, raw)
            return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
        except _BROKEN:
            return "without a readable name"


def status(body: bytes) -> Mapping[str, Any]:
    """The Status object that an answer carries, by its JSON names; empty where it carries something else."""
    try:
        said = pb.Status.FromString(_opened(body))
    except _BROKEN:
        return {}
    found: dict[str, Any] = {"code": said.code, "reason": said.reason, "message": said.message}
    if said.details.retry_after_seconds:
        found["details"] = {"retryAfterSeconds": said.details.retry_after_seconds}
    return found


def _opened(envelope: bytes) -> bytes:
    if not envelope.startswith(MAGIC):
        raise ValueError(f"it begins with {envelope[:8]!r}")
    return pb.Unknown.FromString(envelope[len(MAGIC) :]).raw


def _frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole frames without their length; half a frame at the end is dropped. Chunks may cut anywhere."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        start = 0
        while len(buffer) - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if length > LARGEST_EVENT:
                raise Unreadable(f"a watch announced an event of {length} bytes")
            if len(buffer) - start - 4 < length:
                break
            yield bytes(memoryview(buffer)[start + 4 : start + 4 + length])
            start += 4 + length
        del buffer[:start]
