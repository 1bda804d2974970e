"""`httproute/chat` with two versions behind it, as acceptance tests roll it out on either server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.canary.facts import Ref
from tests.canary.routes import GATEWAY, to
from tests.contract.canary_stage import Stage, staged
from tests.contract.conftest import Server
from tests.contract.real_definitions import define_real
from tests.contract.test_canary_routes import POOL, ROUTES, Gateway, Yard, http_route
from tests.contract.test_canary_routes import yard as yard

TO = ("--to", "svc/chat-v2")
WEIGHT = "/spec/rules/0/backendRefs/1/weight"


@pytest.fixture
def chat(server: Server, yard: Yard, tmp_path: Path) -> Iterator[Stage]:
    """All requests go to chat-v1; chat-v2 serves as well. The gateway takes over what is written."""
    define_real(server.api, (GATEWAY, "HTTPRoute"), POOL)
    yard.versions("chat-v1", "chat-v2")
    yard.make(http_route({"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}))
    path = f"/apis/{GATEWAY}/namespaces/{yard.namespace}/httproutes/chat"
    ref = Ref(ROUTES, yard.namespace, "chat", word="httproute")
    with Gateway(yard.api, path), staged(yard.api, ref, path, tmp_path) as stage:
        yield stage


def weights(chat: Stage) -> list[int]:
    """As they are in the route, the old version first."""
    return [one["weight"] for one in chat.target["spec"]["rules"][0]["backendRefs"]]
