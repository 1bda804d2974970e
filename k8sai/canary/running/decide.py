"""The state machine of a rollout, pure: from what is remembered, what is seen and the time, the one thing to do next.

In this order: what has ended, what is being rolled back, what cannot serve, what somebody else has changed, the goal in
the journal, and only then the way up. So nothing that is wrong is ever hidden behind progress.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.ages import epoch
from k8sai.canary.facts import Phase, Seen, Side
from k8sai.canary.gate import Gate, Outcome
from k8sai.canary.running.actions import (
    Action,
    Astray,
    Done,
    GoOn,
    Hold,
    Intend,
    Measure,
    Pass,
    Pause,
    Ready,
    Resume,
)
from k8sai.canary.running.said import failed, held_for
from k8sai.canary.state import State

UNSPLIT: Final = 2  # windows in a row that were not split as configured, until it is said
LOOKS: Final = 10.0  # seconds until a canary that gets requests is looked at again
_BROKEN: Final = ("CrashLoopBackOff", "OOMKilled", "FailedToLoad")  # not mended by waiting
_UP: Final = ("begin", "shift", "promote")


@dataclass(frozen=True, slots=True)
class Look:
    """What is there at a time (epoch seconds). `astray` is what somebody else has changed, a sentence each."""

    seen: Seen
    now: float
    astray: tuple[str, ...] = ()


def decide(state: State, look: Look, *, drive: bool) -> Action:
    """`drive`: take steps; else only end what has been begun."""
    pending = state.pending
    if state.phase is Phase.DRIFTED:
        return Done()
    if state.phase in (Phase.ROLLED_BACK, Phase.FAILED):
        return GoOn() if pending else Done()
    if state.phase is Phase.PROMOTED:
        return _kept(state, look.now, drive=drive)
    if pending and pending.word not in _UP:
        return GoOn()
    if trouble := _trouble(state, look.seen):
        return trouble
    if look.astray:
        return Astray(look.astray)
    if pending:
        return GoOn()
    if state.phase in (Phase.PLANNED, Phase.PREFLIGHT):
        return Intend("begin", state.start, reason="as asked for")
    if state.phase is Phase.WARMING:
        return _warming(state, look)
    return _upwards(state, look) if drive else Done()


def serves(side: Side | None) -> bool:
    """It has pods that answer and, where that is told, has loaded its model."""
    return side is not None and not side.trouble and side.model_ready is not False and side.ready != 0


# --- in order ---------------------------------------------------------------------------------------------------------


def _kept(state: State, now: float, *, drive: bool) -> Action:
    """Promoted: the old side stays a while."""
    if state.pending:
        return GoOn()
    if state.ended:
        return Done()
    until = epoch(state.since) + state.settings.keep_old
    if now >= until:
        return Intend("retire", state.weight, reason="its time is over")
    return Hold("keeping the old version", until) if drive else Done()


def _trouble(state: State, seen: Seen) -> Action | None:
    """A canary that gets requests and cannot serve is taken back; that needs no metrics."""
    side = seen.canary
    if side is None or not side.trouble or not max(state.weight, seen.configured):
        return None
    if state.phase is Phase.WARMING and not any(word in side.trouble for word in _BROKEN):
        return None  # that nobody answers yet is what is waited for
    return Intend("rollback", 0, "trouble", f"the canary cannot serve: {side.trouble}", all_at_once=not side.ready)


def _warming(state: State, look: Look) -> Action:
    if look.seen.applied and serves(look.seen.canary):
        return Ready()
    until = epoch(state.since) + state.settings.ready_timeout
    if look.now < until:
        return Hold(_waiting(look.seen), min(until, look.now + LOOKS))
    broken = look.seen.canary.trouble if look.seen.canary else ""
    why = f"the canary was not ready after {state.settings.ready_timeout:g} s: {_waiting(look.seen)}"
    return Intend("rollback", 0, "trouble" if broken else "capacity", why, all_at_once=True)


def _waiting(seen: Seen) -> str:
    side = seen.canary
    if side is None:
        return seen.waiting or "the canary is not there yet"
    if side.trouble:
        return side.trouble
    if side.model_ready is False:
        return seen.waiting or f"{side.name} has not loaded its model"
    return seen.waiting or f"{side.ready or 0} of {side.replicas or 1} pods of {side.name} ready"


def _upwards(state: State, look: Look) -> Action:
    if state.phase is Phase.PAUSED:
        if state.paused_by:
            return Done()
        if state.step >= 0 and state.passed < state.weight:
            return Resume()
    if state.step < 0:
        return Intend("shift", state.steps[0], reason="the first step")
    if state.passed < state.weight:
        return _gating(state, look.now)
    if state.last:
        return Intend("promote", 100, reason="all steps have passed")
    return Intend("shift", next_step(state), reason=f"{state.weight} % has passed")


def next_step(state: State) -> int:
    """The smallest step above what has passed: the weight never gets beyond it."""
    return next((one for one in state.steps if one > state.passed), 100)


# --- the gate ---------------------------------------------------------------------------------------------------------


def _gating(state: State, now: float) -> Action:
    settings, warm = state.settings, epoch(state.shifted) + state.settings.warmup
    if now < warm:
        return Hold("warming up: not counted", min(warm, now + LOOKS))
    if not settings.gated:
        return Pass(f"{state.weight} % passes without a gate", "ungated")
    verdict = Gate.of(state.gate, settings).verdict()
    if verdict.outcome is Outcome.FAIL:
        return Intend("rollback", 0, "gate", failed(verdict))
    if state.blind and now - epoch(state.blind) >= settings.no_data:
        return Pause("no-data", f"no numbers for {now - epoch(state.blind):.0f} s: {state.reason or 'no data'}")
    split = state.unsplit >= UNSPLIT
    if verdict.outcome is Outcome.PASS and not split:
        return Pass(f"the gate has passed at {state.weight} %")
    if now >= max(warm, epoch(state.since)) + settings.gate_timeout:
        return _inconclusive(state, held_for(state, verdict))
    begin = max(warm, epoch(state.measured) if state.measured else warm)
    if now < begin + settings.interval:
        return Hold(held_for(state, verdict), min(begin + settings.interval, now + LOOKS))
    return Measure(begin, now)


def _inconclusive(state: State, why: str) -> Action:
    split = state.unsplit >= UNSPLIT
    said = f"no verdict after {state.settings.gate_timeout:g} s: {why}"
    match state.settings.on_inconclusive:
        case "rollback":
            return Intend("rollback", 0, "inconclusive", said)
        case "promote" if not split:
            return Pass(f"{said}; --on-inconclusive promote", "inconclusive")
        case _:
            return Pause("split" if split else "inconclusive", said)
