"""A person stops a rollout where it is, and lets it go on; whoever runs it finds that in the state.

A goal that has been begun is finished first: half of a shift is no place to stand. Going back is never held up.
"""

from dataclasses import replace
from typing import Final

from k8sai.ages import stamp
from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.running.journal import happened
from k8sai.canary.state import State
from k8sai.errors import Refused

_NOT_HELD: Final = {"promote": "is being promoted", "rollback": "is being rolled back", "restore": "is being restored"}


def pause(state: State, now: float, by: str, reason: str) -> State:
    """The weight stays where it is until `resume`; the same state where a person has paused it before. Raises
    Refused where there is nothing to hold: it has ended, or a goal is on its way that must not stop half way.
    """
    _insist_on_a_rollout(state, "pause")
    if state.pending and (what := _NOT_HELD.get(state.pending.word)):
        raise Refused(f"{state.target.title} {what}: that is finished first", _status(state))
    if state.paused_by:
        return state
    told = happened(state, now, by, "pause", reason)
    why = reason or f"paused by {by}"
    held = replace(told, phase=Phase.PAUSED, paused_in=state.phase, paused_by=by, since=stamp(now))
    return replace(held, cause="person", reason=why)


def resume(state: State, now: float, by: str) -> State:
    """Where it was before; the same state where nothing holds it but its next step. What has drifted is looked at
    again: while it is not as it was, it drifts again. Patience begins anew. Raises Refused where it has ended.
    """
    _insist_on_a_rollout(state, "resume")
    phase = _before(state)
    if phase is state.phase and not state.paused_by:
        return state
    told = happened(state, now, by, "resume", "")
    free = replace(told, phase=phase, paused_by="", paused_in="", since=stamp(now), blind="", unsplit=0, drift=())
    return replace(free, cause="start" if phase is Phase.PAUSED and state.step < 0 else "", reason="")


def _before(state: State) -> Phase:
    """The phase that goes on."""
    if state.phase is Phase.DRIFTED:
        return _by_goal(state)
    if state.phase is not Phase.PAUSED:
        return state.phase
    if state.paused_by and state.paused_in not in ("", Phase.PAUSED, Phase.DRIFTED):
        return Phase(state.paused_in)
    return Phase.GATING if state.step >= 0 and state.passed < state.weight else Phase.PAUSED


def _by_goal(state: State) -> Phase:
    if state.pending:
        return {"promote": Phase.PROMOTING, "shift": Phase.SHIFTING}.get(state.pending.word, Phase.WARMING)
    return Phase.GATING if state.step >= 0 else Phase.WARMING


def _insist_on_a_rollout(state: State, verb: str) -> None:
    if state.phase in ENDED:
        raise Refused(
            f"there is nothing to {verb}: the canary of {state.target.title} is {state.phase}", _status(state)
        )


def _status(state: State) -> str:
    return f"`k8sai canary status {state.target.title} -n {state.target.namespace}`"
