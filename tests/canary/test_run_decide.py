"""The state machine: what it never does, whatever is remembered and seen; and each of its answers."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.ages import stamp
from k8sai.canary.facts import Phase, Ref, Seen, Side
from k8sai.canary.gate import Gate
from k8sai.canary.gate_gathered import Window
from k8sai.canary.running import journal
from k8sai.canary.running.actions import Astray, Done, GoOn, Hold, Intend, Measure, Pass, Pause, Ready, Resume
from k8sai.canary.running.decide import Look, decide, next_step
from k8sai.canary.state import Intent, Settings, Slo, State

NOW = 1_000_000.0
STEPS = (1, 5, 25, 50, 100)
ERRORS = Slo("errors", 0.01)
TARGET = Ref("isvc.x", "ns", "chat", "u", "isvc")


def state(**more: Any) -> State:
    """At 5 %, shifted two hours ago, gating for ten minutes."""
    ago = stamp(NOW - 7200)
    told: dict[str, Any] = {
        "phase": Phase.GATING,
        "step": 1,
        "weight": 5,
        "passed": 1,
        "shifted": ago,
        "since": stamp(NOW - 600),
        **more,
    }
    return State("id", TARGET, "b", handle={}, steps=STEPS, **told)


def seen(percent: float = 5.0, **canary: Any) -> Seen:
    told: dict[str, Any] = {"replicas": 1, "ready": 1, **canary}
    return Seen({}, Side("v1", ready=3), Side("v2", percent=percent, **told))


def look(percent: float = 5.0, now: float = NOW, astray: tuple[str, ...] = (), **canary: Any) -> Look:
    return Look(seen(percent, **canary), now, astray)


def evidence(bad: int, total: int, settings: Settings = Settings()) -> dict[str, Any]:  # noqa: B008
    window = Window(bad, total, 0, 10 * total)
    return Gate.new(settings).after({ERRORS.title: window}).document()


# --- never ------------------------------------------------------------------------------------------------------------

_intents = st.builds(
    Intent,
    st.sampled_from(["begin", "shift", "promote", "retire", "rollback", "restore"]),
    st.sampled_from([0, *STEPS]),
    st.sampled_from([0, *STEPS]),
    st.just(stamp(NOW)),
    st.just("ana"),
)
_states = st.builds(
    lambda phase, step, passed, pending, paused, bad, total, blind, unsplit, since: state(
        phase=phase,
        step=step,
        weight=STEPS[step] if step >= 0 else 0,
        passed=min(passed, STEPS[step] if step >= 0 else 0),
        pending=pending,
        paused_by=paused,
        gate=evidence(min(bad, total), total),
        blind=stamp(NOW - blind) if blind else "",
        unsplit=unsplit,
        since=stamp(NOW - since),
    ),
    st.sampled_from(list(Phase)),
    st.integers(-1, 4),
    st.sampled_from([0, *STEPS]),
    st.none() | _intents,
    st.sampled_from(["", "ana"]),
    st.integers(0, 400),
    st.integers(0, 2000),
    st.sampled_from([0, 30, 700]),
    st.integers(0, 3),
    st.sampled_from([0, 1000, 10_000]),
)
_looks = st.builds(
    lambda percent, trouble, ready, astray: look(percent, astray=astray, trouble=trouble, ready=ready),
    st.sampled_from([0.0, *map(float, STEPS)]),
    st.sampled_from(["", "CrashLoopBackOff"]),
    st.integers(0, 2),
    st.sampled_from([(), ("the weight is another one",)]),
)


@given(_states, _looks, st.booleans())
def test_the_weight_rises_only_to_the_step_after_the_last_one_that_passed(at: State, now: Look, drive: bool) -> None:
    action = decide(at, now, drive=drive)
    if isinstance(action, Intend) and action.word == "shift":
        assert drive and action.weight == (at.steps[0] if at.step < 0 else next_step(at))
        assert action.weight == STEPS[0] or at.passed >= at.weight
        assert not at.paused_by or at.phase is not Phase.PAUSED
    if isinstance(action, Intend) and action.word == "promote":
        assert drive and at.last and at.passed >= at.weight


@given(_states, _looks, st.booleans())
def test_what_is_wrong_is_never_hidden_behind_progress(at: State, now: Look, drive: bool) -> None:
    action = decide(at, now, drive=drive)
    ended = (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.FAILED, Phase.DRIFTED)
    back = at.pending is not None and at.pending.word in ("retire", "rollback", "restore")
    if at.phase in ended or back:
        return
    assert now.seen.canary
    if now.seen.canary.trouble and max(at.weight, now.seen.configured):
        assert isinstance(action, Intend) and action.word == "rollback"
    elif now.astray:
        assert action == Astray(now.astray)


@given(_states, _looks)
def test_nothing_is_written_to_what_has_drifted(at: State, now: Look) -> None:
    assert decide(replace(at, phase=Phase.DRIFTED), now, drive=True) == Done()


@given(_states, _looks)
def test_a_way_back_is_gone_to_its_end(at: State, now: Look) -> None:
    pending = Intent("rollback", 0, 5, stamp(NOW), "ana")
    assert decide(replace(at, phase=Phase.ROLLING_BACK, pending=pending), now, drive=False) == GoOn()


@given(_states, _looks)
def test_who_only_ends_things_takes_no_step(at: State, now: Look) -> None:
    action = decide(at, now, drive=False)
    assert not (isinstance(action, Intend) and action.word in ("shift", "promote"))
    assert not isinstance(action, Measure | Pass | Pause | Resume)


# --- each answer ------------------------------------------------------------------------------------------------------


def test_a_shift_is_warmed_up_before_anything_is_counted() -> None:
    at = state(shifted=stamp(NOW - 60))
    assert decide(at, look(), drive=True) == Hold("warming up: not counted", NOW + 10)
    assert decide(at, look(now=NOW + 115), drive=True) == Hold("warming up: not counted", NOW + 120)
    assert decide(at, look(now=NOW + 150), drive=True) == Measure(NOW + 120, NOW + 150)


def test_windows_follow_each_other() -> None:
    at = state(measured=stamp(NOW - 29), gate=evidence(0, 100))
    assert isinstance(decide(at, look(), drive=True), Hold)
    assert decide(at, look(now=NOW + 1), drive=True) == Measure(NOW - 29, NOW + 1)


def test_evidence_decides() -> None:
    assert decide(state(gate=evidence(0, 1000)), look(), drive=True) == Pass("the gate has passed at 5 %")
    failed = decide(state(gate=evidence(100, 1000)), look(), drive=True)
    said = "the gate failed: errors<1%: 100 of 1000 (10.00 %) of the canary against 0 of 10000 (0.00 %)"
    assert failed == Intend("rollback", 0, "gate", said)


@pytest.mark.parametrize(
    ("wish", "action"),
    [
        ("hold", Pause("inconclusive", "no verdict after 3600 s: WHY")),
        ("rollback", Intend("rollback", 0, "inconclusive", "no verdict after 3600 s: WHY")),
        ("promote", Pass("no verdict after 3600 s: WHY; --on-inconclusive promote", "inconclusive")),
    ],
)
def test_without_a_verdict_in_time(wish: Any, action: Any) -> None:
    settings = Settings(on_inconclusive=wish)
    at = state(settings=settings, gate=evidence(1, 200), since=stamp(NOW - 3601))
    need = Gate.of(at.gate, settings).verdict().need
    why = f"the gate needs about {need} more requests to the canary (errors<1%)"
    told = replace(action, reason=action.reason.replace("WHY", why))
    assert decide(at, look(), drive=True) == told


def test_requests_that_are_not_split_never_pass() -> None:
    at = state(gate=evidence(0, 1000), unsplit=2, reason="SplitNotHonoured: …", measured=stamp(NOW))
    assert decide(at, look(), drive=True) == Hold("SplitNotHonoured: …", NOW + 10)
    late = replace(at, since=stamp(NOW - 3601), settings=Settings(on_inconclusive="promote"))
    assert decide(late, look(), drive=True) == Pause("split", "no verdict after 3600 s: SplitNotHonoured: …")


def test_without_numbers_it_is_paused() -> None:
    at = state(blind=stamp(NOW - 601), reason="no data: 503")
    assert decide(at, look(), drive=True) == Pause("no-data", "no numbers for 601 s: no data: 503")


def test_a_canary_that_cannot_serve_goes_back_without_numbers() -> None:
    at = state(blind=stamp(NOW - 601))
    broken = look(trouble="chat-v2-x: CrashLoopBackOff", ready=0)
    said = "the canary cannot serve: chat-v2-x: CrashLoopBackOff"
    assert decide(at, broken, drive=True) == Intend("rollback", 0, "trouble", said, all_at_once=True)
    half = look(trouble="chat-v2-x: OOMKilled", ready=2)
    said = "the canary cannot serve: chat-v2-x: OOMKilled"
    assert decide(at, half, drive=True) == Intend("rollback", 0, "trouble", said)


def test_warming_ends_with_a_loaded_model_or_in_time() -> None:
    at = state(phase=Phase.WARMING, step=-1, weight=0, passed=0)
    assert decide(at, look(0.0), drive=False) == Ready()
    assert decide(at, look(0.0, model_ready=False), drive=False) == Hold("v2 has not loaded its model", NOW + 10)
    late = decide(at, look(0.0, now=NOW + 1200, ready=0), drive=False)
    said = "the canary was not ready after 1800 s: 0 of 1 pods of v2 ready"
    assert late == Intend("rollback", 0, "capacity", said, all_at_once=True)
    broken = decide(at, look(0.0, now=NOW + 1200, ready=0, trouble="CrashLoopBackOff"), drive=False)
    assert isinstance(broken, Intend) and broken.cause == "trouble"


def test_a_canary_that_crashes_with_requests_does_not_warm_up() -> None:
    """Some begin at a weight above 0."""
    at = state(phase=Phase.WARMING, step=-1, weight=1, passed=0)
    assert isinstance(decide(at, look(1.0, ready=0, trouble="svc/v2 has no ready endpoints"), drive=False), Hold)
    back = decide(at, look(1.0, ready=0, trouble="v2-x: CrashLoopBackOff"), drive=False)
    assert isinstance(back, Intend) and (back.word, back.cause) == ("rollback", "trouble")


def test_a_person_holds_it_and_it_resumes_by_itself_else() -> None:
    at = state(phase=Phase.PAUSED, cause="inconclusive")
    assert decide(at, look(), drive=True) == Resume()
    assert decide(replace(at, paused_by="ana"), look(), drive=True) == Done()
    assert decide(replace(at, passed=5), look(), drive=True) == Intend("shift", 25, reason="5 % has passed")


def test_the_old_side_is_kept_for_its_time() -> None:
    at = state(phase=Phase.PROMOTED, weight=100, since=stamp(NOW - 1000))
    assert decide(at, look(100.0), drive=True) == Hold("keeping the old version", NOW + 800)
    assert decide(at, look(100.0), drive=False) == Done()
    retire = decide(at, look(100.0, now=NOW + 800), drive=False)
    assert retire == Intend("retire", 100, reason="its time is over")
    assert decide(replace(at, ended=stamp(NOW)), look(100.0, now=NOW + 800), drive=True) == Done()


# --- the journal ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.booleans(), st.integers(1, 99))
def test_a_partial_rollback_asks_for_that_weight_again(step: int, passed: bool, percent: int) -> None:
    at = state(step=step, weight=STEPS[step], passed=STEPS[step] if passed else STEPS[step - 1])
    weight = 1 + percent % (at.weight - 1)
    going = journal.intended(at, Intend("rollback", weight, "asked"), NOW, "ana")
    back = journal.committed(going, NOW, "ana")
    assert (back.phase, back.weight, back.paused_by, back.pending) == (Phase.PAUSED, weight, "ana", None)
    assert back.passed < weight <= next_step(back)
    assert back.passed <= at.passed


def test_what_was_refused_leaves_no_trace() -> None:
    at = state(phase=Phase.PAUSED, cause="inconclusive", reason="because")
    going = journal.intended(at, Intend("shift", 25), NOW, "ana")
    assert (going.phase, going.pending and going.pending.weight) == (Phase.SHIFTING, 25)
    assert journal.withdrawn(going, at) == at
