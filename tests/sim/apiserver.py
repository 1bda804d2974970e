"""A served store and a client for it, for tests that talk HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from k8sai.sim.deny import Denials
from k8sai.sim.founding import founded
from k8sai.sim.server import serve
from k8sai.sim.store import Store

NOW = 1_800_000_000.0
Json = dict[str, Any]


class Reply(NamedTuple):
    """Status code, headers and body; JSON where it is."""

    code: int
    headers: Mapping[str, str]
    body: Any

    def refused(self, code: int, reason: str) -> Json:
        """The Status of exactly this refusal."""
        assert self.code == code, self.body
        assert (self.body["kind"], self.body.get("reason", "")) == ("Status", reason)
        return dict(self.body)


class Client:
    """Requests to one server."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request; header names are written with underscores."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent.update({key.replace("_", "-"): value for key, value in headers.items()})
        data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        async with self.session.request(method, self.url + path, data=data, headers=sent) as reply:
            raw = await reply.read()
            found = json.loads(raw) if reply.content_type == "application/json" and raw else raw.decode()
            return Reply(reply.status, reply.headers, found)

    async def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return await self.call("GET", path, **headers)

    @asynccontextmanager
    async def watch(self, path: str, **headers: str) -> AsyncIterator["Events"]:
        """An open watch."""
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.session.get(self.url + path, headers=sent) as reply:
            yield Events(reply)


class Events:
    """The events of a watch, one at a time."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply

    async def next(self) -> Json | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(10):
            line = await self._reply.content.readline()
        return json.loads(line) if line else None

    async def names(self, count: int) -> list[tuple[str, str]]:
        """Types and names of the next events."""
        found = []
        for _ in range(count):
            event = await self.next()
            assert event is not None
            found.append((event["type"], event["object"]["metadata"].get("name", "")))
        return found


def served(
    test: Callable[[Store, Client], Awaitable[None]],
    *,
    denials: Denials | None = None,
    bookmark_every: float = 60.0,
    window: int = 10_000,
) -> None:
    """Run an async test against a store of its own, over real HTTP."""

    async def run() -> None:
        store = founded(now=lambda: NOW, window=window)
        runner, url = await serve(store, "127.0.0.1", 0, denials, bookmark_every=bookmark_every)
        try:
            async with aiohttp.ClientSession(auto_decompress=True) as session:
                await test(store, Client(session, url))
        finally:
            await runner.cleanup()

    asyncio.run(run())
