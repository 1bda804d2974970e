"""The gate over a Prometheus that is down (5), without numbers (6), or sees no request at the canary (7).

And one that is well: what is measured passes and fails as it should, or the others would prove nothing.
"""

from collections.abc import Iterator

import pytest

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.contract.canary_chat import TO, weights
from tests.contract.canary_chat import chat as chat
from tests.contract.canary_chat import yard as yard
from tests.contract.canary_prometheus import Counting
from tests.contract.canary_stage import Stage

GATED = ("--warmup", "0s", "--interval", "1s", "--keep-old", "0", "--no-data-deadline", "3s", "--gate-timeout", "4s")


@pytest.fixture
def requests(chat: Stage) -> Iterator[Counting]:
    with Counting(chat.api, chat.ref.namespace, {"app": "chat-v2"}) as made:
        yield made


def started(chat: Stage, requests: Counting, steps: str) -> None:
    ran = chat("start", *TO, *GATED, "--steps", steps, "--prometheus", requests.url)
    assert ran.code == Exit.OK, ran


def test_5_prometheus_down(chat: Stage, requests: Counting) -> None:
    """The weight stays, however often and long it is asked; nothing is rolled back."""
    started(chat, requests, "50")
    requests.ill = "503"
    for _ in range(2):
        ran = chat("run")
        assert ran.code == Exit.INCONCLUSIVE, ran
        assert "no data: " in ran.out
        assert (weights(chat), chat.state.phase, chat.state.cause) == ([50, 50], Phase.PAUSED, "no-data")
    assert len(chat.on_target()) == 1


@pytest.mark.parametrize("ill", ["nan", "empty", "reset"])
def test_6_no_numbers_are_no_verdict(chat: Stage, requests: Counting, ill: str) -> None:
    """Every request of the canary fails meanwhile: of that nothing is known, and nothing passes or fails."""
    started(chat, requests, "50")
    requests.ill, requests.errors = ill, 1.0
    ran = chat("run")
    assert ran.code == Exit.INCONCLUSIVE, ran
    state = chat.state
    assert (weights(chat), state.phase, state.cause, state.passed) == ([50, 50], Phase.PAUSED, "no-data", 0)
    for metric in chat.state.gate.get("metrics", {}).values():
        assert not metric.get("canary_all"), metric


def test_7_no_request_reaches_the_canary(chat: Stage, requests: Counting) -> None:
    """It is configured to have 25 %, and has nothing: the gateway is named, the weight held."""
    started(chat, requests, "25")
    requests.share = 0.0
    ran = chat("run")
    assert ran.code == Exit.INCONCLUSIVE, ran
    said = "SplitNotHonoured: 25 % is configured, 0.0 % of "
    assert said in ran.out and "gateway outside does not follow the weights" in ran.out
    assert (weights(chat), chat.state.phase, chat.state.cause) == ([75, 25], Phase.PAUSED, "split")
    assert said in chat.state.reason


@pytest.mark.parametrize(("errors", "code"), [(0.0, Exit.OK), (0.2, Exit.FAILED_SAFE)])
def test_with_numbers_there_is_a_verdict(chat: Stage, requests: Counting, errors: float, code: Exit) -> None:
    started(chat, requests, "50")
    requests.errors = errors
    ran = chat("run")
    assert ran.code == code, ran
    assert weights(chat) == ([100] if code == Exit.OK else [1, 0])
