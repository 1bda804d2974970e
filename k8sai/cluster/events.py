"""Events of a cluster, watched from the moment somebody wants to see them; before that they cost nothing.

They are no facts of the fleet: no figure depends on them, and only the newest are kept.
"""

import time
from collections.abc import Iterable
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from k8sai.cluster.answers import Page
from k8sai.cluster.api_errors import Gone
from k8sai.cluster.json_listing import PAGE, JsonListing
from k8sai.cluster.objects import Json, Objects
from k8sai.cluster.reflector import Pace, Reflector
from k8sai.cluster.shapes import Shape
from k8sai.cluster.sources import Source
from k8sai.errors import Forbidden, K8saiError
from k8sai.events import Event

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

MOST: Final = 5_000  # events that are kept
_KIND: Final = "events"
_UNTIL_LISTED: Final = 20  # pages after which a list is taken as it is: more events than that happen meanwhile


class Events(Protocol):
    """The newest events of a cluster. Nothing is asked for before `start`, which may be called again and again."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End."""

    def source(self) -> Source:
        """How it stands; `starting` before `start` too."""

    @property
    def version(self) -> int:
        """Grows with every change."""

    def newest(self) -> list[Event]:
        """What is kept, the newest first."""


class Ring:
    """The newest events, by uid: a sink. Those that the cluster forgets, after an hour, are kept as long as there is
    room. Guards itself.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._events: dict[str, Event] = {}  # the newest last
        self.version = 0

    def put(self, kind: Any, event: Event) -> None:
        """It happened, or happened again."""
        with self._lock:
            self._events.pop(event.uid, None)
            self._events[event.uid] = event
            if len(self._events) > self._most:
                del self._events[next(iter(self._events))]
            self.version += 1

    def drop(self, kind: Any, event: Event) -> None:
        """The cluster has forgotten it; what happened has happened."""

    def replace(self, kind: Any, events: Iterable[Event]) -> None:
        """A list, in no order."""
        with self._lock:
            known = self._events | {event.uid: event for event in events}
            newest = sorted(known.values(), key=lambda event: event.last)[-self._most :]
            self._events = {event.uid: event for event in newest}
            self.version += 1

    def newest(self) -> list[Event]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._events.values()))


class EventListing(JsonListing):
    """The newest of them. The API gives them by name: pages are read, and what is old is let go."""

    def __init__(self, connection: "Connection", namespace: str = "") -> None:
        super().__init__(connection, _KIND, Shape(Event), namespace)

    def _pages(self, retry: bool) -> Page:
        ring = Ring()
        page = first = self._page({}, retry)
        ring.replace(_KIND, _events(first))
        skipped = list(first.skipped)
        for _ in range(_UNTIL_LISTED * MOST // PAGE):
            if not page.continue_token:
                break
            try:
                page = self._page({"continue": page.continue_token}, retry)
            except Gone:  # read too slowly: what is here is enough to begin with
                break
            ring.replace(_KIND, _events(page))
            skipped += page.skipped
        found: list[Any] = ring.newest()
        return Page(found, first.resource_version, skipped=tuple(skipped))

    def _path(self) -> str:
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"/api/v1{inside}/events"


def _events(page: Page) -> list[Event]:
    return [item for item in page.items if isinstance(item, Event)]


class LiveEvents:
    """Events of a server."""

    def __init__(self, connection: "Connection", *, namespace: str = "", pace: Pace | None = None) -> None:
        self._ring = Ring()
        self._reflector = Reflector(EventListing(connection, namespace), self._ring, lambda: None, pace or Pace())
        self._started = False

    def start(self) -> None:
        if not self._started:
            self._started = True
            self._reflector.start()

    def stop(self) -> None:
        if self._started:
            self._reflector.stop()
            self._reflector.join(1.0)

    def source(self) -> Source:
        return self._reflector.source()

    @property
    def version(self) -> int:
        return self._ring.version

    def newest(self) -> list[Event]:
        return self._ring.newest()


class RecordedEvents:
    """Events out of a file, read when they are wanted."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._ring = Ring()
        self._started = False
        self._source = Source(_KIND, "starting")

    def start(self) -> None:
        if not self._started:
            self._started = True
            Thread(target=self.read, name="k8sai-events", daemon=True).start()

    def stop(self) -> None:
        """Nothing goes on."""

    def source(self) -> Source:
        return self._source

    @property
    def version(self) -> int:
        return self._ring.version

    def newest(self) -> list[Event]:
        return self._ring.newest()

    def read(self) -> None:
        """At once, in this thread."""
        try:
            self._ring.replace(_KIND, read_events(self._objects))
        except Forbidden as error:
            self._source = Source(_KIND, "forbidden", message=error.message, hint=error.hint)
        except K8saiError as error:
            self._source = Source(_KIND, "absent", message=error.message, hint=error.hint)
        else:
            self._source = Source(_KIND, "once", len(self._ring.newest()), time.time())


def read_events(objects: Objects, namespace: str = "") -> list[Event]:
    """All events there are now, the newest first. Raises what listing them raises; what cannot be read is left out."""
    ring = Ring()
    ring.replace(_KIND, readable(objects.list("events", namespace)))
    return ring.newest()


def readable(items: Iterable[Json]) -> list[Event]:
    """Whole objects as events; what cannot be read is left out."""
    found: list[Event] = []
    for item in items:
        try:
            found.append(msgspec.convert(item, Event))
        except msgspec.ValidationError:
            continue
    return found
