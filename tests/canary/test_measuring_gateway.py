"""Two models of one pool, and requests that no pod has answered."""

import pytest

from k8sai.canary.facts import Side
from k8sai.canary.gate_gathered import Window
from k8sai.canary.measuring.sampler import Sampler
from k8sai.canary.state import Settings
from k8sai.cluster.exposition import Sample as Row
from k8sai.cluster.prometheus import Vector
from tests.canary.samples import BAD, GOOD, sample
from tests.sim.chatting import Chat


@pytest.fixture
def chat() -> Chat:
    made = Chat(BAD, GOOD)
    made.lab.run(200)
    return made


def test_models_are_told_by_their_series_as_the_router_has_them() -> None:
    rows = {
        ("llm_d_epp_request_total", "chat-v1"): 900,
        ("llm_d_epp_request_total", "chat-v2"): 100,
        ("llm_d_epp_request_error_total", "chat-v2"): 7,
    }

    def ask(query: str, at: float) -> Vector:
        found = []
        for (name, model), value in rows.items():
            chosen = f'target_model_name="{model}"' in query or "model_name" not in query
            if chosen and name in query and (at > 0 or "error" not in name):
                labels = {"pod": "chat-epp"}
                found.append(Row(name, labels, value if at > 0 else 0.0))
        return Vector(found)

    stable, canary = (
        Side("chat-v1", series={"model_name": "chat-v1"}),
        Side("chat-v2", series={"model_name": "chat-v2"}),
    )
    found = Sampler(ask, Settings(), "prod").window(stable, canary, (), (), 0, 60)
    assert found.windows == {"errors<1%": Window(7, 100, 0, 900)}
    assert found.notes == ("errors<1%: errors of the router",)


def test_a_gateway_counts_what_no_pod_has_answered(chat: Chat) -> None:
    """The canary's 503s of which its pods know nothing."""
    totals = {("chat-v1", "200"): (9000, 12000), ("chat-v2", "200"): (3000, 3700), ("chat-v2", "503"): (0, 300)}

    def ask(query: str, at: float) -> Vector:
        if "istio_requests_total" not in query or 'reporter="source"' not in query:
            return chat.ask(query, at)
        rows = {
            key: values[at == chat.now]
            for key, values in totals.items()
            if f'destination_service_namespace="default",destination_service_name="{key[0]}"' in query
        }
        labels = {key: {"pod": "gateway-a", "response_code": key[1]} for key in rows}
        return Vector([Row("istio_requests_total", labels[key], value) for key, value in rows.items() if value])

    found = sample(chat, ask=ask)
    assert found.windows == {"errors<1%": Window(300, 1000, 0, 3000)}
    assert found.notes == ("errors<1%: answers through the gateway",)
