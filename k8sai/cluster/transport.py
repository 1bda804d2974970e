"""HTTP to one server over urllib3: pool, keepalive, TLS and proxy. Nothing here knows Kubernetes."""

import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from k8sai.errors import Usage

if TYPE_CHECKING:
    from urllib3 import PoolManager, Timeout

_KEPT = 32  # connections: a watch holds one for each kind, and lists come beside them
_PROBE_AFTER, _PROBE_EVERY, _PROBES = 30, 15, 4  # seconds, seconds, count: a dead peer is noticed within 90 s


def open_pool(server: str, context: ssl.SSLContext | None, tls_server_name: str = "", proxy: str = "") -> "PoolManager":
    """Connections to `server`, made as they are needed. Usage where the proxy needs a library that is not installed."""
    import urllib3

    kept: dict[str, object] = {"maxsize": _KEPT, "num_pools": 4, "socket_options": _socket_options(), "retries": False}
    if context is not None:
        kept["ssl_context"] = context
        if context.verify_mode == ssl.CERT_NONE:
            kept["cert_reqs"] = "CERT_NONE"  # else urllib3 turns verification on again
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user asked for it
        if tls_server_name:
            kept["server_hostname"] = tls_server_name
    if not proxy:
        return urllib3.PoolManager(**kept)  # type: ignore[arg-type]
    if proxy.startswith("socks"):
        return _socks(proxy, kept)
    parts = urlsplit(proxy)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    shown = urllib3.make_headers(proxy_basic_auth=login) if login else None
    return urllib3.ProxyManager(_bare(proxy), proxy_headers=shown, **kept)  # type: ignore[arg-type]


def dial(manager: "PoolManager", server: str, timeout: float) -> socket.socket:
    """A connected socket of its own, with TLS and through the proxy as the manager's requests; `timeout` in seconds.

    urllib3 has no public way to one: its pools make connections as this does. Raises what urllib3 and sockets raise.
    """
    parts = urlsplit(server)
    pool = manager.connection_from_url(server)
    connection: Any = pool._new_conn()
    connection.timeout = timeout
    if pool.proxy is None:
        connection.connect()
    elif parts.scheme == "https":
        pool._prepare_proxy(connection)
    else:  # what is no HTTP any more cannot be handed on request by request
        connection.set_tunnel(parts.hostname or "", parts.port or 80, headers=pool.proxy_headers)
        connection.connect()
    taken: socket.socket = connection.sock
    connection.sock = None  # it is ours: the connection's own end does not close it
    return taken


def timeouts(connect: float, read: float, total: float | None = None) -> "Timeout":
    """Seconds to connect, between two pieces of an answer, and for both together."""
    import urllib3

    return urllib3.Timeout(connect=connect, read=read, total=total)


def _socks(proxy: str, kept: dict[str, object]) -> "PoolManager":
    from importlib.util import find_spec

    if find_spec("socks") is None:
        raise Usage(
            f"the proxy {_bare(proxy)} speaks SOCKS, for which a library is missing",
            "`pip install PySocks` beside k8sai",
        )
    from urllib3.contrib.socks import SOCKSProxyManager

    # As Go's client: names are resolved by the proxy.
    return SOCKSProxyManager(proxy.replace("socks5://", "socks5h://", 1), **kept)  # type: ignore[arg-type]


def _bare(proxy: str) -> str:
    """Without its user and password, fit to be shown."""
    parts = urlsplit(proxy)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _socket_options() -> list[tuple[int, int, int]]:
    """No delay for small requests, and probes that notice a peer which went away without a word."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", _PROBE_AFTER), ("TCP_KEEPINTVL", _PROBE_EVERY), ("TCP_KEEPCNT", _PROBES)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
