"""A connection to one API server, for any number of threads: requests with retries, streams, fresh credentials."""

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock, RLock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from k8sai import __version__
from k8sai.cluster.access import Access
from k8sai.cluster.api_errors import Asked, Unavailable, answer_error
from k8sai.cluster.failures import connection_error, is_lost
from k8sai.cluster.proof import Credentials, Proof
from k8sai.cluster.proxies import proxy_for, without_password
from k8sai.errors import ClusterError, K8saiError

if TYPE_CHECKING:
    from socket import socket

    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse

    from k8sai.cluster.stream import Stream

_CONNECT = 10.0  # seconds to get a connection
_SILENCE = 75.0  # seconds without a byte of an answer; the server's own limit for a list is 60
_RETRIES = 4  # times that what changes nothing is tried again
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0  # seconds; doubled at each try
_PATIENCE = 60.0  # seconds that waiting for Retry-After may take in all where no --request-timeout is given
_REVIEWS = ("/apis/authentication.k8s.io/", "/apis/authorization.k8s.io/")  # POSTs that only ask
_PASSING = frozenset({429, 500, 502, 503, 504})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of 2xx. Header names ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Pools:
    """The connections of one client certificate; a new certificate means new connections."""

    certificate: bytes
    key: bytes
    manager: "PoolManager"
    reached: bool = field(default=False)  # it has answered before: a refusal now is a restart, worth a retry


class Connection:
    """One API server as one user. `context`, `namespace` and `server` say which; all methods are thread-safe."""

    def __init__(
        self,
        access: Access,
        credentials: Credentials,
        *,
        request_timeout: float | None = None,
        environ: Mapping[str, str] = os.environ,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.context = access.context
        self.namespace = access.namespace
        self.server = access.endpoint.server
        self.request_timeout = request_timeout
        self._access = access
        self._credentials = credentials
        self._chance = chance
        self._proxy = proxy_for(self.server, access.endpoint.proxy_url, environ)
        self._shown_proxy = without_password(self._proxy)
        self._root = urlsplit(self.server).path.rstrip("/")
        self._lock = Lock()
        self._closed = Event()
        self._pools: _Pools | None = None
        self._streams: set[Stream] = set()
        self._remembered: dict[str, Any] = {}
        self._remembering = RLock()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float | None = None,
        gzip: bool = False,
        retry: bool = True,
        any_status: bool = False,
    ) -> Response:
        """The answer, read whole. `timeout` in seconds is for all tries together (default: --request-timeout).

        What changes nothing, a GET or a review of who we are or what we may do, is tried again after a lost connection,
        429 and 5xx, waiting as Retry-After says, unless `retry` is False.
        Raises what api_errors and failures know; with `any_status` a refusal is an answer too.
        """
        headers = {"Accept": accept}
        if gzip:
            headers["Accept-Encoding"] = "gzip"
        if body is not None:
            headers["Content-Type"] = content_type
        limit = timeout if timeout is not None else self.request_timeout
        deadline = time.monotonic() + limit if limit is not None else None
        call = _Call(self, method, path, query, body, headers, limit, deadline)
        harmless = method in ("GET", "HEAD") or path.startswith(_REVIEWS)
        return call.until_answered(_RETRIES if retry and harmless else 0, any_status)

    def stream(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        accept: str = "application/json",
        idle_timeout: float = 300.0,
        piece: int = 0,
    ) -> "Stream":
        """A GET whose answer goes on: a context manager that iterates over chunks as they come, or of `piece` bytes.

        Its `close` may be called from any thread. After `idle_timeout` seconds without a byte it raises Unavailable.
        A refusal or a lost connection is not retried: who follows a stream knows where to go on.
        """
        from k8sai.cluster.stream import Stream

        call = _Call(self, "GET", path, query, None, {"Accept": accept}, self.request_timeout, None)
        response = call.open(idle_timeout)

        def explain(error: Exception) -> ClusterError:
            if type(error).__name__ == "ReadTimeoutError":
                return Unavailable(f"{self.server} sent nothing for {idle_timeout:g} s", "the connection is made again")
            return self.explained(error, "GET", path)

        stream = Stream(response, explain, self._forget, piece)
        with self._lock:
            self._streams.add(stream)
        if self._closed.is_set():
            stream.close()
        return stream

    @property
    def credentials(self) -> Credentials:
        """Who we show ourselves to be."""
        return self._credentials

    @property
    def closed(self) -> bool:
        """`close` was called."""
        return self._closed.is_set()

    def identity(self, proof: Proof) -> list[tuple[str, str]]:
        """The headers of every request: what we are, what we show, as whom."""
        shown = [("Authorization", proof.authorization)] if proof.authorization else []
        return [("User-Agent", f"k8sai/{__version__}"), *shown, *self._impersonation()]

    def dial(self, proof: Proof, timeout: float) -> "socket":
        """A socket to the server for what is no HTTP any more, with TLS and proxy as for requests; its owner closes it.

        Raises ClusterError. `timeout` in seconds is for each step of connecting.
        """
        from k8sai.cluster.transport import dial

        if self.closed:
            raise Unavailable(f"{self.server}: this connection is closed")
        try:
            return dial(self._pools_for(proof).manager, self.server, min(_CONNECT, timeout))
        except K8saiError:
            raise
        except Exception as error:
            raise self.explained(error, "GET", "") from error

    def explained(self, error: Exception, method: str, path: str) -> ClusterError:
        """The error for what a socket raised in the middle of a request."""
        return connection_error(error, self.asked(method, path), proxy=self._shown_proxy)

    def remember(self, key: str, make: Callable[[], T]) -> T:
        """`make`'s result, made once for this connection, whichever thread asks first."""
        with self._remembering:
            if key not in self._remembered:
                self._remembered[key] = make()
            found: T = self._remembered[key]
            return found

    def forget(self, beginning: str) -> None:
        """What was remembered under keys that begin so is asked for again: somebody has changed what it was about."""
        with self._remembering:
            for key in [key for key in self._remembered if key.startswith(beginning)]:
                del self._remembered[key]

    def close(self) -> None:
        """End all streams and waits, and let go of the connections. Requests made after that raise Unavailable."""
        self._closed.set()
        with self._lock:
            streams, pools = tuple(self._streams), self._pools
            self._pools = None
        for stream in streams:
            stream.close()
        if pools is not None:
            pools.manager.clear()

    def _forget(self, stream: "Stream") -> None:
        with self._lock:
            self._streams.discard(stream)

    def _pools_for(self, proof: Proof) -> _Pools:
        with self._lock:
            known = self._pools
            if known is not None and (known.certificate, known.key) == (proof.certificate, proof.key):
                return known
            from k8sai.cluster.tls import tls_context
            from k8sai.cluster.transport import open_pool

            endpoint = self._access.endpoint
            context = tls_context(endpoint, proof.certificate, proof.key) if endpoint.secure else None
            manager = open_pool(self.server, context, endpoint.tls_server_name, self._proxy)
            self._pools = _Pools(proof.certificate, proof.key, manager)
            return self._pools

    def asked(self, method: str, path: str) -> Asked:
        """The words to talk about a request of this connection: for errors that come inside an answer."""
        access = self._access
        return Asked(self.server, method, path, self.context, access.flags, access.own_flags, self._credentials.login())

    def _impersonation(self) -> list[tuple[str, str]]:
        who = self._access.identity
        pairs = [("Impersonate-User", who.as_user)] if who.as_user else []
        pairs += [("Impersonate-Uid", who.as_uid)] if who.as_uid else []
        pairs += [("Impersonate-Group", group) for group in who.as_groups]
        return pairs + [
            (f"Impersonate-Extra-{quote(key.lower(), safe='')}", value)
            for key, values in who.as_extra
            for value in values
        ]


class _Call:
    """One request on its way: its tries, its waits, its deadline."""

    def __init__(
        self,
        connection: Connection,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: float | None,
        deadline: float | None,
    ) -> None:
        self._connection = connection
        self._method = method
        self._path = path
        self._url = connection.server + path + (f"?{urlencode(query)}" if query else "")
        self._body = body
        self._headers = headers
        self._limit = limit
        self._deadline = deadline
        self._waited = 0.0
        self._proof = Proof()  # what was shown last

    def until_answered(self, retries: int, any_status: bool = False) -> Response:
        """The first 2xx, or the first answer with `any_status`; the error of the last try otherwise."""
        for attempt in range(retries + 1):
            last = attempt == retries
            try:
                response = self._sent(stream=False, silence=_SILENCE)
                body = response.data
            except K8saiError:
                raise
            except Exception as error:
                failure = self._explained(error)
                if last or not self._worth_again(error):
                    raise failure from error
                self._wait(attempt, None, failure)
                continue
            if any_status or 200 <= response.status < 300:
                return Response(response.status, response.headers, body)
            refusal = self._refusal(response, body)
            if last or response.status not in _PASSING:
                raise refusal
            self._wait(attempt, getattr(refusal, "retry_after", None), refusal)
        raise AssertionError("the last try returns or raises")

    def open(self, idle_timeout: float) -> "BaseHTTPResponse":
        """An answer of 2xx whose body is still to come."""
        try:
            response = self._sent(stream=True, silence=idle_timeout)
            if 200 <= response.status < 300:
                return response
            body = response.read(1 << 20)
            response.close()
        except K8saiError:
            raise
        except Exception as error:
            raise self._explained(error) from error
        raise self._refusal(response, body)

    def _sent(self, *, stream: bool, silence: float) -> "BaseHTTPResponse":
        """One try; a 401 gets one more with new credentials, where there are any."""
        credentials = self._connection._credentials
        proof = credentials.proof()
        response = self._once(proof, stream, silence)
        if response.status == 401 and (other := credentials.renew(proof)) is not None:
            response.drain_conn()
            response.release_conn()
            response = self._once(other, stream, silence)
        return response

    def _once(self, proof: Proof, stream: bool, silence: float) -> "BaseHTTPResponse":
        from urllib3 import HTTPHeaderDict

        from k8sai.cluster.transport import timeouts

        connection, self._proof = self._connection, proof
        if connection._closed.is_set():
            raise Unavailable(f"{connection.server}: this connection is closed")
        headers = HTTPHeaderDict(self._headers)
        for name, value in connection.identity(proof):
            headers.add(name, value)
        pools = connection._pools_for(proof)
        left = self._left()
        response = pools.manager.urlopen(
            self._method,
            self._url,
            redirect=False,
            headers=headers,
            body=self._body,
            retries=False,
            preload_content=not stream,
            timeout=timeouts(
                _CONNECT if left is None else min(_CONNECT, left), silence if left is None else left, left
            ),
        )
        pools.reached = True
        return response

    def _left(self) -> float | None:
        """Seconds until the deadline, at least a little so that the sockets raise the timeout themselves."""
        return None if self._deadline is None else max(0.001, self._deadline - time.monotonic())

    def _worth_again(self, error: Exception) -> bool:
        pools = self._connection._pools
        if self._connection._closed.is_set() or pools is None:
            return False
        if is_lost(error):
            return True
        failure = self._explained(error)
        return pools.reached and type(failure) is Unavailable

    def _wait(self, attempt: int, wish: float | None, failure: K8saiError) -> None:
        """Until the next try; raises `failure` where that would be too late."""
        wait = wish if wish is not None else min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)
        wait *= 1 + 0.25 * self._connection._chance()  # many clients met the same outage
        self._waited += wait
        left = self._left()
        if self._waited > _PATIENCE if left is None else wait >= left:
            raise failure
        if self._connection._closed.wait(wait):
            raise failure

    def _refusal(self, response: "BaseHTTPResponse", body: bytes) -> K8saiError:
        asked = self._connection.asked(self._method, self._path)
        if response.status == 401:
            from k8sai.cluster.expiry import ended

            asked = replace(asked, ended=ended(self._proof.authorization, self._proof.certificate))
        return answer_error(response.status, response.headers, body, asked)

    def _explained(self, error: Exception) -> ClusterError:
        asked = self._connection.asked(self._method, self._path)
        return connection_error(error, asked, limit=self._limit, proxy=self._connection._shown_proxy)
