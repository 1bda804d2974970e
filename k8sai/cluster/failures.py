"""What goes wrong before a server answers, each as one sentence and the next command."""

import errno
import socket
import ssl
from collections.abc import Iterator

from k8sai.cluster.api_errors import ApiError, Asked, RequestTimedOut, Unavailable
from k8sai.errors import ClusterError

_CERTIFICATE_SAYS = {
    10: "its certificate has expired",
    9: "its certificate is not valid yet (or this clock is wrong)",
    18: "its certificate is self-signed and not the one the kubeconfig trusts",
    19: "its certificate is signed by an authority the kubeconfig does not trust",
    20: "its certificate is signed by an authority the kubeconfig does not trust",
    21: "its certificate is signed by an authority the kubeconfig does not trust",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}
_CLIENT_CERTIFICATE = (
    "CERTIFICATE_EXPIRED",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_REQUIRED",
    "CERTIFICATE_REVOKED",
)


def connection_error(error: Exception, asked: Asked, *, limit: float | None = None, proxy: str = "") -> ClusterError:
    """The error for what urllib3 or the socket raised. `limit` is --request-timeout in seconds where it was given."""
    chain = tuple(_chain(error))
    server = asked.server
    # Some urllib3 errors are made up of their message only: their names say more than their causes.
    names = {type(each).__name__ for each in chain}
    verify = next((each for each in chain if isinstance(each, ssl.SSLCertVerificationError)), None)
    if verify is not None:
        return _untrusted(verify, server)
    if "ProxyError" in names or "ProxySchemeUnknown" in names or "SOCKSHTTPSConnection" in names:
        return _proxy(chain, server, proxy)
    if tls := next((each for each in chain if isinstance(each, ssl.SSLError)), None):
        return _tls(tls, asked)
    if names & {"ConnectTimeoutError", "ReadTimeoutError"} or any(isinstance(each, TimeoutError) for each in chain):
        return _timeout(server, limit, connecting="ConnectTimeoutError" in names)
    if any(isinstance(each, socket.gaierror) for each in chain) or "NameResolutionError" in names:
        return Unavailable(f"{server}: its name cannot be resolved", "check the server's address, the VPN and DNS")
    if any(isinstance(each, ConnectionRefusedError) for each in chain):
        through = f" through the proxy {proxy}" if proxy else ""
        return Unavailable(
            f"{server} refuses the connection{through}",
            f"is the API server running there? `kubectl cluster-info{asked.flags}`",
        )
    number = next((each.errno for each in chain if isinstance(each, OSError) and each.errno), 0)
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return Unavailable(f"{server}: there is no route to it", "check the network and the VPN")
    if names & {"LocationParseError", "LocationValueError", "InvalidURL"}:
        return ApiError(f"{server} is not the address of an API server", "write it as https://HOST:PORT")
    return Unavailable(f"{server}: the connection was lost ({_words(chain)})", "try again in a moment")


def is_lost(error: Exception) -> bool:
    """The connection broke after it stood, so the same request may do better on a new one."""
    names = {type(each).__name__ for each in _chain(error)}
    lost = (
        "ProtocolError",
        "IncompleteRead",
        "RemoteDisconnected",
        "ConnectionResetError",
        "BrokenPipeError",
        "SSLEOFError",
    )
    return bool(names.intersection(lost)) and "ProxyError" not in names


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what is behind it: causes, contexts, and errors carried as arguments."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *(arg for arg in each.args if isinstance(arg, BaseException))]
        waiting.append(getattr(each, "original_error", None))


def _untrusted(error: ssl.SSLCertVerificationError, server: str) -> ClusterError:
    why = _CERTIFICATE_SAYS.get(error.verify_code, error.verify_message)
    hint = "check certificate-authority in the kubeconfig"
    if error.verify_code in (62, 64):
        hint = f"{error.verify_message}; use its real name as server, or give --tls-server-name"
    elif error.verify_code in (9, 10):
        hint = "renew the server's certificate, or set this machine's clock"
    return ApiError(f"{server} cannot be trusted: {why}", hint)


def _tls(error: ssl.SSLError, asked: Asked) -> ClusterError:
    reason = (error.reason or str(error)).upper()
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason or "RECORD_LAYER_FAILURE" in reason:
        return ApiError(
            f"{asked.server} does not speak TLS on that port", "write the server as http://…, or correct the port"
        )
    if any(word in reason for word in _CLIENT_CERTIFICATE):
        word = (error.reason or "refused").replace("_", " ").lower()
        return ApiError(f"{asked.server} does not accept our client certificate ({word})", asked.login)
    if "EOF" in reason:
        return Unavailable(
            f"{asked.server} closed the connection during TLS", "is there an API server behind that port?"
        )
    return ApiError(
        f"{asked.server}: TLS failed ({(error.reason or str(error)).replace('_', ' ').lower()})",
        "check the server's address",
    )


def _proxy(chain: tuple[BaseException, ...], server: str, proxy: str) -> ClusterError:
    said = next((str(each) for each in chain if isinstance(each, OSError) and "Tunnel" in str(each)), "")
    if any(isinstance(each, ConnectionRefusedError) for each in chain):
        why = "refuses the connection"
    elif any(isinstance(each, socket.gaierror) for each in chain):
        why = "has a name that cannot be resolved"
    elif said:
        why = f"does not let us through ({said.rpartition('failed: ')[2] or said})"
    else:
        why = f"does not do it ({_words(chain)})"
    return Unavailable(
        f"the proxy {proxy} {why}, so {server} cannot be reached", "check proxy-url, HTTPS_PROXY and NO_PROXY"
    )


def _timeout(server: str, limit: float | None, *, connecting: bool) -> Unavailable:
    did = "did not take the connection" if connecting else "did not answer"
    if limit is not None:
        return RequestTimedOut(f"{server} {did} within {limit:g} s", "give it more with --request-timeout")
    return Unavailable(f"{server} {did} in time", "check the network and the VPN, or give more with --request-timeout")


def _words(chain: tuple[BaseException, ...]) -> str:
    """The plainest reason in the chain: what happened to the answer, else the system's own words, else a name."""
    names = {type(each).__name__ for each in chain}
    if "RemoteDisconnected" in names:
        return "closed without an answer"
    if "IncompleteRead" in names:
        return "closed in the middle of an answer"
    said = next((each.strerror for each in chain if isinstance(each, OSError) and each.strerror), "")
    return said.lower() or type(chain[-1]).__name__
