"""Requests of two versions are counted from scripted traffic, exactly; what cannot be counted is no window."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from k8sai.canary.facts import Side
from k8sai.canary.gate import Window
from k8sai.canary.measuring.sampler import Sample, Sampler
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings
from k8sai.cluster.exposition import Sample as Row
from k8sai.cluster.prometheus import Vector
from k8sai.errors import ClusterError, Forbidden
from tests.sim.chatting import Chat

BAD = {"when": "chat-v2", "errors": "5%", "ttft": 1.2}
GOOD = {"errors": "0.4%"}
STABLE, CANARY = Side("chat-v1", {"app": "chat-v1"}), Side("chat-v2", {"app": "chat-v2"})
Ask = Callable[[str, float], Vector]


def sample(
    chat: Chat,
    *slos: str,
    seconds: float = 100,
    ask: Ask | None = None,
    pods: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Sample:
    """Of the last seconds."""
    settings = Settings(slos=tuple(parse(one) for one in slos or ("errors<1%",)))
    stable, canary = pods or (chat.pods("chat-v1"), chat.pods("chat-v2"))
    return Sampler(ask or chat.ask, settings, "default").window(
        STABLE, CANARY, stable, canary, chat.now - seconds, chat.now
    )


@pytest.fixture
def chat() -> Chat:
    made = Chat(BAD, GOOD)
    made.lab.run(200)
    return made


# What is counted


def test_errors_by_status(chat: Chat) -> None:
    found = sample(chat)
    assert found.windows == {"errors<1%": Window(50, 1000, 12, 3000)}
    assert (found.canary_all, found.stable_all, found.no_data) == (1000, 3000, "")
    assert found.notes == ("errors<1%: answers by status",)


def test_windows_side_by_side_add_up_to_the_whole(chat: Chat) -> None:
    """However they are cut, nothing is counted twice or left out."""
    settings = Settings(slos=(parse("errors<1%"), parse("ttft>1s<5%")))
    sampler = Sampler(chat.ask, settings, "default")
    cuts = [chat.now - 100, chat.now - 83.3, chat.now - 41.9, chat.now - 41, chat.now]
    parts = [
        sampler.window(STABLE, CANARY, chat.pods("chat-v1"), chat.pods("chat-v2"), start, end).windows
        for start, end in pairwise(cuts)
    ]
    whole = sample(chat, "errors<1%", "ttft>1s<5%").windows
    for title, window in whole.items():
        assert sum((part[title] for part in parts), Window(0, 0, 0, 0)) == window


def test_a_slow_request_is_above_the_smallest_bound_that_is_not_below(chat: Chat) -> None:
    found = sample(chat, "ttft>2s<5%")
    (window,) = found.windows.values()
    assert found.notes == ("ttft>2s<5%: counted above 2.5 s (vllm:time_to_first_token_seconds)",)
    assert window.canary_all == 950 and window.stable_all == pytest.approx(2988, abs=1)
    assert 0.05 < window.canary_bad / window.canary_all < 0.09
    assert window.stable_bad < 5


def test_a_bound_that_is_there_is_taken(chat: Chat) -> None:
    assert "counted above 2.5 s" in sample(chat, "ttft>2500ms<5%").notes[0]


def test_a_bound_beyond_the_histogram_tells_nothing(chat: Chat) -> None:
    found = sample(chat, "e2e>90s<5%")
    assert found.windows == {}
    assert found.no_data == "vllm:e2e_request_latency_seconds tells nothing above 60 s"
    assert (found.canary_all, found.stable_all) == (1000, 3000)


def test_time_between_tokens_is_of_whole_requests(chat: Chat) -> None:
    found = sample(chat, "itl>25ms<5%")
    assert found.notes == ("itl>0.025s<5%: counted above 0.025 s (vllm:request_time_per_output_token_seconds)",)


def test_tokens_weigh_as_much_as_their_requests() -> None:
    chat = Chat({"server": "sglang", "itl": 0.05})
    chat.lab.run(200)
    found = sample(chat, "itl>50ms<5%")
    (window,) = found.windows.values()
    assert (window.canary_all, window.stable_all) == (1000, 3000)
    assert window.canary_bad == pytest.approx(500, abs=1)
    assert found.notes[0].endswith("(tokens of vllm:inter_token_latency_seconds, weighed as requests)")


def test_parts_of_weighed_requests_are_not_lost_in_small_windows() -> None:
    chat = Chat({"server": "sglang", "itl": 0.02})
    chat.lab.run(15)
    sampler = Sampler(chat.ask, Settings(slos=(parse("itl>50ms<5%"),)), "default")
    pods = chat.pods("chat-v1"), chat.pods("chat-v2")
    start = chat.now - 15
    parts = [sampler.window(STABLE, CANARY, *pods, start + n, start + n + 1).windows["itl>0.05s<5%"] for n in range(15)]
    whole = sample(chat, "itl>50ms<5%", seconds=15).windows["itl>0.05s<5%"]
    assert sum(one.canary_bad for one in parts) == pytest.approx(whole.canary_bad, abs=2)


def test_two_kinds_of_servers_are_compared_by_what_both_count() -> None:
    chat = Chat({**BAD, "server": "sglang"}, GOOD)
    chat.lab.run(200)
    found = sample(chat, "errors<1%", "ttft>2s<5%")
    assert found.windows["errors<1%"] == Window(50, 1000, 12, 3000)
    assert found.windows["ttft>2s<5%"].canary_all == 950


def test_servers_that_count_differently_are_not_compared() -> None:
    chat = Chat({**BAD, "server": "triton"}, GOOD)
    chat.lab.run(200)
    found = sample(chat)
    assert found.windows == {}
    assert found.no_data == "the two versions count it differently"


def test_triton_counts_failures() -> None:
    chat = Chat({**BAD, "server": "triton"}, {**GOOD, "server": "triton"})
    chat.lab.run(200)
    assert sample(chat).windows == {"errors<1%": Window(50, 1000, 12, 3000)}


def test_a_latency_that_nobody_measures_is_told_and_errors_count_all_the_same() -> None:
    chat = Chat({**BAD, "server": "triton"}, {**GOOD, "server": "triton"})
    chat.lab.run(200)
    found = sample(chat, "errors<1%", "ttft>2s<5%")
    assert list(found.windows) == ["errors<1%"]
    assert found.no_data == "ttft>2s<5%: no counter of it is known of chat-v1 and chat-v2"


def test_counters_of_ones_own(chat: Chat) -> None:
    own = (
        'mine<2%;bad=vllm:request_success_total{{{selector}},finished_reason="error"};'
        "total=sum by (pod) (vllm:request_success_total{{{selector}}})"
    )
    assert sample(chat, own).windows == {"mine<2%": Window(50, 1000, 12, 3000)}


def test_the_first_error_counts_though_its_series_was_not_there() -> None:
    """increase() would have seen nothing."""
    chat = Chat({"errors": 0})
    chat.lab.run(100)
    chat.script({"errors": "5%", "when": "chat-v2"}, {"errors": 0})
    chat.lab.run(100)
    assert sample(chat).windows["errors<1%"] == Window(50, 1000, 0, 3000)


def test_a_canary_that_got_nothing_yet_got_nothing() -> None:
    chat = Chat(BAD, GOOD)
    chat.shift(0)
    chat.lab.run(200)
    found = sample(chat)
    assert (found.canary_all, found.no_data) == (0, "")
    assert found.stable_all == 4000


def test_without_requirements_requests_are_counted(chat: Chat) -> None:
    settings = Settings(slos=())
    found = Sampler(chat.ask, settings, "default").window(
        STABLE, CANARY, chat.pods("chat-v1"), chat.pods("chat-v2"), chat.now - 100, chat.now
    )
    assert (found.windows, found.canary_all, found.stable_all, found.no_data) == ({}, 1000, 3000, "")


def test_what_was_asked_can_be_shown(chat: Chat) -> None:
    found = sample(chat)
    assert any(
        query.startswith("sum by (pod, status, code, status_code) (http_requests_total{") for query in found.queries
    )
    assert len(found.queries) == len(set(found.queries))


def test_labels_are_spelled_as_they_are_scraped(chat: Chat) -> None:
    def ask(query: str, at: float) -> Vector:
        asked = query.replace("kubernetes_namespace", "namespace").replace("kubernetes_pod_name", "pod")
        if asked == query:
            return Vector([])
        found = chat.ask(asked, at).samples
        return Vector(
            [
                replace(one, labels={"kubernetes_pod_name" if k == "pod" else k: v for k, v in one.labels.items()})
                for one in found
            ]
        )

    assert sample(chat, ask=ask).windows == {"errors<1%": Window(50, 1000, 12, 3000)}


def test_a_scrape_that_comes_late_is_counted_with_the_next_window(chat: Chat) -> None:
    """Prometheus knows it as of a time that has been asked for already."""
    middle, late = chat.now - 50, 20.0

    def ask(query: str, at: float) -> Vector:
        return chat.ask(query, at - late if asked_at <= middle else at)

    sampler, sides = Sampler(ask, Settings(), "default"), (STABLE, CANARY)
    pods = chat.pods("chat-v1"), chat.pods("chat-v2")
    asked_at = middle
    first = sampler.window(*sides, *pods, middle - 50, middle)
    asked_at = chat.now
    second = sampler.window(*sides, *pods, middle, chat.now)
    assert (first.canary_all, second.canary_all) == (500, 700)


# What cannot be counted


def nothing_of(found: Sample) -> str:
    assert found.windows == {}
    assert found.no_data
    return found.no_data


def test_no_requests_are_no_data() -> None:
    chat = Chat(BAD, GOOD, rate=0)
    chat.lab.run(200)
    assert nothing_of(sample(chat)) == "no requests reached either version"


def test_an_empty_answer_is_no_data(chat: Chat) -> None:
    assert "Prometheus has no metrics of the pods of chat-v1" in nothing_of(sample(chat, ask=lambda *_: Vector([])))


def test_a_version_that_is_not_scraped_is_no_data(chat: Chat) -> None:
    found = sample(chat, pods=(chat.pods("chat-v1"), ("chat-v9-a", "chat-v9-b", "chat-v9-c")))
    assert nothing_of(found) == "Prometheus has no metrics of the pods of chat-v2: chat-v9-a, chat-v9-b"


def test_an_old_version_without_requests_may_be_without_pods(chat: Chat) -> None:
    """At 100 % nothing names its revision, so Knative has taken its pods: the canary is counted alone."""
    settings = Settings(slos=(parse("errors<1%"), parse("ttft>2s<5%")))
    start, end, pods = chat.now - 100, chat.now, chat.pods("chat-v2")
    both = sample(chat, "errors<1%", "ttft>2s<5%")
    found = Sampler(chat.ask, settings, "default").window(STABLE, replace(CANARY, percent=100), [], pods, start, end)
    assert found.no_data == ""
    assert found.windows == {title: Window(one.canary_bad, one.canary_all, 0, 0) for title, one in both.windows.items()}
    assert (found.canary_all, found.stable_all) == (1000, 0)


@pytest.mark.parametrize("side", [0, 1])
def test_a_version_without_pods_is_no_data(chat: Chat, side: int) -> None:
    pods = [chat.pods("chat-v1"), chat.pods("chat-v2")]
    pods[side] = []
    assert nothing_of(sample(chat, pods=(pods[0], pods[1]))) == f"chat-v{side + 1} has no pods"


def test_nan_is_no_data(chat: Chat) -> None:
    def ask(query: str, at: float) -> Vector:
        return Vector([replace(one, value=float("nan")) for one in chat.ask(query, at).samples])

    assert "are no numbers" in nothing_of(sample(chat, ask=ask))


def test_a_reset_is_no_data(chat: Chat) -> None:
    (name,) = chat.pods("chat-v2")

    def ask(query: str, at: float) -> Vector:
        rows = chat.ask(query, at).samples
        return Vector(
            [replace(one, value=one.value / 10) if at == chat.now and _is(one, name) else one for one in rows]
        )

    assert nothing_of(sample(chat, ask=ask)) == f"counters of {name} were reset: it was started anew"


def test_counters_that_vanish_are_no_data(chat: Chat) -> None:
    (name,) = chat.pods("chat-v2")

    def ask(query: str, at: float) -> Vector:
        rows = chat.ask(query, at).samples
        return Vector([one for one in rows if at < chat.now or "sum" not in query or not _is(one, name)])

    assert nothing_of(sample(chat, ask=ask)) == f"counters of {name} are gone since the window began"


def test_a_pod_that_came_within_the_window_is_left_out_of_it() -> None:
    """Nobody knows since when it counts."""
    chat = Chat({"errors": 0})
    chat.lab.run(100)
    chat.lab.update("deployments", _replicas(chat.lab.get("deployments", "chat-v2", "apps"), 2), "apps")
    chat.lab.run(100)
    assert len(chat.pods("chat-v2")) == 2
    assert 500 <= sample(chat).canary_all < 530
    chat.lab.run(100)
    assert sample(chat).canary_all == 1000


def test_an_outage_at_the_beginning_is_no_data(chat: Chat) -> None:
    """What is counted until the end may be of any time before."""

    def ask(query: str, at: float) -> Vector:
        return Vector([]) if at < chat.now else chat.ask(query, at)

    assert nothing_of(sample(chat, ask=ask)) == "no requests reached either version"


def test_targets_that_are_down_are_no_data(chat: Chat) -> None:
    def ask(query: str, at: float) -> Vector:
        rows = chat.ask(query, at).samples
        return Vector([replace(one, value=0.0) for one in rows if one.metric == "up"])

    assert nothing_of(sample(chat, ask=ask)) == "Prometheus cannot scrape the pods of chat-v1"


def test_a_target_that_was_down_when_the_window_began_is_left_out_of_it(chat: Chat) -> None:
    """Its counters are older than the window."""
    first, _ = chat.pods("chat-v1")

    def ask(query: str, at: float) -> Vector:
        rows = chat.ask(query, at).samples
        if at == chat.now:
            return Vector(rows)
        down = [replace(one, value=0.0) for one in rows if _is(one, first) and one.metric == "up"]
        return Vector([*down, *(one for one in rows if not _is(one, first))])

    assert sample(chat, ask=ask).windows == {"errors<1%": Window(50, 1000, 6, 1500)}


@pytest.mark.parametrize("at", range(4))
def test_an_answer_that_does_not_come_is_no_data(chat: Chat, at: int) -> None:
    asked: list[str] = []

    def ask(query: str, when: float) -> Vector:
        asked.append(query)
        if len(asked) > at:
            raise ClusterError("Prometheus answered 503")
        return chat.ask(query, when)

    assert nothing_of(sample(chat, ask=ask)) == "Prometheus answered 503"


def test_what_may_not_be_asked_is_raised(chat: Chat) -> None:
    def ask(query: str, when: float) -> Vector:
        raise Forbidden("you cannot get services/proxy")

    with pytest.raises(Forbidden):
        sample(chat, ask=ask)


def test_queries_of_ones_own_that_select_nothing_are_no_data(chat: Chat) -> None:
    own = "mine<2%;bad=nope{{{selector}}};total=nope_total{{{selector}}}"
    assert nothing_of(sample(chat, own)) == "the queries of mine select nothing of chat-v1"


# Two models behind one router


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


# A gateway that knows Services


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


def _is(row: Row, pod: str) -> bool:
    return row.labels.get("pod") == pod


def _replicas(deployment: dict[str, object], number: int) -> dict[str, object]:
    spec = deployment["spec"]
    assert isinstance(spec, dict)
    return {**deployment, "spec": {**spec, "replicas": number}}
