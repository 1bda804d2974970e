"""Counters become counts: errors, slow requests, tokens, and counters of one's own."""

from dataclasses import replace
from itertools import pairwise

import pytest

from k8sai.canary.gate_gathered import Window
from k8sai.canary.measuring.sampler import Sampler
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings
from k8sai.cluster.prometheus import Vector
from tests.canary.samples import BAD, CANARY, GOOD, STABLE, sample
from tests.sim.chatting import Chat


@pytest.fixture
def chat() -> Chat:
    made = Chat(BAD, GOOD)
    made.lab.run(200)
    return made


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
