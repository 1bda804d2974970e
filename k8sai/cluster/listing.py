"""LIST and WATCH of one kind: which API version, which namespace, how much at once.

The version and the namespace are found by asking: v1 in all namespaces first, and where the answer is 403 or 404 what
the server says it serves, then the one namespace that the context names.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from k8sai.cluster import watching
from k8sai.cluster.answers import Decoder, Event, Failure, Page, Skipped, Unreadable
from k8sai.cluster.api_errors import ApiError, ApiForbidden, ApiNotFound, Gone
from k8sai.cluster.decode import Wire, decoder
from k8sai.cluster.shapes import GROUP, NAMESPACED
from k8sai.cluster.sources import Kind
from k8sai.errors import K8saiError, NotFound
from k8sai.facts import Object

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream

# The layouts the decoders know, the newest first.
VERSIONS: dict[Kind, tuple[str, ...]] = {
    "nodes": ("v1",),
    "pods": ("v1",),
    "resourceslices": ("v1", "v1beta2", "v1beta1"),
    "resourceclaims": ("v1", "v1beta2", "v1beta1"),
    "deviceclasses": ("v1", "v1beta2", "v1beta1"),
    "devicetaintrules": ("v1", "v1beta2", "v1alpha3"),
}
# Finished pods hold nothing. One that finishes leaves the selection, which a watch reports as DELETED.
_FIELDS: dict[Kind, str] = {"pods": "status.phase!=Succeeded,status.phase!=Failed"}

_WHOLE = 20_000  # objects: up to here one answer from the watch cache, beyond it pages
_PAGE = 500  # objects; what kubectl asks for
_PIECE = 1 << 18  # bytes of an arriving list: what comes in thousands of pieces costs half as much in dozens
_SILENCE = 75.0  # seconds without a byte of a list; the server's own limit for one is 60
_GROWS = frozenset[Kind]({"nodes", "pods", "resourceslices", "resourceclaims"})  # with the cluster, without a bound


class Absent(NotFound):
    """The server does not serve the kind in any version we can read."""


class Listing:
    """Asks for one kind. `namespace` is the one that is read ("": all, or the kind has none)."""

    def __init__(
        self,
        connection: "Connection",
        kind: Kind,
        *,
        namespace: str = "",
        node_selector: str = "",
        wire: Wire = "auto",
    ) -> None:
        self.kind = kind
        self._connection = connection
        self._wanted = namespace if kind in NAMESPACED else ""
        self._selection: dict[str, str] = {}
        if kind in _FIELDS:
            self._selection["fieldSelector"] = _FIELDS[kind]
        if kind == "nodes" and node_selector:
            self._selection["labelSelector"] = node_selector
        self._wire = wire
        self._use(VERSIONS[kind][0])
        self.namespace = self._wanted

    def reset(self) -> None:
        """Hope anew for all namespaces and for v1."""
        self._use(VERSIONS[self.kind][0])
        self.namespace = self._wanted

    def first(self, early: Callable[[Iterable[Object]], None], *, retry: bool = True) -> Page:
        """All objects, as fast as the server can; `early` gets the pages of a long list as they come.

        Up to 20,000 objects in one answer from the watch cache (`resourceVersion=0`): half the server's time, but it
        ignores `limit`. How many there are is not known beforehand, so a list of one object is asked for, whose
        `remainingItemCount` tells. It does so only without selectors: finished pods are counted too, which errs
        towards pages. Raises Absent, ApiForbidden, ApiError, Unreadable.
        """
        if self.kind in _GROWS and self._probed(retry) > _WHOLE:
            return self._paged(early, retry)
        return self._page({**self._selection, "resourceVersion": "0"}, retry)

    def flow(self) -> Iterator[Object | Skipped] | None:
        """The same while it arrives, asked for once; None where `first` knows better: a long list, a time limit.

        Raises as `first`, also after some objects: then they are not all.
        """
        if self.kind not in _GROWS or self._connection.request_timeout is not None or self._probed(True) > _WHOLE:
            return None
        return self._arriving()

    def _arriving(self) -> Iterator[Object | Skipped]:
        query = {**self._selection, "resourceVersion": "0"}
        accept, path = self._decoder.accept, self._path()
        with self._connection.stream(path, query=query, accept=accept, idle_timeout=_SILENCE, piece=_PIECE) as chunks:
            yield from self._decoder.flow(chunks)

    def _probed(self, retry: bool) -> int:
        """How many objects there are, finished pods too."""
        probe = self._page({"limit": "1"}, retry)
        return len(probe.items) + len(probe.skipped) + (probe.remaining or 0)

    def again(self) -> Page:
        """All objects as they are now, never older than what was seen before, as a cache may be. Raises as above."""
        return self._page(self._selection, retry=False)

    def watch(self, resource_version: str, idle: float, lasting: int) -> "Stream":
        """Changes since that version; ended by the server after `lasting` seconds, by us after `idle` silent ones."""
        return watching.watch(
            self._connection,
            self._path(),
            resource_version,
            accept=self._decoder.accept,
            idle=idle,
            lasting=lasting,
            selection=self._selection,
        )

    def events(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """What the watch says. Raises Unreadable."""
        return self._decoder.events(chunks)

    def error(self, failure: Failure) -> K8saiError:
        """The error an ERROR event stands for, as if it had been the answer to the request."""
        return watching.error_of(self._connection, self._path(), failure)

    def _paged(self, early: Callable[[Iterable[Object]], None], retry: bool) -> Page:
        """In pages of one state. Who reads too slowly is told 410 and begins again; after two of these, all at once."""
        for _ in range(2):
            try:
                return self._pages(early, retry)
            except Gone:
                continue
        return self._page({**self._selection, "resourceVersion": "0"}, retry)

    def _pages(self, early: Callable[[Iterable[Object]], None], retry: bool) -> Page:
        query = {**self._selection, "limit": str(_PAGE)}
        first = page = self._page(query, retry)
        items, skipped = list(page.items), list(page.skipped)
        early(page.items)
        while page.continue_token:
            page = self._page({**query, "continue": page.continue_token}, retry)
            items += page.items
            skipped += page.skipped
            early(page.items)
        return Page(items, first.resource_version, skipped=tuple(skipped))

    def _page(self, query: dict[str, str], retry: bool) -> Page:
        while True:
            try:
                answer = self._connection.request(
                    "GET", self._path(), query=query, accept=self._decoder.accept, retry=retry
                )
            except (ApiForbidden, ApiNotFound) as refusal:
                self._settle(refusal)
                continue
            try:
                return self._decoder.page(answer.body)
            except Unreadable as error:
                asked = self._connection.asked("GET", self._path())
                hint = f"is it an API server? See what it says: `kubectl get --raw '{asked.path}?limit=1'{asked.flags}`"
                raise Unreadable(f"{asked.server}: {error.message}", hint) from error

    def _settle(self, refusal: ApiForbidden | ApiNotFound) -> None:
        """Choose what to ask for instead; raises where nothing is left. Each branch leaves less to try."""
        if isinstance(refusal, ApiNotFound) and not GROUP[self.kind]:  # every API server has nodes and pods
            server = self._connection.server
            raise ApiError(
                f"{server} has no Kubernetes API there: {self._path()} does not exist (404)",
                "check the server's address, its path too",
                status=404,
            ) from refusal
        best = self._best_version(refusal)
        if best != self._version and self._version == VERSIONS[self.kind][0]:
            self._use(best)
            return
        fallback = self._connection.namespace
        if isinstance(refusal, ApiNotFound) or self.kind not in NAMESPACED or self.namespace or not fallback:
            raise refusal
        self.namespace = fallback

    def _best_version(self, refusal: ApiForbidden | ApiNotFound) -> str:
        """The served version to read. Needed for 403 as well as 404: RBAC forbids even what does not exist."""
        group = GROUP[self.kind]
        if not group:
            return "v1"
        from k8sai.cluster.discovery import served

        known = served(self._connection)
        offered = known.versions(group, self.kind)
        readable = [version for version in offered if version in VERSIONS[self.kind]]
        if readable:
            return readable[0]
        if known.broken(group):  # then we do not know, and the refusal is all we have
            raise refusal
        also = f" in a version k8sai reads, only in {', '.join(offered)}" if offered else ""
        raise Absent(f"{self._connection.server} does not serve {self.kind}.{group}{also}") from refusal

    def _use(self, version: str) -> None:
        self._version = version
        self._decoder: Decoder = decoder(self.kind, version, self._wire)

    def _path(self) -> str:
        group = GROUP[self.kind]
        root = f"/apis/{group}/{self._version}" if group else f"/api/{self._version}"
        inside = f"/namespaces/{self.namespace}" if self.namespace else ""
        return f"{root}{inside}/{self.kind}"
