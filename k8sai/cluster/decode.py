"""One decoder over the two wires: JSON, and the API server's protobuf.

What was asked for does not bind the server: a kind without protobuf is answered in JSON. So an answer is recognised by
its first bytes, never by what the request said. Nothing of protobuf is imported before the first protobuf answer is
here: the request is on its way while Python imports.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

from k8sai.cluster.answers import Decoder, Event, Page, Skipped
from k8sai.cluster.json_decoder import JsonDecoder
from k8sai.cluster.shapes import Shape, shape
from k8sai.cluster.sources import Kind
from k8sai.facts import Object

Wire = Literal["auto", "json", "protobuf"]

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"


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
        if not body.startswith(_MAGIC):
            return JsonDecoder(self._kind, self._shape).page(body)
        from k8sai.cluster.wire_frames import ProtobufDecoder

        return ProtobufDecoder(self._kind).page(body)

    def flow(self, chunks: Iterable[bytes]) -> Iterator[Object | Skipped]:
        chunks = iter(chunks)
        first = next((chunk for chunk in chunks if chunk), b"")
        if first[:1] != _MAGIC[:1]:
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
