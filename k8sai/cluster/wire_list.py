"""A protobuf list while it arrives: each item as soon as its bytes are there, the server still sending the next ones.

On the wire a list is `k8s\\0` and a `runtime.Unknown` (see `wire_frames`). Of both messages every field has a length
before it, so that whole items can be cut out without understanding them, and an answer that was cut off is noticed.
"""

from collections.abc import Iterable, Iterator
from typing import Final

MAGIC: Final = b"k8s\x00"
_RAW: Final = 2  # of runtime.Unknown: the list
_METADATA, _ITEM = 1, 2  # of the list
_HEAD: Final = 20  # bytes; two varints are never longer


def items_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The items, closed. Raises ValueError where the answer is not a whole list; chunks may cut anywhere.

    Large chunks are best: what is left of one is copied to the next.
    """
    inflow = _Inflow(chunks)
    if inflow.take(len(MAGIC)) != MAGIC:
        raise ValueError("it does not begin like a Kubernetes answer")
    listed = False
    while inflow.ready(1):
        number, size = inflow.head()
        if number != _RAW:
            inflow.take(size)
            continue
        end = inflow.position + size
        while inflow.position < end:
            number, size = inflow.head()
            field = inflow.take(size)
            if number == _ITEM:
                yield field
            listed = listed or number == _METADATA
    if not listed:  # every list has it, the empty one too
        raise ValueError("it has no metadata")


class _Inflow:
    """Bytes in order, whatever pieces they come in."""

    __slots__ = ("_at", "_buffer", "_chunks", "_gone")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = self._gone = 0

    @property
    def position(self) -> int:
        """How many bytes were taken."""
        return self._gone + self._at

    def ready(self, size: int) -> bool:
        """Whether so many bytes follow; waits until that is known."""
        while len(self._buffer) - self._at < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._buffer = self._buffer[self._at :] + chunk
            self._gone += self._at
            self._at = 0
        return True

    def take(self, size: int) -> bytes:
        """The next bytes. Raises ValueError where fewer follow."""
        start, end = self._at, self._at + size
        if end > len(self._buffer):
            if not self.ready(size):
                raise ValueError("it ends early")
            start, end = 0, size
        self._at = end
        return self._buffer[start:end]

    def head(self) -> tuple[int, int]:
        """Number and length of the next field. Raises ValueError for one without a length."""
        if len(self._buffer) - self._at < _HEAD:
            self.ready(_HEAD)
        try:
            tag, at = _varint(self._buffer, self._at)
            size, self._at = _varint(self._buffer, at)
        except IndexError:
            raise ValueError("it ends early") from None
        if tag & 7 != 2:
            raise ValueError(f"field {tag >> 3} has no length")
        return tag >> 3, size


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where the next one does."""
    value = shift = 0
    while (byte := buffer[at]) >= 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift > 63:
            raise ValueError("a number is too long")
    return value | byte << shift, at + 1
