"""What a person or a pipeline asks of a rollout that is there: step, promote, run. Each says no before it writes.

All of them are idempotent: asked again for what stands, they write nothing.
"""

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from k8sai.ages import epoch
from k8sai.canary.backend import Retire
from k8sai.canary.facts import Phase
from k8sai.canary.gate import Gate, Outcome
from k8sai.canary.running import carry, journal, measure
from k8sai.canary.running.actions import Intend
from k8sai.canary.running.decide import UNSPLIT
from k8sai.canary.running.hands import Hands
from k8sai.canary.running.loop import Loop
from k8sai.canary.running.said import failed, held_for
from k8sai.canary.state import OnInconclusive, State
from k8sai.errors import Drift, Exit, K8saiError, Refused, Usage

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held


class Undecided(K8saiError):
    """The gate has no verdict yet: nothing was written."""

    exit = Exit.INCONCLUSIVE


class Failing(K8saiError):
    """The gate of this step has failed: nothing was written."""

    exit = Exit.FAILED_SAFE


def step(
    hands: Hands, held: "Held", to: int | None = None, *, force: str = "", expect: int | None = None, end: float | None
) -> "Held":
    """To the next step, or to `to`. Raises Refused, Undecided, Failing, Drift, Usage, and what the loop raises."""
    state, loop = held.state, Loop(hands, end=end)
    insist_on_no_drift(state)
    target = target_of(state, to, expect)
    pending = state.pending
    if pending and pending.word == "shift" and pending.weight == target:
        return loop.run(held)
    if target == state.weight and state.step >= 0 and not pending:
        return held
    insist_on_way(state, "step")
    if target < state.weight:
        raise Usage(f"{target} % is less than the {state.weight} % there are", _back(state, f" --to-weight {target}"))
    held = _cleared(hands, held, target, force)
    return loop.run(loop.intend(held, Intend("shift", target, reason=force or "asked for")))


def target_of(state: State, to: int | None, expect: int | None) -> int:
    """Raises Usage, Drift, Refused."""
    if to is not None and to not in state.steps:
        raise Usage(f"{to} % is no step", f"the steps are {','.join(map(str, state.steps))}")
    begin = state.weight if expect is None else expect
    if state.step < 0 and expect in (None, state.weight):
        found: int | None = state.steps[0]
    else:
        found = next((one for one in state.steps if one > begin), None)
    target = found if to is None else to
    if target is None:
        raise Refused(f"{state.weight} % is the last step", f"`k8sai canary promote {_title(state)}`")
    if expect is not None and state.weight not in (expect, target):
        raise Drift(f"the canary has {state.weight} %, not {expect} %", f"`k8sai canary status {_title(state)}`")
    return target


def _cleared(hands: Hands, held: "Held", target: int, force: str) -> "Held":
    """All steps below are behind us: passed, or forced by somebody who says why."""
    state = held.state
    below = max((one for one in state.steps if one < target), default=0)
    if state.passed >= below:
        return held
    if force:
        return hands.journal.save(held, journal.forced(state, below, hands.now(), hands.by, force))
    skipped = [one for one in state.steps if state.weight < one < target]
    if skipped:
        raise Refused(
            f"{' and '.join(f'{one} %' for one in skipped)} would be skipped",
            f"`k8sai canary step {_title(state)} --next`, or say why with --force REASON",
        )
    return judged(hands, held)


def judged(hands: Hands, held: "Held") -> "Held":
    """With the requests since the last look counted, where that passes the gate. Raises Undecided, Failing."""
    state = held.state
    if state.passed >= state.weight:
        return held
    if not state.settings.gated:
        return _passed(hands, held, "ungated", f"{state.weight} % passes without a gate")
    now, warm = hands.now(), epoch(state.shifted) + state.settings.warmup if state.shifted else hands.now()
    if now < warm:
        raise Undecided(f"it warms up for {ceil(warm - now)} s more: nothing is counted", _status(state))
    begin = max(warm, epoch(state.measured) if state.measured else warm)
    if now - begin >= 1:
        held = hands.journal.save(held, measure.counted(hands, state, carry.look(hands, held).seen, begin, now))
    return _by_verdict(hands, held)


def _by_verdict(hands: Hands, held: "Held") -> "Held":
    state = held.state
    verdict = Gate.of(state.gate, state.settings).verdict()
    if verdict.outcome is Outcome.FAIL:
        raise Failing(failed(verdict), _back(state))
    if verdict.outcome is Outcome.PASS and state.unsplit < UNSPLIT:
        return _passed(hands, held, "pass", f"the gate has passed at {state.weight} %")
    raise Undecided(
        f"{held_for(state, verdict)}: the weight stays", f"{_status(state)}, or say why with --force REASON"
    )


def _passed(hands: Hands, held: "Held", verb: str, reason: str) -> "Held":
    saved = hands.journal.save(held, journal.passed(held.state, hands.now(), hands.by, verb, reason))
    hands.tell(verb, reason, saved.state)
    return saved


def promote(hands: Hands, held: "Held", *, keep_old: float | None = None, force: str = "", end: float | None) -> "Held":
    """The canary becomes the stable side. Raises as `step`."""
    state, loop = held.state, Loop(hands, end=end)
    if keep_old is not None and keep_old != state.settings.keep_old:
        held = hands.journal.save(held, replace(state, settings=replace(state.settings, keep_old=keep_old)))
        state = held.state
    insist_on_no_drift(state)
    if state.phase is not Phase.PROMOTED and not (state.pending and state.pending.word == "promote"):
        insist_on_way(state, "promote")
        held = _worthy(hands, held, force)
        held = loop.intend(held, Intend("promote", 100, reason=force or "asked for"))
    held = loop.run(held)
    return _retired(hands, loop, held)


def _worthy(hands: Hands, held: "Held", force: str) -> "Held":
    state = held.state
    if force:
        return hands.journal.save(held, journal.forced(state, state.steps[-1], hands.now(), hands.by, force))
    if not state.last:
        raise Refused(
            f"{state.weight} % is below the last step, {state.steps[-1]} %",
            f"`k8sai canary step {_title(state)} --next`, or say why with --force REASON",
        )
    return judged(hands, held)


def _retired(hands: Hands, loop: Loop, held: "Held") -> "Held":
    """Where the old side holds nothing, nothing is waited for."""
    state = held.state
    if state.phase is not Phase.PROMOTED or state.ended or state.pending:
        return held
    seen = carry.look(hands, held).seen
    if hands.backend.next(seen, Retire(), state.handle, carry.snapshot_of(held)) is not None:
        return held
    return loop.run(loop.intend(held, Intend("retire", state.weight, reason="the old version holds nothing")))


def run(hands: Hands, held: "Held", on_inconclusive: OnInconclusive | None, *, end: float | None) -> "Held":
    """The whole way, until it ends, is paused, or `end` (epoch seconds)."""
    state = held.state
    if on_inconclusive and on_inconclusive != state.settings.on_inconclusive:
        wanted = replace(state.settings, on_inconclusive=on_inconclusive)
        held = hands.journal.save(held, replace(state, settings=wanted))
    return Loop(hands, drive=True, end=end).run(held)


def insist_on_way(state: State, verb: str) -> None:
    """Raises Refused, Drift where a rollout cannot be taken further."""
    title = _title(state)
    insist_on_no_drift(state)
    if state.pending:
        raise Refused(f"{state.pending.word} is on its way: it cannot {verb}", f"`k8sai canary run {title}` ends it")
    if state.phase in (Phase.PLANNED, Phase.PREFLIGHT, Phase.WARMING):
        raise Refused("the canary does not serve yet", f"`k8sai canary status {title} --until paused`")
    if state.phase is Phase.PAUSED and state.paused_by:
        raise Refused(f"{state.paused_by} has paused it: {state.reason}", f"`k8sai canary resume {title}`")
    if state.phase in (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.FAILED):
        raise Refused(f"it has ended: {state.phase}", f"`k8sai canary start {title}` begins another one")


def insist_on_no_drift(state: State) -> None:
    """Raises Drift."""
    if state.phase is Phase.DRIFTED:
        raise Drift(f"somebody else has changed it: {state.reason}", _back(state))


def _title(state: State) -> str:
    return f"{state.target.title} -n {state.target.namespace}"


def _back(state: State, more: str = "") -> str:
    return f"`k8sai canary rollback {_title(state)}{more}`"


def _status(state: State) -> str:
    return f"`k8sai canary status {_title(state)}`"
