"""Rollouts under the verbs: a canary that begins at its first step, pods that only come near to a weight."""

import pytest

from k8sai.canary.facts import Json, Phase
from k8sai.canary.running import aims, verbs
from k8sai.canary.running.rollback import rollback
from k8sai.sim.controllers.desk import Key
from k8sai.sim.controllers.rollouts import Rollouts
from k8sai.sim.controllers.rollouts_facts import ROLLOUTS
from tests.canary.operators import Site
from tests.canary.rollouts import CHAT, TO_V2, backend, behind, rollout
from tests.canary.run_cases import Case

Steps = list[dict[str, object]]


def site(steps: Steps, *, routed: bool = False, bad: float = 0.0) -> Site:
    objects = [*(behind() if routed else ()), rollout(steps=steps, routed=routed)]
    made = Case(backend, CHAT, TO_V2, lambda: objects, ()).site()
    made.script = {"bad": bad}
    return made


def test_the_first_step_of_one_that_begins_there_is_gated_too() -> None:
    chat = site([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}])
    chat.begun()
    assert (chat.state.weight, chat.state.step, chat.state.phase) == (25, -1, Phase.PAUSED)
    assert aims.of_step(chat.state, None, None) is not None
    state = chat.rolled(lambda hands, held: verbs.step(hands, held, end=None))
    assert (state.weight, state.step, state.phase) == (25, 0, Phase.GATING)
    assert aims.of_step(state, 25, None) is None


def test_a_split_by_pods_is_held_against_the_pods_there_are() -> None:
    """5 % of four pods is one of five: 20 % of the requests are as they should be."""
    chat = site([{"setWeight": 5}, {"pause": {}}])
    chat.script = {"share": 20.0}
    chat.begun()
    assert chat.driven().phase is Phase.PROMOTED
    assert chat.weights == [0.0, 5.0, 100.0]


def test_a_gate_that_fails_aborts_and_brings_the_old_text_back() -> None:
    chat = site([{"setWeight": 25}, {"pause": {}}], routed=True, bad=0.5)
    before = chat.target()["spec"]
    chat.begun()
    assert chat.driven().phase is Phase.ROLLED_BACK
    assert chat.target()["spec"] == before
    assert chat.weights == [0.0, 25.0, 0.0]


def test_a_controller_that_missed_the_abort_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Argo 1.9.1 may, which puts its own older answer over what it was told (argo-rollouts#4694)."""
    sync = Rollouts.sync
    slept: list[Key] = []

    def deaf(controller: Rollouts, key: Key) -> None:
        status = (controller._desk.find(ROLLOUTS, key) or {}).get("status", {})
        if status.get("abort") and not (woken(status) or "abortedAt" in status):
            slept.append(key)
        else:
            sync(controller, key)

    def woken(status: Json) -> bool:
        return str(status.get("message", "")).startswith("look")

    monkeypatch.setattr(Rollouts, "sync", deaf)
    chat = site([{"setWeight": 25}, {"pause": {}}], routed=True)
    before = chat.target()["spec"]
    chat.begun()
    assert chat.rolled(rollback).phase is Phase.ROLLED_BACK
    assert chat.target()["spec"] == before
    assert slept
