"""A websocket to a path of the API server, with the credentials, TLS and proxy of a connection.

Opening one is a GET, so the server wants the right to `get`; since Kubernetes 1.35 the right to `create` as well.
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verbs
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from k8sai.cluster.api_errors import ApiError, Unavailable, answer_error
from k8sai.errors import K8saiError, Usage

if TYPE_CHECKING:
    from websocket import WebSocket

    from k8sai.cluster.connection import Connection
    from k8sai.cluster.proof import Proof

_NOBODY_SPEAKS = "protocol"  # as servers say that they speak none of the subprotocols that were offered


def websocket(
    connection: "Connection",
    path: str,
    query: Sequence[tuple[str, str]],
    protocols: Sequence[str],
    timeout: float,
) -> "WebSocket":
    """An open websocket; `subprotocol` says which of `protocols` the server chose. `timeout` in seconds is for each
    step of opening. A 401 gets one more try with new credentials.

    Raises Unavailable, Forbidden, NotFound, ClusterError.
    """
    target = f"{path}?{urlencode(query)}"
    proof = connection.credentials.proof()
    try:
        return _opened(connection, proof, target, protocols, timeout)
    except ApiError as error:
        other = connection.credentials.renew(proof) if error.status == 401 else None
        if other is not None:
            return _opened(connection, other, target, protocols, timeout)
        if error.status == 400 and _NOBODY_SPEAKS in error.message and len(protocols) > 1:
            return _opened(connection, proof, target, protocols[1:], timeout)
        raise


def _opened(
    connection: "Connection", proof: "Proof", target: str, protocols: Sequence[str], timeout: float
) -> "WebSocket":
    from websocket import WebSocket, WebSocketBadStatusException

    socket = connection.dial(proof, timeout)
    opened = WebSocket()
    path = target.partition("?")[0]
    try:
        socket.settimeout(timeout)
        opened.connect(  # type: ignore[no-untyped-call]
            connection.server.replace("http", "ws", 1) + target,
            socket=socket,
            timeout=timeout,
            header=_header(connection, proof),
            subprotocols=list(protocols),
            suppress_origin=True,
            redirect_limit=0,  # our credentials are for this server
        )
    except WebSocketBadStatusException as refusal:
        asked = connection.asked("GET", path)
        headers: Mapping[str, str] = {key.title(): value for key, value in (refusal.resp_headers or {}).items()}
        raise answer_error(refusal.status_code, headers, refusal.resp_body or b"", asked) from refusal
    except K8saiError:
        raise
    except Exception as error:
        raise broken(connection, error, path) from error
    finally:
        if not opened.connected:
            socket.close()
    return opened


def _header(connection: "Connection", proof: "Proof") -> list[str]:
    lines = [f"{name}: {value}" for name, value in connection.identity(proof)]
    if any("\n" in line or "\r" in line for line in lines):
        raise Usage("a name or token of the kubeconfig has a line feed in it", "write it on one line")
    return lines


def broken(connection: "Connection", error: Exception, path: str) -> K8saiError:
    """The error for what a websocket raised: the other end is gone, or does not speak as it should."""
    name = type(error).__name__
    if name == "WebSocketTimeoutException":
        return Unavailable(f"{connection.server} did not answer in time", "try again in a moment")
    if name == "WebSocketConnectionClosedException":
        return Unavailable(f"{connection.server}: the connection was lost", "try again in a moment")
    if name.startswith("WebSocket"):
        return ApiError(
            f"{connection.server} does not speak websocket as it should: {error}", "is there a proxy in between?"
        )
    return connection.explained(error, "GET", path)
