"""What comes next for a gang, a node and a pod, from what is remembered and what is seen. Pure."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.ages import stamp
from k8sai.evict.facts import BEFORE_STOP, Ack, Contract, Grade, Phase, PodRef, Proof, Ref, Request, Switch, at_least
from k8sai.evict.running.actions import Action, Ask, Change, Hold, Push, Turn
from k8sai.evict.running.decide import decide
from k8sai.evict.running.decide_gang import BLOCKED, MARGIN, Now, back, next_for
from k8sai.evict.running.seen import Attempt, GangSeen, NodeSeen, Seen
from k8sai.evict.state import GangState, Intent, NodeState, Settings, Stage, State
from k8sai.evict.switches.step import Never, Wait, Write

AT = 1_800_000_000.0
JOB = Ref("jobs.batch", "ml", "llm", "u1", "job")
PODS = (PodRef("ml", "llm-0", "p0", "n0", 8.0, 0), PodRef("ml", "llm-1", "p1", "n1", 8.0, 1))
CONTRACT = Contract(("annotation", "exec"), deadline=60.0)
GANG = GangState("u1", JOB, "Job", PODS, 16.0, CONTRACT, Switch("suspend", JOB), action="stop", since=stamp(AT))
STOP = Write(JOB, patch=[{"op": "add"}])
HERE = GangSeen(here=2, alive=2)


def now(at: float = AT, *, slots: int = 1, held: bool = True, **settings: Any) -> Now:
    return Now(at, "ana", "abc234", Settings(**settings), slots, held)


def asked(**more: Any) -> GangState:
    request = Request("abc234-u1-0", AT + 60.0, "drain", "ana", AT)
    intent = Intent("request", stamp(AT), "ana")
    known: dict[str, Any] = {"phase": Phase.REQUESTED, "method": "annotation", "request": request, "pending": intent}
    return replace(GANG, **{**known, **more})


def saved(**more: Any) -> GangState:
    proof = Proof(Grade.ATTESTED, step=10)
    return asked(**{"phase": Phase.SAVED, "proof": proof, "pending": None, **more})


def stopping(**more: Any) -> GangState:
    return saved(**{"phase": Phase.STOPPING, "pending": Intent("stop", stamp(AT), "ana"), **more})


def to(action: Action | None) -> GangState:
    assert isinstance(action, Change), action
    assert isinstance(action.to, GangState)
    return action.to


# --- before it is stopped ---------------------------------------------------------------------------------------------


def test_nothing_is_asked_before_every_node_is_cordoned() -> None:
    assert isinstance(next_for(GANG, HERE, now(held=False)), Hold)
    assert to(next_for(GANG, HERE, now())).phase is Phase.LOCKED


def test_its_request_is_remembered_before_it_is_made() -> None:
    gang = to(next_for(replace(GANG, phase=Phase.LOCKED), HERE, now()))
    assert gang.pending is not None
    assert (gang.phase, gang.method, gang.pending.word) == (Phase.REQUESTED, "annotation", "request")
    assert isinstance(next_for(gang, HERE, now()), Ask)


def test_what_cannot_be_asked_is_not_said_to_be_asked() -> None:
    mute = replace(GANG, phase=Phase.LOCKED, contract=replace(CONTRACT, methods=("none",)))
    for gang, said in (
        (mute, "it cannot be asked"),
        (replace(GANG, phase=Phase.LOCKED), "asked by annotation, until "),
    ):
        action = next_for(gang, HERE, now())
        assert isinstance(action, Change)
        assert action.notes[0].text.startswith(said)


def test_it_waits_while_others_save() -> None:
    assert isinstance(next_for(replace(GANG, phase=Phase.LOCKED), HERE, now(slots=0)), Hold)


@pytest.mark.parametrize(("deadline", "until", "ends"), [(0, 0, 60), (30, 0, 30), (0, 50, 50 - MARGIN), (20, 50, 20)])
def test_the_earliest_deadline_wins(deadline: float, until: float, ends: float) -> None:
    see = replace(HERE, until=AT + until if until else 0.0, until_by="karpenter")
    settings: dict[str, Any] = {"deadline": AT + deadline} if deadline else {}
    gang = to(next_for(replace(GANG, phase=Phase.LOCKED), see, now(**settings)))
    assert gang.request is not None
    assert gang.request.deadline == AT + ends


def test_a_save_that_takes_longer_than_there_is_time_is_not_begun() -> None:
    slow = replace(GANG, phase=Phase.LOCKED, contract=replace(CONTRACT, last=Ack(seconds=90.0)))
    gang = to(next_for(slow, HERE, now(deadline=AT + 60)))
    assert (gang.phase, gang.reason) == (Phase.TIMED_OUT, "a checkpoint takes 90s, and there is less time left")


def test_a_way_that_fails_is_withdrawn_and_followed_by_the_next() -> None:
    see = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", trouble="403"))
    failed = to(next_for(asked(), see, now()))
    assert (failed.tried, failed.pending and failed.pending.word) == (("annotation: 403",), "withdraw")
    gang = to(next_for(replace(failed, pending=None, request=None), HERE, now()))
    assert gang.method == "exec"


def test_answers_are_counted() -> None:
    see = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", heard=3, asked=8))
    action = next_for(asked(), see, now())
    assert isinstance(action, Change)
    assert (to(action).phase, action.notes[0].text) == (Phase.ACKED, "3 of 8 have taken it up")
    see = replace(see, attempt=Attempt("annotation", "abc234-u1-0", heard=3, asked=8, looked=AT + 60))
    late = to(next_for(asked(phase=Phase.ACKED), see, now(AT + 61)))
    assert (late.phase, late.reason) == (Phase.TIMED_OUT, "no proof in time (3 of 8 have taken it up)")


def test_whoever_was_asked_by_one_who_died_is_asked_again() -> None:
    gang = to(next_for(asked(), HERE, now(AT + 300)))
    assert gang.request is not None
    assert (gang.request.id, gang.request.deadline) == ("abc234-u1-0", AT + 360)
    later = to(next_for(asked(), HERE, now(AT + 3000)))
    assert later.request is not None
    assert later.request.id != "abc234-u1-0"


def test_pods_that_somebody_else_deleted_are_lost_to_them() -> None:
    gang = to(next_for(asked(pending=None), GangSeen(taker="DeletionByTaintManager ()"), now()))
    assert (gang.phase, gang.reason) == (Phase.LOST, "lost to DeletionByTaintManager ()")
    ended = to(next_for(replace(GANG, action="wait"), GangSeen(ended=True, end="Complete"), now()))
    assert (ended.phase, ended.reason) == (Phase.SKIPPED, "it has ended by itself: Complete")


@pytest.mark.parametrize(("policy", "phase"), [("skip", Phase.TIMED_OUT), ("evict", Phase.SAVED)])
def test_what_happens_without_proof(policy: Any, phase: Phase) -> None:
    see = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", looked=AT + 60))
    assert to(next_for(asked(), see, now(AT + 61, on_timeout=policy))).phase is phase


@pytest.mark.parametrize("policy", ["skip", "evict", "abort"])
def test_nobody_is_late_whose_answer_was_not_looked_for_since_its_deadline(policy: Any) -> None:
    see = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", looked=AT + 59))
    assert isinstance(next_for(asked(), see, now(AT + 61, on_timeout=policy)), Hold)
    failed = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", looked=AT + 59, trouble="403"))
    assert not isinstance(next_for(asked(), failed, now(AT + 61, on_timeout=policy)), Hold)
    taken = replace(see, until=AT + 61)
    assert not isinstance(next_for(asked(), taken, now(AT + 61, on_timeout=policy)), Hold)


def test_or_all_of_it_is_taken_back() -> None:
    see = replace(HERE, attempt=Attempt("annotation", "abc234-u1-0", looked=AT + 60))
    action = next_for(asked(), see, now(AT + 61, on_timeout="abort"))
    assert isinstance(action, Turn)
    assert action.stage is Stage.ABORTING


def test_a_proof_that_is_old_is_asked_for_again() -> None:
    assert to(next_for(saved(), HERE, now(AT + 5))).phase is Phase.STOPPING
    gang = to(next_for(saved(), HERE, now(AT + 4000)))
    assert (gang.phase, gang.proof, gang.stops) == (Phase.REQUESTED, None, 0)


# --- stopped ----------------------------------------------------------------------------------------------------------


def test_the_stop_is_written_once() -> None:
    assert isinstance(next_for(stopping(), replace(HERE, stop=STOP), now()), Push)
    again = to(next_for(stopping(stops=1), replace(HERE, stop=STOP), now()))
    assert again.pending is None
    assert to(next_for(stopping(), replace(HERE, stop=None), now())).stops == 1


def test_what_cannot_be_stopped_runs_on() -> None:
    gang = to(next_for(stopping(), replace(HERE, stop=Never("it is gone")), now()))
    assert (gang.phase, gang.stops, gang.reason) == (Phase.FAILED, 0, "it is gone")


def test_it_starts_once_every_old_pod_is_gone_and_its_request_is_withdrawn() -> None:
    stopped = stopping(stops=1, pending=None)
    assert isinstance(next_for(stopped, GangSeen(alive=1, going=1), now()), Hold)
    gang = to(next_for(stopped, GangSeen(), now()))
    assert gang.phase is Phase.STOPPED
    withdraws = to(next_for(gang, GangSeen(start=STOP), now()))
    assert withdraws.pending is not None
    assert withdraws.pending.word == "withdraw"
    starts = to(next_for(replace(withdraws, pending=None, request=None), GangSeen(start=STOP), now()))
    assert starts.pending is not None
    assert starts.pending.word == "start"
    assert isinstance(next_for(starts, GangSeen(start=STOP), now()), Push)
    assert to(next_for(starts, GangSeen(start=None), now())).phase is Phase.REQUEUED


def test_a_budget_that_keeps_its_pods_is_waited_for() -> None:
    kept = stopping(switch=Switch("evict"))
    see = replace(HERE, stop=STOP, blocked="needs 2", never=False)
    assert isinstance(next_for(kept, see, now()), Push)
    gang = to(next_for(kept, see, now(AT + 301)))
    assert (gang.phase, gang.reason) == (Phase.FAILED, f"{BLOCKED}needs 2")
    assert to(next_for(kept, replace(see, never=True), now())).phase is Phase.FAILED


def test_pods_that_come_back_on_a_drained_node_are_an_error() -> None:
    again = saved(phase=Phase.REQUEUED, stops=1)
    gang = to(next_for(again, GangSeen(back=("llm-0",), running=True), now(wait_ready=60.0)))
    assert "made again on a node to be drained: llm-0" in gang.reason


def test_an_older_step_is_said() -> None:
    runs = saved(phase=Phase.RUNNING, stops=1, reason="")
    gang = to(next_for(runs, GangSeen(restored=7), now(wait_ready=60.0)))
    assert gang.reason == "restored from step 7, and step 10 was proven"
    assert to(next_for(runs, GangSeen(restored=10), now(wait_ready=60.0))).reason == ""


# --- taken back -------------------------------------------------------------------------------------------------------


def test_what_was_asked_is_withdrawn_and_what_was_stopped_is_started() -> None:
    gang = to(back(asked(), HERE, now()))
    assert gang.pending is not None
    assert (gang.phase, gang.pending.word) == (Phase.SKIPPED, "withdraw")
    untouched = to(back(stopping(), replace(HERE, stop=STOP), now()))
    assert (untouched.phase, untouched.stops) == (Phase.SKIPPED, 0)
    assert to(back(stopping(), replace(HERE, stop=None), now())).stops == 1
    assert back(saved(phase=Phase.REQUEUED), HERE, now()) is None


# --- all of it --------------------------------------------------------------------------------------------------------

_STEPS = st.sampled_from([None, STOP, Wait("x"), Never("x")])
_GANGS = st.builds(
    lambda phase, stops, grade, word, method: replace(
        saved(),
        phase=phase,
        stops=stops if phase not in BEFORE_STOP else 0,
        proof=Proof(grade) if grade else None,
        pending=Intent(word, stamp(AT), "ana") if word else None,
        method=method,
    ),
    st.sampled_from(list(Phase)),
    st.integers(0, 1),
    st.sampled_from([None, *Grade]),
    st.sampled_from(["", "request", "stop", "start", "withdraw"]),
    st.sampled_from(["", "annotation", "none", "periodic"]),
)
_SEEN = st.builds(
    lambda here, alive, going, stop, start, grade: GangSeen(
        here=min(here, alive), alive=alive, going=going, stop=stop, start=start, proof=Proof(grade) if grade else None
    ),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 2),
    _STEPS,
    _STEPS,
    st.sampled_from([None, *Grade]),
)


@given(_GANGS, _SEEN, st.floats(0, 5000), st.sampled_from(["skip", "evict", "abort"]), st.booleans())
def test_a_stop_is_only_decided_on_with_its_proof_and_once(
    gang: GangState, see: GangSeen, passed: float, policy: Any, held: bool
) -> None:
    for action in (next_for(gang, see, now(AT + passed, held=held, on_timeout=policy)), back(gang, see, now(AT))):
        if not isinstance(action, Change) or not isinstance(action.to, GangState):
            continue
        after = action.to
        assert gang.stops <= after.stops <= 1
        if after.pending and after.pending.word == "stop" and gang.pending is None:
            assert after.proof is not None
            assert at_least(after.proof.grade, after.accepted)
            assert held
            assert not gang.stops


def test_nodes_are_drained_last() -> None:
    node = NodeState("n0", "u", cordoned=True, ours=True)
    gang = saved(phase=Phase.REQUEUED, stops=1)
    state = State("abc234", "h", nodes=(node,), gangs=(gang,), settings=Settings(conditions=False))
    seen = Seen(AT, {"n0": NodeSeen(cordoned=True, ours=True, by_us=True)}, {}, {})
    (action,) = decide(state, seen, "ana")
    assert isinstance(action, Change)
    assert isinstance(action.to, NodeState)
    assert action.to.drained
    done = replace(state, nodes=(action.to,))
    assert decide(done, seen, "ana") == (Turn(Stage.DONE, ""),)
    left = Seen(AT, {"n0": NodeSeen(cordoned=True, ours=True, left=("ml/x",))}, {}, {})
    (action,) = decide(state, left, "ana")
    assert isinstance(action, Change)
    assert isinstance(action.to, NodeState)
    assert action.to.reason == "still there: ml/x"
