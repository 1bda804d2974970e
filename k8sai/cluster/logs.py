"""The log of a container, line by line, as long as it goes on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import quote

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream

_QUIET = 86_400.0  # seconds a log may be silent; many are for hours
_LONGEST = 16_384  # characters of a line that are kept; a program may write megabytes without a line feed


@runtime_checkable
class Logged(Protocol):
    """Objects that can give logs too: those of a server."""

    def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool, previous: bool, tail: int, times: bool = False
    ) -> "Log":
        """The last `tail` lines of a container's log, and with `follow` what comes. May wait for the server.

        Raises NotFound, Forbidden, ClusterError; Usage where the container has none (yet).
        """


class Log:
    """Iterates over lines without their line feeds. `close` ends it from any thread."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        rest = b""
        with self._stream as chunks:
            for chunk in chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield _text(line)
                rest = rest[: _LONGEST * 4]
        if rest:
            yield _text(rest)

    def close(self) -> None:
        """Enough."""
        self._stream.close()


def open_log(
    connection: "Connection",
    namespace: str,
    pod: str,
    container: str,
    *,
    follow: bool,
    previous: bool,
    tail: int,
    times: bool = False,
) -> Log:
    """As `Logged.logs`."""
    query = {"container": container, "tailLines": str(tail)}
    query |= {"follow": "true"} if follow and not previous else {}
    query |= {"previous": "true"} if previous else {}
    query |= {"timestamps": "true"} if times else {}
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/log"
    return Log(connection.stream(path, query=query, accept="application/json, */*", idle_timeout=_QUIET))


def _text(line: bytes) -> str:
    return line[: _LONGEST * 4].decode(errors="replace").rstrip("\r")[:_LONGEST]
