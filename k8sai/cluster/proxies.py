"""Which proxy a server is reached through: the kubeconfig's proxy-url, else the environment, by Go's rules.

https://pkg.go.dev/golang.org/x/net/http/httpproxy: loopback is never proxied; NO_PROXY lists hosts, domains, addresses
and networks, each optionally with a port.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from k8sai.errors import Usage

_SCHEMES = ("http", "https", "socks5", "socks5h")


def proxy_for(server: str, proxy_url: str, environ: Mapping[str, str]) -> str:
    """The proxy's URL, or "" for none."""
    if proxy_url:
        return _checked(proxy_url, "proxy-url")
    scheme = urlsplit(server).scheme
    name, said = _first(environ, f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
    if not said or _excluded(server, _first(environ, "NO_PROXY", "no_proxy")[1]):
        return ""
    return _checked(said if "://" in said else f"http://{said}", name)


def _first(environ: Mapping[str, str], *names: str) -> tuple[str, str]:
    return next(((name, environ[name]) for name in names if environ.get(name)), ("", ""))


def _checked(url: str, said: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise Usage(
            f"{said} {without_password(url)!r} is not a proxy", f"write it as {', '.join(_SCHEMES[:3])}://HOST:PORT"
        )
    return url


def without_password(url: str) -> str:
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2]


def _excluded(server: str, listed: str) -> bool:
    parts = urlsplit(server)
    host = (parts.hostname or "").rstrip(".")
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, port, address) for entry in listed.split(",") if entry.strip())


def _matches(entry: str, host: str, port: str, address: IPv4Address | IPv6Address | None) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, its_port = _split_port(entry)
    if its_port and its_port != port:
        return False
    if address is not None:
        return _address(name) == address
    if name.startswith("*."):
        name = name[1:]
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _split_port(entry: str) -> tuple[str, str]:
    if _address(entry) is not None:  # a bare IPv6 address has colons of its own
        return entry, ""
    name, colon, port = entry.rpartition(":")
    return (name.strip("[]"), port) if colon and port.isdigit() else (entry.strip("[]"), "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
