"""The embedded API server without a socket: `World`'s store behind the same handlers, for operators on one clock."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar, cast
from unittest.mock import Mock
from urllib.parse import urlencode

from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request

from k8sai.cluster.api_errors import Asked, answer_error
from k8sai.cluster.connection import Response
from k8sai.sim.deny import Denials
from k8sai.sim.server import Server
from tests.canary.world import World

T = TypeVar("T")


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
        headers = {"Accept": accept, "Content-Type": content_type, "Content-Length": str(len(body or b""))}
        whole = f"{path}?{urlencode(query)}" if query else path
        payload = StreamReader(Mock(_reading_paused=False), 2**22, loop=Mock())
        payload.feed_data(body or b"")
        payload.feed_eof()
        answer = _at_once(self._server.handle(make_mocked_request(method, whole, headers, payload=payload)))
        assert isinstance(answer, web.Response)
        data = answer.body if isinstance(answer.body, bytes) else (answer.text or "").encode()
        self.world.settle()
        if answer.status >= 300:
            raise answer_error(answer.status, answer.headers, data, self.asked(method, path))
        return Response(answer.status, answer.headers, data)


def _at_once(asked: Coroutine[Any, Any, T]) -> T:
    """What never waits needs no loop."""
    try:
        asked.send(None)
    except StopIteration as done:
        return cast(T, done.value)
    raise AssertionError("it waits for something")
