"""kubectl's connection flags as one value, and kubectl's way to write a timeout."""

import re
from dataclasses import dataclass

from k8sai.errors import Usage

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = r"(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s)"


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said about the connection; empty means not said."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    user: str = ""
    as_user: str = ""
    as_group: tuple[str, ...] = ()
    as_uid: str = ""
    token: str = ""
    server: str = ""
    namespace: str = ""
    request_timeout: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    client_certificate: str = ""
    client_key: str = ""
    tls_server_name: str = ""


def checked_namespace(name: str) -> str:
    """The name, or Usage where no namespace can be called that: it would become part of a path."""
    if name and not (len(name) <= 63 and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)):
        raise Usage(f"no namespace can be called {name!r}", "`kubectl get namespaces` lists those that are there")
    return name


def timeout_seconds(text: str) -> float | None:
    """`--request-timeout` in seconds; None where there is no limit ("", "0").

    A whole number counts seconds; otherwise numbers with units as in "1m30s".
    """
    said = text.strip()
    if said.isdecimal():
        return float(said) or None
    parts = re.findall(_PART, said) if said else []
    if "".join(number + unit for number, unit in parts) != said:
        raise Usage(f"--request-timeout {text!r} is not a time", "write it as 30, 30s or 1m30s; 0 means no limit")
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or None
