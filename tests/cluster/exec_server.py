"""pods/exec on loopback: negotiation and channels as an API server has them; what a program does is a script."""

import asyncio
import contextlib
import gc
import json
import socket
import ssl
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from aiohttp import WSMsgType, web

from tests.cluster.loopback import Reply

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
SUCCESS = {"metadata": {}, "status": "Success"}


def exit_status(code: int) -> dict[str, Any]:
    """As a kubelet says it."""
    causes = [{"reason": "ExitCode", "message": str(code)}]
    message = f"command terminated with non-zero exit code: exit status {code}"
    return {"status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": causes}}


def failure(message: str) -> dict[str, Any]:
    """As a server says that a program was not run."""
    return {"status": "Failure", "reason": "InternalError", "message": message, "code": 500}


@dataclass
class Program:
    """One exec on its way; what the client asked for, and what may be said to it."""

    request: web.Request
    socket: web.WebSocketResponse
    argv: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What an `env` in front of the words sets."""
        return dict(word.split("=", 1) for word in self.argv[1:] if self.argv[0] == "env" and "=" in word)

    async def say(self, channel: int, data: bytes) -> None:
        await self.socket.send_bytes(bytes([channel]) + data)

    async def out(self, text: str) -> None:
        await self.say(1, text.encode())

    async def err(self, text: str) -> None:
        await self.say(2, text.encode())

    async def end(self, status: dict[str, Any]) -> None:
        await self.say(3, json.dumps(status).encode())

    async def stdin(self) -> bytes:
        """All of it, up to the client's end."""
        read = b""
        async for message in self.socket:
            if message.data[:1] == b"\xff":
                break
            read += message.data[1:]
        return read

    def cut(self) -> None:
        """As when what lies in between dies."""
        assert self.request.transport is not None
        self.request.transport.abort()

    async def until_gone(self) -> None:
        """Until the client has let go."""
        async for message in self.socket:
            assert message.type is not WSMsgType.ERROR


Play = Callable[[Program], Awaitable[None]]


class ExecServer:
    """`play` is what each program does; a Reply instead refuses. `asked` are the programs, in their order."""

    def __init__(self, play: Play | Reply, protocols: tuple[str, ...] = (V5, V4)) -> None:
        self.play, self.protocols = play, protocols
        self.asked: list[web.Request] = []
        self.transports: list[tuple[asyncio.Transport, Any]] = []
        self.programs: list[Program] = []
        self.gone = Event()  # a client has let go of a program
        self.url = ""
        self.loop = asyncio.new_event_loop()

    def abort(self) -> None:
        """Every connection, from the server's own thread."""
        for transport, below in self.transports:
            transport.abort()  # of one that is said farewell to by TLS this does nothing
            with contextlib.suppress(OSError):
                below.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Every connection, as a server that is ended does."""
        self.loop.call_soon_threadsafe(self.abort)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if isinstance(self.play, Reply):
            return web.Response(status=self.play.status, body=self.play.body, headers=self.play.headers)
        if not set(offered) & set(self.protocols):
            return web.Response(status=400, text=f"requested protocol(s) are not supported: {offered}")
        answer = web.WebSocketResponse(protocols=self.protocols)
        await answer.prepare(request)
        program = Program(request, answer, request.query.getall("command"))
        self.programs.append(program)
        try:
            await self.play(program)
        finally:
            self.gone.set()
        return answer


@contextmanager
def executing(server: ExecServer, tls: ssl.SSLContext | None = None) -> Iterator[ExecServer]:
    """It answers at `server.url`."""
    loop = server.loop
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    @web.middleware
    async def remembering(request: web.Request, handler: Any) -> web.StreamResponse:
        assert request.transport is not None
        server.transports.append((request.transport, request.transport.get_extra_info("socket")))
        answer: web.StreamResponse = await handler(request)
        return answer

    async def start() -> web.AppRunner:
        app = web.Application(middlewares=[remembering])
        app.router.add_route("*", "/api/v1/namespaces/{namespace}/pods/{pod}/exec", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        return runner

    async def end() -> None:
        await runner.cleanup()
        server.abort()
        for _ in range(10):  # they go in the loop's next turns
            await asyncio.sleep(0)

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        server.transports.clear()
        with warnings.catch_warnings():  # asyncio lets go of a TLS connection only when its client says farewell by TLS
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
