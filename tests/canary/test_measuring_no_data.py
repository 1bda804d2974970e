"""What is no data is said, and never a window of the gate."""

from dataclasses import replace

import pytest

from k8sai.canary.gate_gathered import Window
from k8sai.canary.measuring.sampler import Sample, Sampler
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings
from k8sai.cluster.exposition import Sample as Row
from k8sai.cluster.prometheus import Vector
from k8sai.errors import ClusterError, Forbidden
from tests.canary.samples import BAD, CANARY, GOOD, STABLE, sample
from tests.sim.chatting import Chat


@pytest.fixture
def chat() -> Chat:
    made = Chat(BAD, GOOD)
    made.lab.run(200)
    return made


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


def _is(row: Row, pod: str) -> bool:
    return row.labels.get("pod") == pod


def _replicas(deployment: dict[str, object], number: int) -> dict[str, object]:
    spec = deployment["spec"]
    assert isinstance(spec, dict)
    return {**deployment, "spec": {**spec, "replicas": number}}
