"""What a rollout's state means to a script."""

from dataclasses import replace

import pytest

from k8sai.canary.facts import Phase, Ref
from k8sai.canary.outcome import outcome
from k8sai.canary.state import Cause, State
from k8sai.errors import Exit

REF = Ref("httproutes.gateway.networking.k8s.io", "prod", "chat", "u1", "httproute")


def state(phase: Phase, cause: Cause = "", *, step: int = 0, weight: int = 0, passed: int = 0, by: str = "") -> State:
    found = State("1", REF, "httproute", phase, {}, step=step, weight=weight, passed=passed)
    return replace(found, cause=cause, paused_by=by)


@pytest.mark.parametrize(
    ("phase", "cause", "code"),
    [
        (Phase.PROMOTED, "", Exit.OK),
        (Phase.ROLLED_BACK, "gate", Exit.FAILED_SAFE),
        (Phase.ROLLED_BACK, "trouble", Exit.FAILED_SAFE),
        (Phase.ROLLED_BACK, "asked", Exit.OK),
        (Phase.ROLLED_BACK, "capacity", Exit.NO_CAPACITY),
        (Phase.DRIFTED, "drift", Exit.DRIFT),
        (Phase.PAUSED, "person", Exit.WAITING),
        (Phase.PAUSED, "no-data", Exit.INCONCLUSIVE),
        (Phase.PAUSED, "inconclusive", Exit.INCONCLUSIVE),
        (Phase.PAUSED, "split", Exit.INCONCLUSIVE),
        (Phase.GATING, "", Exit.WAITING),
        (Phase.FAILED, "capacity", Exit.NO_CAPACITY),
    ],
)
def test_every_end_has_its_code(phase: Phase, cause: Cause, code: Exit) -> None:
    assert outcome(state(phase, cause), "httproute/chat").exit is code


def test_without_a_rollout_there_is_nothing_to_do() -> None:
    assert outcome(None, "httproute/chat").exit is Exit.OK


def test_a_lost_operator_is_followed_by_run() -> None:
    found = outcome(state(Phase.SHIFTING), "httproute/chat", lost=True)
    assert (found.exit, found.next) == (Exit.ORPHANED, "canary run httproute/chat")


def test_what_nobody_carries_on_is_followed_by_run() -> None:
    found = outcome(state(Phase.GATING), "httproute/chat", alone=True)
    assert (found.exit, found.next) == (Exit.WAITING, "canary run httproute/chat")
    assert outcome(state(Phase.PAUSED, by="ana"), "httproute/chat", alone=True).next == "canary resume httproute/chat"


def test_what_has_ended_lost_nobody() -> None:
    assert outcome(state(Phase.PROMOTED), "httproute/chat", lost=True).exit is Exit.OK


@pytest.mark.parametrize(
    ("now", "verb"),
    [
        (state(Phase.PAUSED, by="ana"), "resume"),
        (state(Phase.PAUSED, step=0, weight=1), "run"),
        (state(Phase.PAUSED, step=4, weight=100, passed=100), "promote"),
        (state(Phase.PAUSED, step=4, weight=100, passed=50), "run"),
        (state(Phase.DRIFTED), "rollback"),
        (state(Phase.GATING), "watch"),
    ],
)
def test_the_next_command_follows_from_the_state(now: State, verb: str) -> None:
    assert outcome(now, "httproute/chat").next == f"canary {verb} httproute/chat"
