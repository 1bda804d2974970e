"""A WATCH as every list here opens it, and the error that an ERROR event of it stands for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from k8sai.cluster.answers import Failure
from k8sai.cluster.api_errors import status_error
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.stream import Stream


def watch(
    connection: "Connection",
    path: str,
    resource_version: str,
    *,
    accept: str,
    idle: float,
    lasting: int,
    selection: Mapping[str, str] | None = None,
) -> "Stream":
    """Changes since that version; ended by the server after `lasting` seconds, by us after `idle` silent ones."""
    query = {
        **(selection or {}),
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": str(lasting),
    }
    return connection.stream(path, query=query, accept=accept, idle_timeout=idle)


def error_of(connection: "Connection", path: str, failure: Failure) -> K8saiError:
    """The error as if the ERROR event had been the answer to the request."""
    said = {"code": failure.code, "reason": failure.reason, "message": failure.message}
    wait = float(failure.retry_after) if failure.retry_after else None
    return status_error(said, connection.asked("GET", path), retry_after=wait)
