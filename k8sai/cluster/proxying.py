"""HTTP to a port of a pod, through the API server (pods/proxy): any answer of the pod's is an answer.

A refusal of the API server itself, which is a Status object, is raised.
https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from k8sai.cluster.api_errors import answer_error

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection, Response


def proxied(
    connection: "Connection",
    method: str,
    namespace: str,
    pod: str,
    port: int | str,
    path: str,
    body: bytes | None,
    timeout: float,
) -> "Response":
    """What the pod answers, whatever its status; asked once. `port` may be `https:8443`; `timeout` is in seconds.

    Raises Forbidden (pods/proxy: `create` for POST, `get` for GET), NotFound of the pod, Unavailable where nobody
    listens on the port, ClusterError.
    """
    scheme, _, number = str(port).rpartition(":")
    name = ":".join(part for part in (scheme, pod, number) if part)
    place = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(name, safe=':')}/proxy"
    url = f"{place}/{quote(path.lstrip('/'), safe='/?&=%:@!$+,;~*()')}"
    answer = connection.request(
        method, url, body=body, accept="application/json, */*", timeout=timeout, retry=False, any_status=True
    )
    if answer.status >= 400 and _is_status(answer.body):
        raise answer_error(answer.status, answer.headers, answer.body, connection.asked(method, url))
    return answer


def _is_status(body: bytes) -> bool:
    try:
        read: Any = json.loads(body)
    except ValueError:
        return False
    return isinstance(read, dict) and (read.get("kind"), read.get("apiVersion")) == ("Status", "v1")
