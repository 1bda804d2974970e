"""One picture of a cluster, as fast as it can be had: all kinds at the same time, no watch."""

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import TYPE_CHECKING

from k8sai.cluster.answers import Skipped, unread
from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.decode import Wire
from k8sai.cluster.listing import Absent, Listing
from k8sai.cluster.sources import KINDS, Kind, Sink, Source
from k8sai.errors import K8saiError
from k8sai.facts import Object

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection


def read_once(
    connection: "Connection",
    sink: Sink,
    *,
    namespace: str = "",
    node_selector: str = "",
    wire: Wire = "auto",
) -> tuple[Source, ...]:
    """Every kind, once. What RBAC denies and what the server does not serve is said by its source.

    Raises the server's refusal where nothing at all could be read.
    """
    readings = [
        _Reading(Listing(connection, kind, namespace=namespace, node_selector=node_selector, wire=wire), sink)
        for kind in KINDS
    ]
    for reading in readings:
        reading.start()
    if wire != "json":
        _import_protobuf()
    for reading in readings:
        reading.join()
    for reading in readings:
        if reading.mistake is not None:
            raise reading.mistake
    sources = tuple(reading.source for reading in readings)
    if not any(source.state == "once" for source in sources):
        raise _worst([reading.refusal for reading in readings if reading.refusal is not None])
    return sources


def _import_protobuf() -> None:
    """Here, while the requests are on their way: 30 ms that nobody waits for."""
    import k8sai.cluster.wire_frames  # noqa: F401


def _worst(refusals: list[K8saiError]) -> K8saiError:
    """What kept us from everything: a server that does not answer before RBAC before what is not served."""
    return min(refusals, key=lambda e: (isinstance(e, Absent), isinstance(e, ApiForbidden)))


class _Reading:
    """One kind on its way."""

    def __init__(self, listing: Listing, sink: Sink) -> None:
        self._listing = listing
        self._sink = sink
        self._thread = Thread(target=self._run, name=f"k8sai-{listing.kind}", daemon=True)
        self.source = Source(listing.kind, "starting")
        self.refusal: K8saiError | None = None
        self.mistake: Exception | None = None
        self.start: Callable[[], None] = self._thread.start
        self.join: Callable[[], None] = self._thread.join

    def _run(self) -> None:
        kind: Kind = self._listing.kind
        try:
            if not self._flowed():
                page = self._listing.first(lambda items: None)
                self._sink.replace(kind, page.items)
                self.source = self._read(len(page.items), page.unread)
        except Absent as error:
            self.refusal = error
            self.source = Source(kind, "absent", message=error.message, hint=error.hint)
        except ApiForbidden as error:
            self.refusal = error
            self.source = Source(kind, "forbidden", message=error.message, hint=error.hint)
        except K8saiError as error:
            self.refusal = error
            self.source = Source(kind, "failed", message=error.message, hint=error.hint)
        except Exception as error:  # a bug belongs to the caller's thread, where it is reported
            self.mistake = error

    def _flowed(self) -> bool:
        """Read while it arrives, which saves the time the server takes to send. What fails is undone."""
        arriving = self._listing.flow()
        if arriving is None:
            return False
        count = 0
        skipped: list[str] = []

        def objects() -> Iterator[Object]:
            nonlocal count
            for item in arriving:
                if isinstance(item, Skipped):
                    skipped.append(item.message)
                else:
                    count += 1
                    yield item

        try:
            self._sink.replace(self._listing.kind, objects())
        except K8saiError:  # cut off, or an answer nobody expected: once more, patiently
            self._sink.replace(self._listing.kind, ())
            return False
        self.source = self._read(count, unread(skipped))
        return True

    def _read(self, count: int, message: str) -> Source:
        return Source(self._listing.kind, "once", count, time.time(), self._listing.namespace, message)
