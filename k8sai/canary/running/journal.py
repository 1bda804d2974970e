"""How a state changes: whatever happens makes a new state, with its line in the history where people ask for it.

A goal is two changes: `intended` before the first write to the target, `committed` once the controllers have been seen
to have taken it over. Only the second changes the weight.
"""

from dataclasses import replace

from k8sai.ages import stamp
from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.gate import Gate
from k8sai.canary.running.actions import Intend
from k8sai.canary.state import KEPT, Cause, Happened, Intent, State, Word

_ON_THE_WAY: dict[Word, Phase] = {
    "begin": Phase.WARMING,
    "shift": Phase.SHIFTING,
    "promote": Phase.PROMOTING,
    "rollback": Phase.ROLLING_BACK,
}


def happened(state: State, now: float, by: str, verb: str, reason: str, after: int | None = None) -> State:
    """One more line."""
    line = Happened(stamp(now), by, verb, reason, state.weight, state.weight if after is None else after)
    return replace(state, history=(*state.history, line)[-KEPT:])


def in_phase(state: State, phase: Phase, now: float, cause: Cause = "", reason: str = "") -> State:
    """Since now; whoever paused it has no part in it any more."""
    ended = stamp(now) if phase in ENDED and phase is not Phase.PROMOTED else ""
    free = replace(state, paused_by="", paused_in="", drift=())
    return replace(free, phase=phase, since=stamp(now), cause=cause, reason=reason, ended=ended)


def intended(state: State, goal: Intend, now: float, by: str) -> State:
    """The goal is in the journal, in place of any other."""
    intent = Intent(goal.word, goal.weight, state.weight, stamp(now), by, goal.all_at_once, goal.reason)
    phase = _ON_THE_WAY.get(goal.word)
    moved = in_phase(state, phase, now, goal.cause, goal.reason) if phase else state
    return replace(moved, pending=intent)


def withdrawn(state: State, before: State) -> State:
    """The goal was refused before anything was written: as it was."""
    return _still_paused(state, replace(before, epoch=state.epoch, history=state.history))


def committed(state: State, now: float, by: str) -> State:
    """What was intended stands. Raises ValueError where nothing was."""
    goal = state.pending
    if goal is None:
        raise ValueError("nothing is pending")
    told = happened(replace(state, pending=None), now, by, goal.word, goal.reason, goal.weight)
    return _still_paused(state, _stands(told, goal, now, by))


def _still_paused(before: State, after: State) -> State:
    """A person who pauses while a goal is on its way has the last word, once that stands."""
    if not before.paused_by or after.phase is Phase.PAUSED or after.phase in ENDED:
        return after
    held = replace(after, phase=Phase.PAUSED, paused_by=before.paused_by, paused_in=after.phase)
    return replace(held, cause=before.cause, reason=before.reason)


def _stands(told: State, goal: Intent, now: float, by: str) -> State:
    match goal.word:
        case "begin":
            return replace(told, weight=goal.weight, phase=Phase.WARMING)
        case "shift":
            return _at(told, goal.weight, now)
        case "promote":
            return in_phase(replace(told, weight=100), Phase.PROMOTED, now)
        case "retire":
            return replace(told, ended=stamp(now))
        case "restore":
            return told
        case "rollback":
            return _back(told, goal.weight, now, by)


def _at(state: State, weight: int, now: float) -> State:
    """At a step: its gate begins anew, but for the evidence of harm."""
    gate = Gate.of(state.gate, state.settings).at_step().document() if state.gate else {}
    step = max((i for i, one in enumerate(state.steps) if one <= weight), default=-1)
    moved = replace(state, weight=weight, step=step, shifted=stamp(now), gate=gate, measured="", blind="", unsplit=0)
    return in_phase(moved, Phase.GATING, now)


def _back(state: State, weight: int, now: float, by: str) -> State:
    if not weight:
        return in_phase(
            replace(state, weight=0, blind="", unsplit=0), Phase.ROLLED_BACK, now, state.cause, state.reason
        )
    below = max((one for one in state.steps if one < weight), default=0)
    lower = _at(replace(state, passed=min(state.passed, below)), weight, now)
    return replace(in_phase(lower, Phase.PAUSED, now, "person", f"rolled back to {weight} %"), paused_by=by)


def ready(state: State, now: float, by: str) -> State:
    """The canary serves: whoever began may say how it goes on."""
    told = happened(state, now, by, "ready", "the canary serves")
    return in_phase(told, Phase.PAUSED, now, "start", "ready for its first step")


def passed(state: State, now: float, by: str, verb: str, reason: str) -> State:
    """The gate of this weight is behind us."""
    told = happened(state, now, by, verb, reason)
    return replace(told, passed=max(state.passed, state.weight), reason="", cause="", blind="", unsplit=0)


def forced(state: State, below: int, now: float, by: str, reason: str) -> State:
    """A person answers for all steps up to this weight."""
    told = happened(state, now, by, "force", reason)
    return replace(told, passed=max(state.passed, below))


def paused(state: State, now: float, by: str, cause: Cause, reason: str) -> State:
    """By itself; the weight stays."""
    return in_phase(happened(state, now, by, "pause", reason), Phase.PAUSED, now, cause, reason)


def resumed(state: State, now: float, by: str) -> State:
    """The step is gated on; patience begins anew."""
    told = happened(state, now, by, "resume", "run again")
    return in_phase(replace(told, blind="", unsplit=0), Phase.GATING, now)


def drifted(state: State, now: float, by: str, drift: tuple[str, ...]) -> State:
    """Somebody else has changed it. The goal that was on its way stays in the journal."""
    told = happened(state, now, by, "drift", "; ".join(drift))
    return replace(in_phase(told, Phase.DRIFTED, now, "drift", "; ".join(drift)), drift=drift)
