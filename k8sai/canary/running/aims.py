"""Which goal a verb would set, for its plan; the same refusals as the verb's own, but nothing is measured."""

from k8sai.canary.backend import Begin, Goal, Promote, Restore, Retire, Rollback, Shift
from k8sai.canary.facts import Phase, Seen
from k8sai.canary.gate import Gate, Outcome
from k8sai.canary.running.carry import dead, goal_of
from k8sai.canary.running.decide import next_step
from k8sai.canary.running.said import held_for
from k8sai.canary.running.verbs import insist_on_way, target_of
from k8sai.canary.running.wishes import wish_of
from k8sai.canary.state import State

__all__ = ["gate_notes", "of_promote", "of_rollback", "of_run", "of_step", "target_of"]


def of_step(state: State, to: int | None, expect: int | None) -> Goal | None:
    """None: it stands. Raises what `verbs.step` raises, but for the gate."""
    target = target_of(state, to, expect)
    if target == state.weight and state.step >= 0 and not state.pending:
        return None
    if not (state.pending and state.pending.word == "shift"):
        insist_on_way(state, "step")
    return Shift(target)


def of_promote(state: State, keep_old: float | None) -> Goal | None:
    """The promotion, or what is left to do after it."""
    if state.phase is Phase.PROMOTED:
        return Retire() if not state.ended and keep_old == 0 else None
    if not (state.pending and state.pending.word == "promote"):
        insist_on_way(state, "promote")
    return Promote()


def of_rollback(state: State, seen: Seen, to_weight: int, *, restore: bool) -> Goal | None:
    """The way back."""
    if state.phase in (Phase.ROLLED_BACK, Phase.FAILED) and not state.pending:
        return Restore() if restore else None
    return Rollback(to_weight, dead(seen))


def of_run(state: State, seen: Seen) -> Goal | None:
    """The next goal on the way, if its gate passes."""
    if state.pending:
        return goal_of(state, state.pending, seen)
    if state.phase in (Phase.ROLLED_BACK, Phase.FAILED, Phase.DRIFTED) or state.ended:
        return None
    if state.phase is Phase.PROMOTED:
        return Retire()
    if state.phase in (Phase.PLANNED, Phase.PREFLIGHT):
        return Begin(wish_of(state.wish), state.start)
    if state.last:
        return Promote()
    above = next((one for one in state.steps if one > state.weight), 100)
    return Shift(state.steps[0] if state.step < 0 else max(above, next_step(state)))


def gate_notes(state: State, force: str) -> tuple[str, ...]:
    """What stands in the way of a step, by the last look; nothing is measured for a plan."""
    if force or state.step < 0 or not state.settings.gated or state.passed >= state.weight:
        return ()
    verdict = Gate.of(state.gate, state.settings).verdict()
    if verdict.outcome is Outcome.PASS:
        return ()
    if verdict.outcome is Outcome.FAIL:
        return ("the gate of this step has failed: this would not be written",)
    return (f"{held_for(state, verdict)}: until then this is not written",)
