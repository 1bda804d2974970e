"""One decoder interface over the two wires: JSON (`msgspec` into facts) and the API server's protobuf.

What was asked for does not bind the server: a kind without protobuf is answered in JSON. So an answer is recognised by
its first bytes, never by what the request said. Nothing of protobuf is imported before the first protobuf answer is
here: the request is on its way while Python imports.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from types import GenericAlias
from typing import Any, Literal, Protocol, cast

import msgspec

from k8sai.cluster.shapes import Shape, shape
from k8sai.cluster.sources import Kind
from k8sai.errors import ClusterError
from k8sai.facts import Object

Wire = Literal["auto", "json", "protobuf"]
Change = Literal["ADDED", "MODIFIED", "DELETED"]

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
LARGEST_EVENT = 64 << 20  # bytes; etcd takes 1.5 MiB an object by default: what is longer than this is no event


class Unreadable(ClusterError):
    """An answer is not what the Kubernetes API sends: the whole page or stream, not one object of it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a LIST. `skipped` says which objects could not be read, and why; `items` are all the others."""

    items: list[Object]
    resource_version: str
    continue_token: str = ""
    remaining: int | None = None
    skipped: tuple[str, ...] = ()

    @property
    def unread(self) -> str:
        """What a person is told of the skipped; empty if all could be read."""
        return unread(self.skipped)


@dataclass(frozen=True, slots=True)
class Changed:
    """An object was added, modified or deleted (then this is its last state)."""

    type: Change
    object: Object


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Nothing of this kind changed between the last event and this version."""

    resource_version: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The server ends the watch and says why; code 410 wants a new LIST."""

    code: int
    reason: str
    message: str
    retry_after: int = 0  # seconds


@dataclass(frozen=True, slots=True)
class Skipped:
    """One object of the stream could not be read; the message names it as far as it is known."""

    message: str


Event = Changed | Bookmark | Failure | Skipped


class Decoder(Protocol):
    """Of one kind in one API version."""

    @property
    def accept(self) -> str:
        """The Accept header, for lists and watches alike."""

    def page(self, body: bytes) -> Page:
        """The answer to a LIST. Raises Unreadable."""

    def flow(self, chunks: Iterable[bytes]) -> Iterator[Object | Skipped]:
        """The objects of a LIST while its answer arrives, where the wire allows; one that cannot be read is told.

        Raises Unreadable, also after some objects: then they are not all.
        """

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """The answer to a WATCH, cut into chunks anywhere; half an event at the end is dropped. Raises Unreadable."""


def unread(skipped: Sequence[str]) -> str:
    """What a person is told of the skipped: the first, and how many more; empty if there are none."""
    more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f"could not read {skipped[0]}{more}" if skipped else ""


def decoder(kind: Kind, version: str = "v1", wire: Wire = "auto") -> Decoder:
    """`auto` and `protobuf` ask for protobuf wherever it has v1's layout; both understand a server that declines."""
    return _Sniffing(kind, shape(kind, version), wire != "json")


class _Sniffing:
    """Hands an answer to the decoder that can read it."""

    def __init__(self, kind: Kind, of: Shape, protobuf: bool) -> None:
        self._kind = kind
        self._shape = of
        self.accept = f"{PROTOBUF}, {JSON}" if protobuf and of.is_v1 else JSON

    def page(self, body: bytes) -> Page:
        if not body.startswith(MAGIC):
            return JsonDecoder(self._kind, self._shape).page(body)
        from k8sai.cluster.wire_frames import ProtobufDecoder

        return ProtobufDecoder(self._kind).page(body)

    def flow(self, chunks: Iterable[bytes]) -> Iterator[Object | Skipped]:
        chunks = iter(chunks)
        first = next((chunk for chunk in chunks if chunk), b"")
        if first[:1] != MAGIC[:1]:
            page = self.page(b"".join((first, *chunks)))
            yield from page.items
            yield from map(Skipped, page.skipped)
            return
        from k8sai.cluster.wire_frames import ProtobufDecoder

        yield from ProtobufDecoder(self._kind).flow(chain((first,), chunks))

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        chunks = iter(chunks)
        first = next((chunk for chunk in chunks if chunk), b"")
        if not first or first.lstrip()[:1] == b"{":  # as a frame's length that would be 2 GB
            yield from JsonDecoder(self._kind, self._shape).events(chain((first,), chunks))
            return
        from k8sai.cluster.wire_frames import ProtobufDecoder

        yield from ProtobufDecoder(self._kind).events(chain((first,), chunks))


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_token: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class _TypedList(msgspec.Struct):
    kind: str = ""  # PodList, NodeList, …
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class _List(_TypedList):
    """A list whose items are still closed."""

    items: list[msgspec.Raw] | None = None


class _WatchEvent(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Name(msgspec.Struct, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class _Named(msgspec.Struct):
    metadata: _Name = msgspec.field(default_factory=_Name)


class _Details(msgspec.Struct, rename="camel"):
    retry_after_seconds: int = 0


class _Status(msgspec.Struct):
    code: int = 0
    reason: str = ""
    message: str = ""
    details: _Details | None = None


@cache
def _list_of(item: type) -> type[msgspec.Struct]:
    """A list whose items are open."""
    items = GenericAlias(list, (item,)) | None
    return msgspec.defstruct("_ListOf", [("items", items, None)], bases=(_TypedList,))


class JsonDecoder:
    """Lists, and events one a line."""

    accept = JSON

    def __init__(self, kind: Kind, of: Shape) -> None:
        self._kind = kind
        self._lift = of.lift
        self._list: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_list_of(of.type))
        self._object: msgspec.json.Decoder[Any] = msgspec.json.Decoder(of.type)
        self._event = msgspec.json.Decoder(_WatchEvent)

    def page(self, body: bytes) -> Page:
        skipped: list[str] = []
        try:
            listed = self._list.decode(body)
            items = listed.items or []
            if self._lift:
                items = [self._lift(item) for item in items]
        except msgspec.ValidationError:  # one broken object costs only itself
            listed, items, skipped = self._salvage(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(f"the answer to a list of {self._kind} is not JSON: {error}") from error
        if not listed.kind.endswith("List"):  # what answers 200 to everything is no API server of an empty cluster
            raise Unreadable(f"the answer to a list of {self._kind} is {listed.kind or 'an object'}, not a list")
        meta = listed.metadata
        return Page(items, meta.resource_version, meta.continue_token, meta.remaining_item_count, tuple(skipped))

    def _salvage(self, body: bytes) -> tuple[_List, list[Object], list[str]]:
        try:
            listed = msgspec.json.decode(body, type=_List)
        except msgspec.DecodeError as error:
            raise Unreadable(f"the answer to a list of {self._kind} is not a list: {error}") from error
        items: list[Object] = []
        skipped: list[str] = []
        for raw in listed.items or []:
            item = self._read(raw)
            if isinstance(item, str):
                skipped.append(item)
            else:
                items.append(item)
        return listed, items, skipped

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        for line in _lines(chunks):
            try:
                event = self._event.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Unreadable(f"the watch of {self._kind} sent what is not an event: {error}") from error
            yield self._read_event(event)

    def _read_event(self, event: _WatchEvent) -> Event:
        try:
            match event.type:
                case "BOOKMARK":
                    return Bookmark(msgspec.json.decode(event.object, type=_Named).metadata.resource_version)
                case "ERROR":
                    status = msgspec.json.decode(event.object, type=_Status)
                    wait = status.details.retry_after_seconds if status.details else 0
                    return Failure(status.code, status.reason, status.message, wait)
        except msgspec.DecodeError as error:
            return Skipped(f"{self._kind}: a {event.type} event could not be read: {error}")
        return changed(self._kind, event.type, self._read(event.object))

    def _read(self, raw: msgspec.Raw) -> Object | str:
        """Facts, or the sentence that says why not."""
        try:
            decoded = self._object.decode(raw)
            facts: Object = self._lift(decoded) if self._lift else decoded
            return facts
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"{self._kind} {_name(raw)}: {error}"


def changed(kind: Kind, type: str, read: Object | str) -> Event:
    """The event of one object that was read, or of one that could not be (then `read` says why)."""
    if isinstance(read, str):
        return Skipped(read)
    if type in ("ADDED", "MODIFIED", "DELETED"):
        return Changed(cast(Change, type), read)
    return Skipped(f"{kind}: there is no event of type {type!r}")


def _name(raw: msgspec.Raw) -> str:
    try:
        of = msgspec.json.decode(raw, type=_Named).metadata
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "without a readable name"
    return f"{of.namespace}/{of.name}" if of.namespace else of.name


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines; what follows the last line's end is dropped. A line may span any number of chunks."""
    pieces: list[bytes] = []
    length = 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        if whole:
            yield from filter(None, (b"".join([*pieces, whole[0]]), *whole[1:]))
            pieces, length = [], 0
        pieces.append(rest)
        length += len(rest)
        if length > LARGEST_EVENT:
            raise Unreadable(f"a watch sent {length} bytes without the end of an event")
