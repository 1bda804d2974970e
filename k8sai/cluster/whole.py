"""Whole objects of any kinds, listed and watched as JSON: a reflector per kind, each in its own thread, into one sink.

For kinds that are no facts of the fleet. Kinds are written in full: `clusterqueues.kueue.x-k8s.io`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from k8sai.cluster.answers import Page
from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.json_listing import JsonListing
from k8sai.cluster.listing import Absent
from k8sai.cluster.objects import Json
from k8sai.cluster.reflector import Pace
from k8sai.cluster.reflectors import Reflectors
from k8sai.cluster.shapes import Shape
from k8sai.cluster.sources import Source

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection


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


class WholeListing(JsonListing):
    """Of a kind that may not be there."""

    def __init__(self, connection: "Connection", kind: str, namespace: str = "") -> None:
        super().__init__(connection, kind, Shape(dict, _whole), namespace)

    def reset(self) -> None:
        """Hope anew for all namespaces, and for a kind that has come since."""
        super().reset()
        served(self._connection).forget()

    def _pages(self, retry: bool) -> Page:
        page = self._page({}, retry)
        items, skipped = list(page.items), list(page.skipped)
        while page.continue_token:
            page = self._page({"continue": page.continue_token}, retry)
            items += page.items
            skipped += page.skipped
        return Page(items, page.resource_version, skipped=tuple(skipped))

    def _path(self) -> str:
        return self._resource().path(self.namespace)

    def _namespaced(self) -> bool:
        return self._resource().namespaced

    def _resource(self) -> Resource:
        plural, _, group = self.kind.partition(".")
        found = served(self._connection).find(group, plural)
        if found is None:
            raise Absent(f"{self._connection.server} does not serve {self.kind}")
        return found


class WholeLive(Reflectors):
    """Follows these kinds."""

    def __init__(
        self, connection: "Connection", kinds: Iterable[str], sink: WholeSink, *, pace: Pace | None = None
    ) -> None:
        self._listings = {kind: WholeListing(connection, kind) for kind in kinds}
        super().__init__(self._listings.values(), sink, pace)

    def sources(self) -> tuple[Source, ...]:
        """How each kind stands; with what the cluster said where only one namespace may be read."""
        return tuple(map(self._source, super().sources()))

    def _source(self, source: Source) -> Source:
        refusal = self._listings[source.kind].refusal
        if not source.namespace or refusal is None or source.message:
            return source
        return replace(source, message=refusal.message, hint=refusal.hint)


def _whole(body: Json) -> Any:
    return Whole(Meta(str((body.get("metadata") or {}).get("resourceVersion") or "")), body)
