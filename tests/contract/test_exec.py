"""exec: what a server refuses before any kubelet is asked (what runs in pods is in tests/sim/test_processes.py)."""

from collections.abc import Callable

import pytest

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.contract.objects import IMAGE, pod

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
}
LIST = {"command": "ls", "stdout": "true"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("headers", [{}, UPGRADE], ids=["plain", "websocket"])
def test_refusals(api: Api, core: str, nodes: Callable[..., Nodes], method: str, headers: dict[str, str]) -> None:
    def refused(name: str, code: int, reason: str, **query: str) -> Json:
        answer = api.call(method, f"{core}/pods/{name}/exec", query=LIST | query, headers=headers)
        return answer.refused(code, reason)

    assert refused("none", 404, "NotFound")["message"] == 'pods "none" not found'
    api.post(f"{core}/pods", pod("unbound", nodeSelector={"no.such/label": "x"})).ok()
    assert refused("unbound", 400, "BadRequest")["message"] == "pod unbound does not have a host assigned"
    two = [{"name": name, "image": IMAGE} for name in ("main", "side")]
    api.post(f"{core}/pods", pod("bound", nodeSelector=nodes().selector, containers=two)).ok()
    api.until_object(f"{core}/pods/bound", lambda one: one["status"]["phase"] == "Running")
    which = "a container name must be specified for pod bound, choose one of: [main side]"
    assert refused("bound", 400, "BadRequest")["message"] == which
    wrong = refused("bound", 400, "BadRequest", container="other")
    assert wrong["message"] == "container other is not valid for pod bound"
    assert api.put(f"{core}/pods/bound/exec", None).status == 405
