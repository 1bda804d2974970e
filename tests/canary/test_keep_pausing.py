"""A person pauses and resumes: the weight stays, a goal on its way is finished, and it goes on where it was."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.outcome import exit_of
from k8sai.canary.running import journal, pausing
from k8sai.canary.running.actions import Intend
from k8sai.canary.state import Intent, State, Word
from k8sai.errors import Exit, Refused
from tests.canary.keepers import rollout, target

REF = target("prod")
NOW = 1_800_000_000.0
LATER = NOW + 600
STILL = (Phase.WARMING, Phase.GATING, Phase.SHIFTING)


def going(word: Word, weight: int = 25) -> Intent:
    return Intent(word, weight, 5, "", "ben")


@given(
    st.sampled_from([one for one in Phase if one not in ENDED]),
    st.integers(-1, 4),
    st.none() | st.sampled_from(get_args(Word)).map(going),
)
def test_neither_touches_what_stands(phase: Phase, step: int, pending: Intent | None) -> None:
    """Weight, step, what has passed, the goal in the journal, the epoch: all as they were."""
    state = rollout(REF, phase=phase, step=step, pending=pending, epoch=3)
    for become in (lambda one: pausing.pause(one, NOW, "ana", "why"), lambda one: pausing.resume(one, NOW, "ana")):
        try:
            after: State = become(state)  # type: ignore[no-untyped-call]
        except Refused:
            continue
        kept = ("id", "weight", "step", "passed", "pending", "epoch", "handle", "gate", "shifted", "begun", "ended")
        assert all(getattr(after, key) == getattr(state, key) for key in kept)
        assert len(after.history) - len(state.history) == (after is not state)


@pytest.mark.parametrize("phase", STILL)
def test_it_goes_on_where_it_was(phase: Phase) -> None:
    state = rollout(REF, phase=phase, reason="needs 100 more requests")
    held = pausing.pause(state, NOW, "ana", "logs look odd")
    assert (held.phase, held.paused_by, held.cause, held.reason) == (Phase.PAUSED, "ana", "person", "logs look odd")
    assert exit_of(held) == Exit.WAITING
    free = pausing.resume(held, LATER, "ben")
    assert (free.phase, free.paused_by, free.paused_in, free.cause, free.reason) == (phase, "", "", "", "")
    assert [(one.by, one.verb, one.reason) for one in free.history] == [
        ("ana", "pause", "logs look odd"),
        ("ben", "resume", ""),
    ]
    assert free.since == "2027-01-15T08:10:00Z"


def test_twice_is_once() -> None:
    held = pausing.pause(rollout(REF), NOW, "ana", "")
    assert held.reason == "paused by ana"
    assert pausing.pause(held, LATER, "ben", "me too") is held
    free = pausing.resume(held, LATER, "ben")
    assert pausing.resume(free, LATER, "ben") is free


def test_what_paused_by_itself_is_then_held_by_a_person() -> None:
    """So that `run` does not take it up again by itself."""
    alone = journal.paused(rollout(REF), NOW, "ben", "no-data", "no numbers for 600 s")
    held = pausing.pause(alone, LATER, "ana", "")
    assert (held.phase, held.paused_by) == (Phase.PAUSED, "ana")
    free = pausing.resume(held, LATER, "ana")
    assert (free.phase, free.blind, free.unsplit) == (Phase.GATING, "", 0)
    assert pausing.resume(alone, LATER, "ana").phase is Phase.GATING


def test_what_waits_for_its_first_step_waits_on() -> None:
    ready = journal.ready(rollout(REF, phase=Phase.WARMING, step=-1, weight=0, passed=0), NOW, "ben")
    assert pausing.resume(ready, LATER, "ana") is ready
    held = pausing.pause(ready, LATER, "ana", "")
    free = pausing.resume(held, LATER, "ana")
    assert (free.phase, free.cause, free.paused_by) == (Phase.PAUSED, "start", "")


@pytest.mark.parametrize("word", ["begin", "shift"])
def test_a_goal_on_its_way_is_finished_and_then_it_is_paused(word: Word) -> None:
    intended = journal.intended(rollout(REF), Intend(word, 25), NOW, "ben")
    held = pausing.pause(intended, NOW, "ana", "wait")
    assert held.pending == intended.pending
    stands = journal.committed(held, LATER, "ben")
    assert (stands.phase, stands.paused_by, stands.reason, stands.weight) == (Phase.PAUSED, "ana", "wait", 25)
    assert stands.pending is None
    goes_on = Phase.GATING if word == "shift" else Phase.WARMING
    assert pausing.resume(stands, LATER, "ana").phase is goes_on


def test_a_goal_that_is_refused_leaves_the_pause() -> None:
    before = rollout(REF)
    held = pausing.pause(journal.intended(before, Intend("shift", 25), NOW, "ben"), NOW, "ana", "wait")
    left = journal.withdrawn(held, before)
    assert (left.phase, left.paused_by, left.pending, left.weight) == (Phase.PAUSED, "ana", None, 5)
    assert left.history[-1].verb == "pause"


def test_whoever_acts_ends_the_pause() -> None:
    held = pausing.pause(rollout(REF), NOW, "ana", "wait")
    back = journal.intended(held, Intend("rollback", 1, "asked"), LATER, "ben")
    assert (back.paused_by, back.paused_in) == ("", "")
    lower = journal.committed(back, LATER, "ben")
    assert (lower.phase, lower.paused_by, lower.paused_in) == (Phase.PAUSED, "ben", "")


@pytest.mark.parametrize(
    ("word", "why"),
    [("promote", "is being promoted"), ("rollback", "is being rolled back"), ("restore", "is being restored")],
)
def test_the_way_back_and_the_last_step_are_not_held_up(word: Word, why: str) -> None:
    with pytest.raises(Refused, match=f"isvc/chat {why}: that is finished first"):
        pausing.pause(rollout(REF, pending=going(word)), NOW, "ana", "")


@pytest.mark.parametrize("phase", sorted(ENDED))
def test_what_has_ended_is_neither_paused_nor_resumed(phase: Phase) -> None:
    state = rollout(REF, phase=phase)
    with pytest.raises(Refused, match=f"there is nothing to pause: the canary of isvc/chat is {phase}"):
        pausing.pause(state, NOW, "ana", "")
    with pytest.raises(Refused, match="there is nothing to resume"):
        pausing.resume(state, NOW, "ana")


@pytest.mark.parametrize(
    ("more", "phase"),
    [
        ({}, Phase.GATING),
        ({"step": -1}, Phase.WARMING),
        ({"pending": going("shift")}, Phase.SHIFTING),
        ({"pending": going("promote")}, Phase.PROMOTING),
        ({"pending": going("begin")}, Phase.WARMING),
    ],
)
def test_what_has_drifted_is_looked_at_again(more: dict[str, object], phase: Phase) -> None:
    drifted = journal.drifted(replace(rollout(REF), **more), NOW, "ben", ("argocd set 0 %",))  # type: ignore[arg-type]
    free = pausing.resume(drifted, LATER, "ana")
    assert (free.phase, free.drift, free.pending) == (phase, (), drifted.pending)
