"""Connections of tests: to a loopback server, and what goes wrong with one."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.access import Access, Endpoint, Identity
from k8sai.cluster.connection import Connection
from k8sai.cluster.credentials import credentials_for
from k8sai.errors import ClusterError, K8saiError
from tests.cluster.loopback import Loopback, Reply, Request, document, serving

OK = document({"ok": True})


def to(
    server: str,
    *,
    ca: Path | None = None,
    timeout: Any = None,
    environ: Any = None,
    **more: Any,
) -> Connection:
    """A connection to `server`; `more` is for the endpoint, or for the identity where the name is one of its fields."""
    who = {key: more.pop(key) for key in tuple(more) if key in Identity.__dataclass_fields__}
    endpoint = Endpoint(server, ca_file=str(ca) if ca else "", **more)
    access = Access("x", "default", endpoint, Identity(**who), flags=" --context x")
    return Connection(
        access, credentials_for(access), request_timeout=timeout, environ=environ or {}, chance=lambda: -4.0
    )  # a chance of -4 makes every wait of ours nothing: 1 + 0.25 * -4


@contextmanager
def talking(answer: Callable[[Request], Reply], **more: Any) -> Iterator[tuple[Connection, Loopback]]:
    with serving(answer) as loopback, closing(to(loopback.url, **more)) as connection:
        yield connection, loopback


def failure(connection: Connection, kind: type[K8saiError] = ClusterError, method: str = "GET") -> Any:
    """The error of one request: one sentence, one line."""
    with closing(connection), pytest.raises(kind) as caught:
        connection.request(method, "/version")
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
