"""Whole objects of any kinds, listed and watched as JSON: a reflector per kind, each in its own thread, into one sink.

For kinds that are no facts of the fleet. Kinds are written in full: `clusterqueues.kueue.x-k8s.io`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from k8sai.cluster import watching
from k8sai.cluster.answers import Event, Failure, Page
from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.json_decoder import JsonDecoder
from k8sai.cluster.listing import Absent
from k8sai.cluster.objects import Json
from k8sai.cluster.reflector import SETTLED, Pace, Reflector
from k8sai.cluster.shapes import Shape
from k8sai.cluster.sources import Source
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream

_PAGE = 500  # objects; what kubectl asks for


@dataclass(frozen=True, slots=True)
class Meta:
    """What a reflector reads of an object."""

    resource_version: str


@dataclass(frozen=True, slots=True)
class Whole:
    """An object as it is, `body`."""

    metadata: Meta
    body: Json


class WholeSink(Protocol):
    """Who gets them; called from one thread per kind, and guards itself."""

    def put(self, kind: str, obj: Whole) -> None:
        """The object is new or changed."""

    def drop(self, kind: str, obj: Whole) -> None:
        """The object is gone."""

    def replace(self, kind: str, objects: Iterable[Whole]) -> None:
        """These are all objects of the kind."""


class WholeListing:
    """LIST and WATCH of one kind as a reflector asks for them; where all namespaces are denied, the context's own."""

    def __init__(self, connection: "Connection", kind: str, namespace: str = "") -> None:
        self.kind = kind
        self._connection = connection
        self._wanted = self.namespace = namespace
        self._decoder = JsonDecoder(kind, Shape(dict, _whole))
        self.refusal: ApiForbidden | None = None  # why only one namespace is read

    def reset(self) -> None:
        """Hope anew for all namespaces, and for a kind that has come since."""
        self.namespace = self._wanted
        served(self._connection).forget()

    def first(self, early: Callable[[Iterable[Any]], None], *, retry: bool = True) -> Page:
        """All there are. Raises Absent, ApiForbidden, ApiError, Unreadable."""
        try:
            return self._pages(retry)
        except ApiForbidden as error:
            if self.namespace or not self._connection.namespace or not self._resource().namespaced:
                raise
            self.namespace, self.refusal = self._connection.namespace, error
            return self._pages(retry)

    def again(self) -> Page:
        """The same, once more."""
        return self._pages(retry=False)

    def watch(self, resource_version: str, idle: float, lasting: int) -> "Stream":
        """As `Listing.watch`."""
        path, accept = self._path(), "application/json"
        return watching.watch(self._connection, path, resource_version, accept=accept, idle=idle, lasting=lasting)

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """What the watch says."""
        return self._decoder.events(chunks)

    def error(self, failure: Failure) -> K8saiError:
        """As `Listing.error`."""
        return watching.error_of(self._connection, self._path(), failure)

    def _pages(self, retry: bool) -> Page:
        page = self._page({}, retry)
        items, skipped = list(page.items), list(page.skipped)
        while page.continue_token:
            page = self._page({"continue": page.continue_token}, retry)
            items += page.items
            skipped += page.skipped
        return Page(items, page.resource_version, skipped=tuple(skipped))

    def _page(self, query: Mapping[str, str], retry: bool) -> Page:
        asked = {"limit": str(_PAGE), **query}
        answer = self._connection.request("GET", self._path(), query=asked, accept="application/json", retry=retry)
        return self._decoder.page(answer.body)

    def _path(self) -> str:
        return self._resource().path(self.namespace)

    def _resource(self) -> Resource:
        plural, _, group = self.kind.partition(".")
        found = served(self._connection).find(group, plural)
        if found is None:
            raise Absent(f"{self._connection.server} does not serve {self.kind}")
        return found


class WholeLive:
    """Follows these kinds from `start` to `stop`; what cannot be read now is tried again."""

    def __init__(
        self, connection: "Connection", kinds: Iterable[str], sink: WholeSink, *, pace: Pace | None = None
    ) -> None:
        self._changed = Condition()
        self._listings = {kind: WholeListing(connection, kind) for kind in kinds}
        self._reflectors = tuple(
            Reflector(listing, sink, self._told, pace or Pace()) for listing in self._listings.values()
        )

    def start(self) -> None:
        """Returns at once."""
        for reflector in self._reflectors:
            reflector.start()

    def stop(self, timeout: float = 2.0) -> None:
        """End all threads, waiting at most `timeout` seconds."""
        for reflector in self._reflectors:
            reflector.stop()
        deadline = monotonic() + timeout
        for reflector in self._reflectors:
            reflector.join(max(0.0, deadline - monotonic()))

    def wait_synced(self, timeout: float) -> bool:
        """Until every kind is there, or known not to be; False when that takes longer (seconds)."""
        with self._changed:
            return self._changed.wait_for(lambda: all(s.state in SETTLED for s in self.sources()), timeout)

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands; with what the cluster said where only one namespace may be read."""
        return tuple(self._source(reflector.source()) for reflector in self._reflectors)

    def _source(self, source: Source) -> Source:
        refusal = self._listings[source.kind].refusal
        if not source.namespace or refusal is None or source.message:
            return source
        return replace(source, message=refusal.message, hint=refusal.hint)

    def _told(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _whole(body: Json) -> Any:
    return Whole(Meta(str((body.get("metadata") or {}).get("resourceVersion") or "")), body)
