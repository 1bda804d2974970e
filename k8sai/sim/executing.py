"""exec into a pod's process over a websocket, as kubectl and the Python client speak it.

Source: apimachinery `pkg/util/remotecommand` (v4 and v5), kubelet `pkg/cri/streaming/remotecommand/websocket.go`.
A frame begins with its channel: 0 stdin, 1 stdout, 2 stderr, 3 the Status at the end, 4 resize; 255 (v5) closes one.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from k8sai.sim import status
from k8sai.sim.asking import Ask
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj, encode, uid_of
from k8sai.sim.pod_access import container_of
from k8sai.sim.processes import Processes
from k8sai.sim.store import Store

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_PODS = find("", "pods")
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_CHUNK = 32 << 10


async def execute(store: Store, ask: Ask, processes: Processes | None) -> web.StreamResponse:
    """Run a command beside the pod's process. ApiFailure 400, 404, 500; 501 where processes are not allowed."""
    pod = store.get(_PODS, ask.target.namespace, ask.target.name)
    container = container_of(pod, ask.query.get("container", ""))
    if processes is None:
        raise status.unserved(
            "exec is not served by an embedded cluster without processes: start it with `k8sai sim up --processes`"
        )
    if not processes.has(uid_of(pod)) or container != pod["spec"]["containers"][0]["name"]:
        raise status.ApiFailure(500, "InternalError", f"container not found ({container!r}): it runs no process")
    socket = web.WebSocketResponse(protocols=(V5, V4))
    if not socket.can_prepare(ask.request).ok:
        raise status.bad_request("Upgrade request required")
    argv = ask.request.query.getall("command", [])
    await socket.prepare(ask.request)
    await _Session(socket, ask, processes).run(pod, argv)
    return socket


class _Session:
    """One command and the streams that its client wants."""

    def __init__(self, socket: web.WebSocketResponse, ask: Ask, processes: Processes) -> None:
        self._socket, self._processes = socket, processes
        self._wants = {name for name in ("stdin", "stdout", "stderr", "tty") if ask.flag(name)}
        self._over: asyncio.Future[Obj] = asyncio.get_running_loop().create_future()
        self._stdin = -1

    async def run(self, pod: Obj, argv: list[str]) -> None:
        if not argv:
            await self._finish(_failure("you must specify at least 1 command for the container", "BadRequest", 400))
            return
        await self._greet()
        pumps = self._begin(pod, argv)
        hearing = asyncio.ensure_future(self._hear())
        try:
            await asyncio.wait((self._over, hearing), return_when=asyncio.FIRST_COMPLETED)
            if self._over.done():
                for pump in pumps:
                    await pump.drained()
                await self._finish(self._over.result())
        finally:
            hearing.cancel()
            self._close_stdin()
            for pump in pumps:
                pump.close()

    async def _greet(self) -> None:
        """An empty frame tells the client that the streams are there."""
        first = _STDOUT if "stdout" in self._wants else _STDERR if "stderr" in self._wants else _STATUS
        await self._socket.send_bytes(bytes([first]))

    def _begin(self, pod: Obj, argv: list[str]) -> "list[_Pump]":
        """Start the command; with a terminal stderr comes on stdout's channel, as it would from one."""
        child_in, self._stdin = os.pipe() if "stdin" in self._wants else (None, -1)
        if self._stdin >= 0:
            os.set_blocking(self._stdin, False)
        read, out = os.pipe()
        pumps = [_Pump(read, self._sender(_STDOUT, "stdout"))]
        err = os.dup(out)
        if "tty" not in self._wants:
            os.close(err)
            read, err = os.pipe()
            pumps.append(_Pump(read, self._sender(_STDERR, "stderr")))
        try:
            self._processes.execute(pod, argv, (child_in, out, err), self._ended, lambda why: self._lost(argv[0], why))
        finally:
            for number in (child_in, out, err):
                if number is not None:
                    os.close(number)
        return pumps

    def _sender(self, channel: int, name: str) -> Callable[[bytes], Any]:
        async def send(data: bytes) -> None:
            if name in self._wants:
                with contextlib.suppress(ConnectionError):
                    await self._socket.send_bytes(bytes([channel]) + data)

        return send

    def _ended(self, code: int) -> None:
        if not self._over.done():
            self._over.set_result(_exit(code))

    def _lost(self, word: str, why: str) -> None:
        found = f'exec: "{word}": executable file not found in $PATH' if "No such file" in why else f"{word}: {why}"
        text = (
            "error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: "
        )
        if not self._over.done():
            message = f"Internal error occurred: {text}unable to start container process: {found}"
            self._over.set_result(_failure(message, "InternalError", 500))

    async def _hear(self) -> None:
        """What the client sends, until it goes."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == _STDIN and self._stdin >= 0:
                await self._feed(data)
            elif channel == _CLOSE and data[:1] == bytes([_STDIN]):
                self._close_stdin()

    async def _feed(self, data: bytes) -> None:
        """To the command's stdin; it may not want any more."""
        loop = asyncio.get_running_loop()
        while data:
            try:
                data = data[os.write(self._stdin, data) :]
            except BlockingIOError:
                await _ready(loop.add_writer, loop.remove_writer, self._stdin)
            except OSError:
                return

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    async def _finish(self, document: Obj) -> None:
        with contextlib.suppress(ConnectionError):
            await self._socket.send_bytes(bytes([_STATUS]) + encode(document))
            await self._socket.close()


class _Pump:
    """From a pipe to the client, in order."""

    def __init__(self, number: int, send: Callable[[bytes], Any]) -> None:
        self._number, self._send = number, send
        os.set_blocking(number, False)
        self._task = asyncio.ensure_future(self._run())
        self._stopped = asyncio.Event()

    async def _run(self) -> None:
        while data := await self._next():
            await self._send(data)

    async def _next(self) -> bytes:
        """The next bytes; none at the end, or when there are none left of a command that is over."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.read(self._number, _CHUNK)
            except BlockingIOError:
                if self._stopped.is_set():
                    return b""
                await _ready(loop.add_reader, loop.remove_reader, self._number, self._stopped)

    async def drained(self) -> None:
        """When everything that was written so far has been sent: what lives on in the background may keep the pipe."""
        self._stopped.set()
        await self._task

    def close(self) -> None:
        self._task.cancel()
        os.close(self._number)


async def _ready(
    add: Callable[..., None], remove: Callable[[int], bool], number: int, sooner: asyncio.Event | None = None
) -> None:
    """When the file descriptor can be used, or something else has happened sooner."""
    there = asyncio.Event()
    add(number, there.set)
    waits = [asyncio.ensure_future(one.wait()) for one in (there, sooner) if one is not None]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        remove(number)
        for one in waits:
            one.cancel()


def _exit(code: int) -> Obj:
    """The Status of a command that has ended."""
    if not code:
        return {"metadata": {}, "status": "Success"}
    message = f"command terminated with non-zero exit code: exit status {code}"
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "NonZeroExitCode",
        "details": {"causes": causes},
    }


def _failure(message: str, reason: str, code: int) -> Obj:
    found: Obj = {"metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code}
    return found | ({"details": {"causes": [{"message": message.partition(": ")[2]}]}} if code == 500 else {})
