"""Names that the verbs of `canary` take: targets that are there, and rollouts that are kept."""

from collections.abc import Callable
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.commands import _canary_words
from k8sai.errors import Forbidden
from tests.commands.canary_route_site import QUICK, Site
from tests.commands.run import run

OTHERS = ("step", "promote", "rollback", "run", "pause", "resume", "history", "forget", "unlock")
Press = Callable[..., list[str]]


@pytest.fixture
def press(chat: Site) -> Press:
    """Tab after these words of `kubectl ai-canary`, until the answer is there; no press waits for the cluster."""
    env = {**chat.env(), "XDG_CACHE_HOME": str(chat.folder / "cache")}

    def found(*words: str) -> list[str]:
        for _ in range(100):
            ran = run("kubectl_complete-ai_canary", *words, env=env)
            *names, directive = ran.out.splitlines()
            assert (ran.code, ran.err, directive) == (0, "", ":4")
            if names:
                return names
        pytest.fail("the names never came")

    return found


def test_targets_and_rollouts(chat: Site, press: Press) -> None:
    chat.started(*QUICK)
    for verb in ("start", "status", "watch", *OTHERS):
        assert press(verb, "http") == ["httproute/chat"], verb


def test_a_target_without_a_rollout_is_none_that_could_be_stepped(chat: Site) -> None:
    connection = connect(Options(kubeconfig=chat.env()["KUBECONFIG"]))

    def listed(path: str, labels: str = "") -> list[Any]:
        if path.endswith("/rollouts"):
            raise Forbidden("no")
        return [{"name": "chat"}] if path.endswith("/httproutes") else []

    assert _canary_words.words("rollouts", connection, listed) == []
    assert _canary_words.words("targets", connection, listed) == ["httproute/chat"]
