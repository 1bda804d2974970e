"""What an answer to a LIST or a WATCH says, whichever wire it came by."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from k8sai.errors import ClusterError
from k8sai.facts import Object

Change = Literal["ADDED", "MODIFIED", "DELETED"]

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


def changed(kind: str, type: str, read: Object | str) -> Event:
    """The event of one object that was read, or of one that could not be (then `read` says why)."""
    if isinstance(read, str):
        return Skipped(read)
    if type in ("ADDED", "MODIFIED", "DELETED"):
        return Changed(cast(Change, type), read)
    return Skipped(f"{kind}: there is no event of type {type!r}")
