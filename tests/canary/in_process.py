"""The embedded API server without a socket: `World`'s store behind the same handlers, for operators on one clock."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar, cast
from unittest.mock import Mock
from urllib.parse import urlencode

from aiohttp import HttpVersion11, StreamReader, web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from k8sai.cluster.api_errors import Asked, answer_error
from k8sai.cluster.connection import Response
from k8sai.sim.deny import Denials
from k8sai.sim.server import Server
from tests.canary.world import World

T = TypeVar("T")

_NOTHING: Any = Mock(_reading_paused=False)  # of a socket and its loop, which nobody needs


class Connection:
    """As `cluster.connection.Connection`, as far as writers and readers ask."""

    server = "https://world"
    context = "world"
    namespace = "default"

    def __init__(self, world: World) -> None:
        self.world = world
        self._known: dict[str, Any] = {}
        self._server = Server(world.store, Denials())

    def asked(self, method: str, path: str) -> Asked:
        return Asked(self.server, method, path)

    def remember(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        **_: Any,
    ) -> Response:
        """Answered at once. Raises what a server's no is."""
        headers = {"Host": "world", "Accept": accept, "Content-Type": content_type}
        answer = _at_once(self._server.handle(_request(method, path, query or {}, headers, body or b"")))
        assert isinstance(answer, web.Response)
        data = answer.body if isinstance(answer.body, bytes) else (answer.text or "").encode()
        self.world.settle()
        if answer.status >= 300:
            raise answer_error(answer.status, answer.headers, data, self.asked(method, path))
        return Response(answer.status, answer.headers, data)


def _request(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> web.Request:
    whole = f"{path}?{urlencode(query)}" if query else path
    given = CIMultiDict({**headers, "Content-Length": str(len(body))})
    raw = tuple((key.encode(), value.encode()) for key, value in given.items())
    url = URL(whole, encoded=True)
    message = RawRequestMessage(
        method, whole, HttpVersion11, CIMultiDictProxy(given), raw, False, None, False, False, url
    )
    payload = StreamReader(_NOTHING, 2**22, loop=_NOTHING)
    payload.feed_data(body)
    payload.feed_eof()
    return web.Request(message, payload, _NOTHING, _NOTHING, _NOTHING, _NOTHING, client_max_size=2**22)


def _at_once(asked: Coroutine[Any, Any, T]) -> T:
    """What never waits needs no loop."""
    try:
        asked.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("it waits for something")
