"""URLs, addresses and networks in the rule language.

Source: apiserver `pkg/cel/library/{urls,ip,cidr}.go`.
"""

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from k8sai.schema import structural_formats
from k8sai.schema.cel_operators import no_overload
from k8sai.schema.cel_values import CelError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def checked_text(value: Any) -> str:
    """The value, which must be a text."""
    if not isinstance(value, str):
        raise no_overload()
    return value


def attempt(make: Callable[..., Any]) -> Callable[..., bool]:
    """`isX(text)`: whether `x(text)` would do."""

    def function(*values: Any) -> bool:
        try:
            make(*values)
        except CelError:
            return False
        return True

    return function


def _url(text: str) -> SplitResult:
    if not isinstance(text, str) or not structural_formats.is_uri(text):
        raise CelError(f"URL parse error during conversion from string: {text}")
    return urlsplit(text)


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _ip(text: str) -> Address:
    try:
        found = ipaddress.ip_address(checked_text(text))
    except ValueError:
        raise CelError(f'IP Address "{text}" parse error during conversion from string') from None
    if isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped or found.scope_id):
        raise CelError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return found


def _cidr(text: str) -> Network:
    try:
        if "/" not in checked_text(text):
            raise ValueError
        return ipaddress.ip_interface(text)
    except ValueError:
        raise CelError(f'network address parse error during conversion from string: "{text}"') from None


def _contains_ip(network: Network, address: Any) -> bool:
    return (_ip(address) if isinstance(address, str) else address) in network.network


def _contains_cidr(network: Network, other: Any) -> bool:
    inner = (_cidr(other) if isinstance(other, str) else other).network
    first, last = inner.network_address, inner.broadcast_address
    return first in network.network and last in network.network


def _global(address: Address) -> bool:
    special = (address.is_unspecified, address.is_loopback, address.is_multicast, address.is_link_local)
    return not any(special) and str(address) != "255.255.255.255"


METHODS: dict[str, Callable[..., Any]] = {
    "containsCIDR": _contains_cidr,
    "containsIP": _contains_ip,
    "family": lambda address: address.version,
    "getEscapedPath": lambda url: url.path,
    "getHost": _host,
    "getHostname": lambda url: url.hostname or "",
    "getPort": lambda url: "" if url.port is None else str(url.port),
    "getQuery": lambda url: parse_qs(url.query, keep_blank_values=True),
    "getScheme": lambda url: url.scheme,
    "ip": lambda network: network.ip,
    "isGlobalUnicast": _global,
    "isLinkLocalMulticast": lambda address: address.is_multicast and str(address).startswith(("224.0.0.", "ff02:")),
    "isLinkLocalUnicast": lambda address: address.is_link_local,
    "isLoopback": lambda address: address.is_loopback,
    "isUnspecified": lambda address: address.is_unspecified,
    "masked": lambda network: ipaddress.ip_interface(str(network.network)),
    "prefixLength": lambda network: network.network.prefixlen,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cidr": _cidr,
    "ip": _ip,
    "ip.isCanonical": lambda text: str(_ip(text)) == text,
    "isCIDR": attempt(_cidr),
    "isIP": attempt(_ip),
    "isURL": attempt(_url),
    "url": _url,
}
