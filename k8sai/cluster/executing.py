"""A program run in a container: the streams of pods/exec over a websocket (v5.channel.k8s.io, else v4).

Each message begins with a byte that names its channel; the last one, a Status on the error channel, has the exit code.
https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from k8sai.cluster.api_errors import ApiForbidden, RequestTimedOut, Unavailable
from k8sai.cluster.upgrading import broken, websocket
from k8sai.errors import ClusterError, K8saiError, Usage

if TYPE_CHECKING:
    from websocket import WebSocket

    from k8sai.cluster.connection import Connection

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_OPENING = 30.0  # seconds for a step of opening
_TICK = 0.5  # seconds after which the deadline and `until` are looked at
_PING, _DEAD = 5.0, 30.0  # seconds between two pings, and without a sign until the other end is gone; kubectl's
_AFTER_THE_END = 1.0  # seconds without a byte until no output comes behind the exit code any more
_PIECE = 32 << 10  # bytes of stdin in one message
_UNREACHABLE = r"dial tcp|error dialing backend|connection refused|i/o timeout|no route to host|EOF$"


class CannotStart(ClusterError):
    """The program was not run: the container has no such program, or is not there."""


@dataclass(frozen=True, slots=True)
class Done:
    """A program has ended. Of what it wrote the last `limit` bytes are here; `cut` where that is not all."""

    code: int
    out: bytes = b""
    err: bytes = b""
    cut: bool = False


def run(
    connection: "Connection",
    namespace: str,
    pod: str,
    container: str,
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float,
    limit: int = 1 << 20,
    until: Callable[[], bool] | None = None,
) -> Done:
    """Run `argv` (no shell) in a container and wait for its end, at most `timeout` seconds and until `until` is True.

    Giving up ends the connection; what the program does then is its own matter. Raises RequestTimedOut for both,
    CannotStart, Forbidden (it names `get` or `create` of pods/exec), NotFound, Unavailable where the connection was
    cut: then the program may have run or not. Usage where stdin is given and the server cannot end it (v4).
    """
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/exec"
    streams = [("stdin", "true")] if stdin else []
    query = [("container", container), *streams, ("stdout", "true"), ("stderr", "true")]
    query += [("command", word) for word in argv]
    deadline = time.monotonic() + timeout
    opened = _opened(connection, path, query, namespace, min(_OPENING, max(0.001, timeout)))
    talk = _Talk(connection, opened, path, f"{namespace}/{pod}", limit, deadline, timeout, until)
    try:
        talk.write(stdin)
        return talk.end()
    except K8saiError:
        raise
    except Exception as error:
        raise broken(connection, error, path) from error
    finally:
        opened.close(timeout=0)  # an answer to the farewell is not waited for
        opened.shutdown()  # type: ignore[no-untyped-call]


def _opened(
    connection: "Connection", path: str, query: list[tuple[str, str]], namespace: str, timeout: float
) -> "WebSocket":
    """Who may `get` and not `create` is refused without a reason (1.37): the right is named here."""
    try:
        return websocket(connection, path, query, PROTOCOLS, timeout)
    except ApiForbidden as error:
        if error.resource or not error.message.endswith("is forbidden:"):
            raise
        flags = connection.asked("GET", path).flags
        line = f"kubectl auth can-i create pods{flags} --subresource=exec -n {namespace}"
        raise ApiForbidden(
            f"{connection.server} forbids to create pods/exec in namespace {namespace}, which it needs beside get",
            f"ask an admin for it; this tells when it is granted: `{line}`",
            verb="create",
            resource="pods/exec",
            namespace=namespace,
        ) from error


@dataclass(slots=True)
class _Talk:
    """One open exec."""

    connection: "Connection"
    socket: "WebSocket"
    path: str
    pod: str
    limit: int
    deadline: float
    timeout: float
    until: Callable[[], bool] | None
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    cut: bool = False
    code: int | None = None
    heard: float = field(default_factory=time.monotonic)
    pinged: float = field(default_factory=time.monotonic)

    def write(self, stdin: bytes) -> None:
        """All of it, and its end."""
        if not stdin:
            return
        if self.socket.subprotocol != PROTOCOLS[0]:
            raise Usage(f"{self.connection.server} cannot end the input of a program: it speaks no {PROTOCOLS[0]}")
        self.socket.settimeout(_DEAD)
        for start in range(0, len(stdin), _PIECE):
            self.socket.send_binary(bytes([_STDIN]) + stdin[start : start + _PIECE])
        self.socket.send_binary(bytes([_CLOSE, _STDIN]))

    def end(self) -> Done:
        """Read until the exit code is known and nothing comes behind it."""
        while self.code is None or time.monotonic() - self.heard < _AFTER_THE_END:
            message = self._next()
            if message is None:
                break
            self._take(message)
        if self.code is None:
            raise Unavailable(
                f"{self.connection.server}: the connection to {self.pod} was cut before the program's end",
                "what it has done is not known: ask again",
            )
        return Done(self.code, bytes(self.out[-self.limit :]), bytes(self.err[-self.limit :]), self.cut)

    def _next(self) -> bytes | None:
        """The next message, empty where there was none for a moment; None: the other end has closed."""
        from websocket import ABNF, WebSocketConnectionClosedException, WebSocketTimeoutException

        self.socket.settimeout(_TICK)
        try:
            opcode, data = self.socket.recv_data(control_frame=True)
        except WebSocketTimeoutException:
            self._look_up()
            return b""
        except (WebSocketConnectionClosedException, OSError):
            return None
        self.heard = time.monotonic()
        if opcode == ABNF.OPCODE_CLOSE:
            return None
        self._look_up()
        return bytes(data) if opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) else b""

    def _look_up(self) -> None:
        """Is there still time, does anybody still want it, is the other end still there?"""
        now = time.monotonic()
        if self.code is not None:
            return
        if self.connection.closed:
            raise Unavailable(f"{self.connection.server}: this connection is closed")
        if now >= self.deadline:
            raise RequestTimedOut(f"the program in {self.pod} did not end within {self.timeout:g} s")
        if self.until is not None and self.until():
            raise RequestTimedOut(f"the program in {self.pod} was not waited for any longer")
        if now - self.heard > _DEAD:
            raise Unavailable(f"{self.connection.server} is silent: the program in {self.pod} may still run")
        if now - self.pinged > _PING:  # what lies in between ends connections that are idle
            self.socket.ping()
            self.pinged = now

    def _take(self, message: bytes) -> None:
        channel, data = (message[0], message[1:]) if message else (-1, b"")
        if channel == _STDOUT:
            self._keep(self.out, data)
        elif channel == _STDERR:
            self._keep(self.err, data)
        elif channel == _ERROR and data:
            self.code = exit_code(data, self.connection.server, self.pod)

    def _keep(self, kept: bytearray, data: bytes) -> None:
        kept += data
        if len(kept) > self.limit:
            self.cut = True
            del kept[: len(kept) - self.limit]


def exit_code(said: bytes, server: str, pod: str) -> int:
    """What the Status on the error channel says. Raises CannotStart, Unavailable where the node cannot be reached."""
    status = _status(said)
    if status.get("status") == "Success":
        return 0
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, dict) and cause.get("reason") == "ExitCode" and str(cause.get("message")).isdigit():
            return int(cause["message"])
    message = " ".join(str(status.get("message") or said.decode(errors="replace")).split())[:400]
    if re.search(_UNREACHABLE, message):
        raise Unavailable(f"{server} does not reach the node of {pod}: {message}", "try again in a moment", status=500)
    raise CannotStart(f"nothing could be run in {pod}: {message}")


def _status(said: bytes) -> dict[str, Any]:
    try:
        read = json.loads(said)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
