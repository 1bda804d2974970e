"""Whole objects of any kind, as JSON: read when a question needs them, from a server or from a recording.

Kinds are written as kubectl writes them in full: `pods`, `jobs.batch`, `workloads.kueue.x-k8s.io`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import msgspec

from k8sai.cluster.answers import Unreadable
from k8sai.cluster.api_errors import status_error
from k8sai.cluster.discovery import Resource, served
from k8sai.cluster.logs import Log, open_log
from k8sai.errors import NotFound, Refused

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

Json = dict[str, Any]

_PAGE = "500"  # objects; what kubectl asks for


class Objects(Protocol):
    """What `list` and `get` need to know is asked for once and remembered. Thread-safe; they may wait for a server."""

    @property
    def context(self) -> str:
        """The name of the cluster as the user knows it."""

    def served(self, kind: str) -> bool:
        """Whether the cluster has the kind at all."""

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        """All objects, of one namespace or of all, with apiVersion and kind.

        Raises NotFound where the kind is not served, Forbidden, ClusterError. Never used for Secrets.
        """

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """One object. Raises NotFound, Forbidden, ClusterError; Refused for a Secret."""


class LiveObjects:
    """Objects as the server has them now."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._served = served(connection)

    @property
    def context(self) -> str:
        return self._connection.context

    def served(self, kind: str) -> bool:
        return self._find(kind) is not None

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        return [*self.each(kind, namespace, labels=labels, fields=fields)]

    def each(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Iterator[Json]:
        """The same one after the other: no more than a page of them is held. Raises as `list`, also after some."""
        resource = self._resource(kind)
        query = {"limit": _PAGE}
        query |= {"labelSelector": labels} if labels else {}
        query |= {"fieldSelector": fields} if fields else {}
        while True:
            page = self._read(resource.path(namespace), query)
            version = page.get("apiVersion", "v1")
            for item in page.get("items") or ():
                yield {"apiVersion": version, "kind": resource.kind, **item}
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            query["continue"] = token

    def get(self, kind: str, namespace: str, name: str) -> Json:
        refuse_secrets(kind)
        return self._read(f"{self._resource(kind).path(namespace)}/{quote(name, safe='')}", {})

    def ask(self, path: str, query: Mapping[str, str]) -> Json:
        """What a path answers that is no kind, asked once. Raises NotFound, Forbidden, ClusterError."""
        return self._read(path, query, retry=False)

    def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool, previous: bool, tail: int, times: bool = False
    ) -> Log:
        """As `logs.Logged` says."""
        return open_log(
            self._connection, namespace, pod, container, follow=follow, previous=previous, tail=tail, times=times
        )

    def _find(self, kind: str) -> Resource | None:
        plural, _, group = kind.partition(".")
        return self._served.find(group, plural)

    def _resource(self, kind: str) -> Resource:
        refuse_secrets(kind)
        found = self._find(kind)
        if found is None:
            raise NotFound(f"{self._connection.server} does not serve {kind}")
        return found

    def _read(self, path: str, query: Mapping[str, str], *, retry: bool = True) -> Json:
        body = self._connection.request("GET", path, query=query, retry=retry).body
        try:
            read = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise Unreadable(f"{self._connection.server} answered {path} with something that is not JSON") from error
        if not isinstance(read, dict):
            raise Unreadable(f"{self._connection.server} answered {path} with something that is no object")
        if (read.get("kind"), read.get("status")) == ("Status", "Failure"):  # a gateway may call what failed a success
            raise status_error(read, self._connection.asked("GET", path))
        return read


def refuse_secrets(kind: str) -> None:
    """Raises Refused for Secrets: nothing here ever reads one."""
    if kind == "secrets":
        raise Refused("k8sai never reads Secrets")
