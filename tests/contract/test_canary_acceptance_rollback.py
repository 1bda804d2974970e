"""A rollback with everything broken at once (9): Prometheus, the Lease's holder and the canary's pods."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.canary.facts import Phase, Ref
from k8sai.errors import Exit
from tests.canary.routes import GATEWAY, deployment, service, to
from tests.contract.canary_chat import TO, WEIGHT, weights
from tests.contract.canary_prometheus import Counting
from tests.contract.canary_stage import Stage, staged, until
from tests.contract.conftest import Server
from tests.contract.real_definitions import define_real
from tests.contract.test_canary_routes import POOL, ROUTES, Gateway, Yard, http_route
from tests.contract.test_canary_routes import yard as yard


@pytest.fixture
def chat(server: Server, yard: Yard, tmp_path: Path) -> Iterator[Stage]:
    """Three pods of chat-v1 have all requests; chat-v2 has one pod, and is referred to by nobody."""
    define_real(server.api, (GATEWAY, "HTTPRoute"), POOL)
    yard.make(service("chat-v1"), deployment("chat-v1", 3), service("chat-v2"), deployment("chat-v2"))
    yard.until_ready("chat-v1", "chat-v2")
    yard.make(http_route({"name": "main", "backendRefs": [to("chat-v1")]}))
    path = f"/apis/{GATEWAY}/namespaces/{yard.namespace}/httproutes/chat"
    ref = Ref(ROUTES, yard.namespace, "chat", word="httproute")
    with Gateway(yard.api, path), staged(yard.api, ref, path, tmp_path) as stage:
        yield stage


def crash_looping(chat: Stage, app: str) -> None:
    """As the kubelet tells it of each of its pods."""
    pods = f"/api/v1/namespaces/{chat.ref.namespace}/pods"
    for pod in chat.api.get(pods, {"labelSelector": f"app={app}"}).ok()["items"]:
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
        container = {"name": "main", "image": "x", "imageID": "", "ready": False, "restartCount": 9, "state": waiting}
        conditions = [
            {**one, "status": "False"} if one["type"] in ("Ready", "ContainersReady") else one
            for one in pod["status"]["conditions"]
        ]
        status = {"status": {"containerStatuses": [container], "conditions": conditions}}
        chat.api.patch(f"{pods}/{pod['metadata']['name']}/status", status).ok()


def endpoints(chat: Stage, name: str) -> int:
    """That are ready."""
    query = {"labelSelector": f"kubernetes.io/service-name={name}"}
    slices = chat.api.get(f"/apis/discovery.k8s.io/v1/namespaces/{chat.ref.namespace}/endpointslices", query).ok()
    ends = [end for one in slices["items"] for end in one.get("endpoints") or ()]
    return sum(bool(end["conditions"].get("ready")) for end in ends)


@pytest.mark.parametrize("ago", [0.0, 90.0])
def test_9_with_everything_broken(chat: Stage, ago: float) -> None:
    """The holder is gone since now, so that the Lease is stolen, or since longer than it lasts. Requests go first."""
    before = chat.target["spec"]
    with Counting(chat.api, chat.ref.namespace, {"app": "chat-v2"}) as requests:
        gated = ("--steps", "5,50", "--warmup", "0s", "--prometheus", requests.url)
        assert chat("start", *TO, *gated).code == Exit.OK
        assert chat("step", "--to", "50", "--force", "to see").code == Exit.OK
        assert weights(chat) == [50, 50]
        requests.ill = "503"
        crash_looping(chat, "chat-v2")
        until(lambda: not endpoints(chat, "chat-v2"))
        chat.holder_died(ago)
        chat.audit.sent.clear()
        if not ago:
            locked = chat("rollback")
            assert (locked.code, chat.audit.on_targets) == (Exit.LOCKED, [])
        ran = chat("rollback", *(() if ago else ("--steal",)))
        assert ran.code == Exit.OK, ran
    first, *others = chat.audit.on_targets
    assert (first.path, first.sets[WEIGHT]) == (chat.path, 0)
    assert any("/deployments/" in one.path for one in others), "what it was scaled to is given back, afterwards"
    assert (chat.target["spec"], chat.state.phase, chat.state.weight) == (before, Phase.ROLLED_BACK, 0)
    assert chat.state.history[-1].verb == "rollback"
    done = len(chat.audit.on_targets)
    assert (chat("rollback").code, len(chat.audit.on_targets)) == (Exit.OK, done)
