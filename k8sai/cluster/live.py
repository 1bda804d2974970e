"""A cluster as it is and as it changes: one reflector per kind, each in its own thread, all into one sink."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from k8sai.cluster.decode import Wire
from k8sai.cluster.listing import Listing
from k8sai.cluster.once import read_once
from k8sai.cluster.reflector import Pace
from k8sai.cluster.reflectors import Reflectors
from k8sai.cluster.sources import KINDS, Kind, Sink

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

__all__ = ["Live", "read_once"]


class Live(Reflectors):
    """Follows the facts of a cluster."""

    def __init__(
        self,
        connection: "Connection",
        sink: Sink,
        *,
        namespace: str = "",
        kinds: Iterable[Kind] = KINDS,
        node_selector: str = "",
        wire: Wire = "auto",
        pace: Pace | None = None,
    ) -> None:
        listings = (
            Listing(connection, kind, namespace=namespace, node_selector=node_selector, wire=wire) for kind in kinds
        )
        super().__init__(listings, sink, pace)
