"""LIST and WATCH of one kind as JSON, for kinds that are no facts of the fleet, as a reflector asks for them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from k8sai.cluster import watching
from k8sai.cluster.answers import Event, Failure, Page
from k8sai.cluster.api_errors import ApiForbidden
from k8sai.cluster.json_decoder import JsonDecoder
from k8sai.cluster.shapes import Shape
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream

PAGE: Final = 500  # objects; what kubectl asks for


class JsonListing(ABC):
    """Where all namespaces are denied, the context's own is read."""

    def __init__(self, connection: "Connection", kind: str, shape: Shape, namespace: str = "") -> None:
        self.kind = kind
        self._connection = connection
        self._wanted = self.namespace = namespace
        self._decoder = JsonDecoder(kind, shape)
        self.refusal: ApiForbidden | None = None  # why only one namespace is read

    @abstractmethod
    def _path(self) -> str:
        """Of the list."""

    @abstractmethod
    def _pages(self, retry: bool) -> Page:
        """All objects that are wanted, by `_page`."""

    def _namespaced(self) -> bool:
        return True

    def reset(self) -> None:
        """Hope anew for all namespaces."""
        self.namespace = self._wanted

    def first(self, early: Callable[[Iterable[Any]], None], *, retry: bool = True) -> Page:
        """What there is. Raises Absent, ApiForbidden, ApiError, Unreadable."""
        try:
            return self._pages(retry)
        except ApiForbidden as error:
            if self.namespace or not self._connection.namespace or not self._namespaced():
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

    def _page(self, query: Mapping[str, str], retry: bool) -> Page:
        asked = {"limit": str(PAGE), **query}
        answer = self._connection.request("GET", self._path(), query=asked, accept="application/json", retry=retry)
        return self._decoder.page(answer.body)
