"""The contexts of the kubeconfig as the screen's choice of clusters."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from k8sai.cluster import kubeconfig
from k8sai.cluster.options import Options
from k8sai.errors import Forbidden, NotFound
from k8sai.fleet.index import Fleet
from k8sai.tui.choice import Context

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.commands._feed import LiveFeed
    from k8sai.commands._meters import Meter
    from k8sai.tui.feed import Feed


class Kubecontexts:
    """Other clusters of the kubeconfig that the first connection was made from."""

    def __init__(self, options: Options, meter: "Meter | None" = None) -> None:
        self._options = options
        self._meter = (
            meter if meter is not None and meter.prometheus is None else None
        )  # a Prometheus is of one cluster

    def contexts(self) -> Sequence[Context]:
        """In the kubeconfig's order. Raises Usage where it cannot be read."""
        known = kubeconfig.load(self._options.kubeconfig).contexts
        return [
            Context(name, entry.text("cluster"), entry.text("user"), entry.text("namespace"))
            for name, entry in known.items()
        ]

    def open(self, name: str) -> "tuple[Fleet, Feed]":
        """A cluster that has answered once. Flags about the first one's address and user do not follow there.

        Raises NotFound for a context that is not there, Usage, ClusterError.
        """
        from k8sai.commands._feed import LiveFeed
        from k8sai.scheduling.board import Board

        connection = self._connection(name)
        try:
            with suppress(Forbidden, NotFound):
                connection.request("GET", "/version", retry=False, timeout=_PATIENCE)
        except BaseException:
            connection.close()
            raise
        fleet = Fleet()
        return fleet, LiveFeed(connection, fleet, self._meter, Board())

    def join(self, name: str, fleet: Fleet) -> "LiveFeed":
        """A feed of a cluster that nobody has asked yet. Raises as `open` where credentials cannot be had."""
        from k8sai.commands._feed import LiveFeed
        from k8sai.scheduling.board import Board

        return LiveFeed(self._connection(name), fleet, self._meter, Board())

    def _connection(self, name: str) -> "Connection":
        from k8sai.cluster.connect import connect

        if name not in kubeconfig.load(self._options.kubeconfig).contexts:
            raise NotFound(f"the kubeconfig has no context {name!r}", "`kubectl config get-contexts` lists them")
        options = Options(
            kubeconfig=self._options.kubeconfig,
            context=name,
            as_user=self._options.as_user,
            as_group=self._options.as_group,
            as_uid=self._options.as_uid,
            request_timeout=self._options.request_timeout,
        )
        return connect(options, ask=False)


_PATIENCE = 10.0  # seconds a cluster gets to answer while the one before is still on the screen
