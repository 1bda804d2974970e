"""Scripted requests are counted where the routes sent them, while they sent them there."""

import pytest

from k8sai.sim.kinds import Resource
from k8sai.sim.promql import Unknown, Value, evaluate
from tests.sim.chatting import Chat

TOTAL = 'sum(http_requests_total{handler="/v1/chat/completions",pod=~"%s-.*"})'
V1, V2 = TOTAL % "chat-v1", TOTAL % "chat-v2"
NEW = {"when": "chat-v2", "errors": "5%", "ttft": 1.2}


def test_requests_are_split_by_the_weights() -> None:
    chat = Chat(NEW)
    chat.lab.run(100)
    assert (chat.one(V1), chat.one(V2)) == (3000, 1000)
    assert set(chat.rows('http_requests_total{handler="/v1/chat/completions",pod=~"chat-v1-.*"}').values()) == {1500}


def test_counters_integrate_over_the_weights_as_they_were() -> None:
    chat = Chat(NEW)
    chat.lab.run(100)
    chat.shift(50)
    chat.lab.run(100)
    assert (chat.one(V1), chat.one(V2)) == (3000 + 2000, 1000 + 2000)
    assert chat.one(V2, chat.now - 100) == 1000
    assert chat.one(V2, chat.now - 50) == 2000


def test_a_version_answers_as_the_script_says() -> None:
    chat = Chat(NEW, {"errors": 0})
    chat.lab.run(100)
    assert chat.one('sum(http_requests_total{status="5xx",pod=~"chat-v2-.*"})') == 50
    assert chat.rows('http_requests_total{status="5xx",pod=~"chat-v1-.*"}') == {}
    assert chat.one('sum(vllm:request_success_total{finished_reason="error"})') == 50


def test_a_median_is_where_half_of_the_requests_are_through() -> None:
    chat = Chat({"ttft": 0.5, "e2e": 10, "itl": 0.05})
    chat.lab.run(100)
    for name, le in (("time_to_first_token", "0.5"), ("e2e_request_latency", "10.0"), ("inter_token_latency", "0.05")):
        within = chat.one(f'sum(vllm:{name}_seconds_bucket{{le="{le}",pod=~"chat-v2-.*"}})')
        assert within == pytest.approx(500, abs=1)
        assert chat.one(f'sum(vllm:{name}_seconds_bucket{{le="+Inf",pod=~"chat-v2-.*"}})') == 1000


def test_a_change_of_the_script_counts_from_then_on() -> None:
    chat = Chat(NEW)
    chat.lab.run(100)
    chat.script({"errors": 0}, rate=80)
    chat.lab.run(100)
    assert chat.one(V2) == 1000 + 2000
    assert chat.one('sum(http_requests_total{status="5xx",pod=~"chat-v2-.*"})') == 50


def test_a_restarted_container_begins_at_nothing() -> None:
    chat = Chat(NEW)
    chat.lab.run(100)
    (name,) = chat.pods("chat-v2")
    pod = chat.lab.get("pods", name)
    statuses = [{**one, "restartCount": 1} for one in pod["status"]["containerStatuses"]]
    chat.lab.desk.put_status(pod_kind(), pod, {**pod["status"], "containerStatuses": statuses})
    chat.lab.run(10)
    assert chat.one(V2) == 100
    assert chat.one(V2, chat.now - 11) == 990


def test_a_pod_that_is_not_ready_says_nothing_and_its_share_is_lost() -> None:
    chat = Chat(NEW)
    (name,) = chat.pods("chat-v2")
    chat.lab.delete("pods", name)
    chat.lab.settle()
    assert chat.rows(f'up{{pod="{name}"}}') == {}
    chat.lab.run(100)
    assert chat.one(V1) == 3000


def test_a_service_is_a_target_too() -> None:
    chat = Chat(NEW, to="svc/chat-v1")
    chat.lab.run(10)
    assert (chat.one(V1), chat.one(V2)) == (400, 0)


def test_without_a_script_there_are_no_series() -> None:
    chat = Chat(NEW)
    chat.lab.delete("configmaps", "traffic")
    assert chat.rows('{__name__=~".+"}') == {}


@pytest.mark.parametrize(
    "broken", ["", "to: [", "rate: 3", "to: svc/x\nrate: much", "to: svc/x\nversions: [{when: '('}]"]
)
def test_a_script_that_cannot_be_read_is_none(broken: str) -> None:
    chat = Chat(NEW)
    found = chat.lab.get("configmaps", "traffic")
    chat.lab.update("configmaps", {**found, "data": {"traffic.yaml": broken}})
    assert chat.rows('{__name__=~".+"}') == {}


@pytest.mark.parametrize(
    ("server", "query", "number"),
    [
        ("sglang", 'sum(sglang:http_responses_total{status_code="500"})', 50),
        ("sglang", "sum(sglang:num_requests_total)", 1000),
        ("triton", "sum(nv_inference_request_failure)", 50),
        ("triton", "sum(nv_inference_request_success)", 950),
    ],
)
def test_other_servers_have_their_own_names(server: str, query: str, number: int) -> None:
    chat = Chat({**NEW, "server": server, "when": ""}, to="svc/chat-v2", rate=10)
    chat.lab.run(100)
    assert chat.one(query) == number


# Queries


def series(at: float) -> list[tuple[str, dict[str, str], Value]]:
    return [
        ("a_total", {"pod": "x", "s": '"q"'}, lambda: at),
        ("a_total", {"pod": "y"}, lambda: 2 * at),
        ("b", {"pod": "x"}, lambda: 7.0),
    ]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("a_total", [({"__name__": "a_total", "pod": "x", "s": '"q"'}, 10), ({"__name__": "a_total", "pod": "y"}, 20)]),
        ('a_total{pod!="x"}', [({"__name__": "a_total", "pod": "y"}, 20)]),
        ('{__name__=~"b|c"}', [({"__name__": "b", "pod": "x"}, 7)]),
        (r'sum(a_total{s="\"q\""})', [({}, 10)]),
        ('sum by (pod) (a_total{pod!~"y|z"})', [({"pod": "x"}, 10)]),
        ("count(a_total) by (pod)", [({"pod": "x"}, 1), ({"pod": "y"}, 1)]),
        ('count by (__name__, pod) ({__name__=~".*",pod="x"})', [
            ({"__name__": "a_total", "pod": "x"}, 1), ({"__name__": "b", "pod": "x"}, 1),
        ]),
        ("sum(increase(a_total[4s]))", [({}, 12)]),
        ("max(rate(a_total[1m]))", [({}, 2)]),
        ("sum(nothing)", []),
    ],
)  # fmt: skip
def test_queries(query: str, rows: list[object]) -> None:
    assert evaluate(query, series, 10.0) == rows


@pytest.mark.parametrize("query", ["", "{}", "sum(", "a_total / b", "topk(3, a_total)", "a_total[5m]", "a_total{x}"])
def test_what_is_not_known_is_said(query: str) -> None:
    with pytest.raises(Unknown):
        evaluate(query, series, 10.0)


def pod_kind() -> Resource:
    from k8sai.sim import kinds

    return kinds.find("", "pods")
