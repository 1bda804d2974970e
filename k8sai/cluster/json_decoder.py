"""JSON as the API server sends it: lists whole, events one a line; `msgspec` makes facts of both."""

from collections.abc import Iterable, Iterator
from functools import cache
from types import GenericAlias
from typing import Any

import msgspec

from k8sai.cluster.answers import LARGEST_EVENT, Bookmark, Event, Failure, Page, Skipped, Unreadable, changed
from k8sai.cluster.shapes import Shape
from k8sai.cluster.typed import typed
from k8sai.facts import Object


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

    accept = "application/json"

    def __init__(self, kind: str, of: Shape) -> None:
        self._kind = kind
        self._lift = of.lift
        self._list: msgspec.json.Decoder[Any] = typed(_list_of(of.type))
        self._object: msgspec.json.Decoder[Any] = typed(of.type)
        self._event = typed(_WatchEvent)

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
            listed = typed(_List).decode(body)
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
                    return Bookmark(typed(_Named).decode(event.object).metadata.resource_version)
                case "ERROR":
                    status = typed(_Status).decode(event.object)
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


def _name(raw: msgspec.Raw) -> str:
    try:
        of = typed(_Named).decode(raw).metadata
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
