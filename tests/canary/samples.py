"""Samples of a chat behind a route, whose requests are scripted."""

from collections.abc import Callable, Sequence

from k8sai.canary.facts import Side
from k8sai.canary.measuring.sampler import Sample, Sampler
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings
from k8sai.cluster.prometheus import Vector
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
