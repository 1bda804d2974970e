"""The same faults, and death, without a socket: around the embedded server that answers at once."""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from threading import RLock
from typing import Any, Final

from multidict import CIMultiDict

from k8sai.cluster.api_errors import Unavailable, answer_error
from k8sai.cluster.connection import Response
from k8sai.errors import K8saiError
from tests.canary.in_process import Connection
from tests.canary.world import World
from tests.faults.faults import Fault
from tests.faults.schedule import Schedule, Sent, sent

_RETRIES: Final = 4  # as the real connection's, of a GET
_PASSING: Final = (0, 429, 500, 502, 503, 504)


class Killed(BaseException):
    """kill -9: nothing is cleaned up by whom it hits."""


class Faulty(Connection):
    """One process' connection. It ends the process at its `dies`-th write, events aside: before it, or `taken` once it
    was done.

    `watch` sees every write that the server took, in the moment after. One request at a time, whatever thread asks.
    """

    request_timeout = 60.0

    def __init__(
        self,
        world: World,
        schedule: Schedule,
        dies: int = 0,
        *,
        taken: bool = False,
        watch: Callable[[Sent], None] = lambda _: None,
    ) -> None:
        super().__init__(world)
        self.schedule, self.watch = schedule, watch
        self.dead = False
        self._one = RLock()
        self._dies, self._taken, self._writes = dies, taken, 0

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retry: bool = True,
        **more: Any,
    ) -> Response:
        tries = _RETRIES if retry and method == "GET" else 0
        for left in range(tries, -1, -1):
            try:
                with self._one:
                    return self._once(method, path, query or {}, body, more)
            except K8saiError as error:
                if not left or not isinstance(error, Unavailable) or error.status not in _PASSING:
                    raise
        raise AssertionError

    def _once(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None, more: Mapping[str, Any]
    ) -> Response:
        if self.dead:
            raise Killed
        request = sent(method, path, body or b"")
        request.query = {key: [value] for key, value in query.items()}
        self._age(request)
        if self.dead and not self._taken:
            raise Killed
        fault = self.schedule.met(request)
        if fault is not None and not fault.done:
            return self._said(fault, method, path)
        answer = self._carried(request, method, path, query, body, more)
        if self.dead:
            raise Killed
        if fault is not None and not fault.passes:
            return self._said(fault, method, path)
        return answer

    def _age(self, request: Sent) -> None:
        if request.writes and "/events" not in request.path:
            self._writes += 1
            self.dead = self._writes == self._dies

    def _carried(
        self,
        request: Sent,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        more: Mapping[str, Any],
    ) -> Response:
        try:
            answer = super().request(method, path, query=query, body=body, **more)
        except K8saiError as error:
            request.status = int(getattr(error, "status", 0) or 422)
            raise
        request.status = answer.status
        if request.writes:
            self.watch(request)
        date = formatdate(self.world.clock.now(), usegmt=True)  # as every server's answer
        return Response(answer.status, CIMultiDict({**answer.headers, "Date": date}), answer.body)

    def _said(self, fault: Fault, method: str, path: str) -> Response:
        if fault.status == 0:
            raise Unavailable(f"{self.server}: the connection was lost")
        if fault.status < 300:
            return Response(fault.status, CIMultiDict(fault.headers), fault.body)
        raise answer_error(fault.status, fault.headers, fault.body, self.asked(method, path))
