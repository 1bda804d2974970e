"""Back to the stable side: always allowed, asks neither metrics nor gate, and wins over whatever was on its way."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sai.canary.facts import Phase
from k8sai.canary.running.actions import Intend
from k8sai.canary.running.carry import look
from k8sai.canary.running.hands import Hands
from k8sai.canary.running.loop import Loop
from k8sai.canary.state import State
from k8sai.errors import Refused, Usage

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held


def rollback(
    hands: Hands,
    held: "Held",
    *,
    to_weight: int = 0,
    gradual: bool = False,
    reason: str = "",
    end: float | None = None,
) -> "Held":
    """To `to_weight` (percent), through the steps below where it is `gradual`. Raises Refused, Usage, TimedOut."""
    loop = Loop(hands, end=end)
    if to_weight:
        _insist_on_less(hands, held, to_weight)
    for goal in _goals(held.state, to_weight, reason or "asked for", gradual=gradual):
        if goal.weight != to_weight:
            held = loop.run(loop.intend(held, goal))
            _rest(hands, held.state.settings.interval)
        elif not _same(held.state, goal):
            held = loop.intend(held, goal)
    return loop.run(held)


def _insist_on_less(hands: Hands, held: "Held", weight: int) -> None:
    """Than what the canary really gets: a shift may have been begun, or not. Raises Usage."""
    there = look(hands, held).seen.configured
    if weight >= there:
        raise Usage(f"--to-weight {weight} is not less than the {there:g} % there are", "leave it out for 0")


def _rest(hands: Hands, seconds: float) -> None:
    """The whole time, whatever changes meanwhile: caches get warm. Raises Locked."""
    until = hands.now() + seconds
    while (left := until - hands.now()) > 0:
        hands.lease.insist()
        hands.pause(left)


def restore(hands: Hands, held: "Held", *, end: float | None = None) -> "Held":
    """After a rollback: the old version's text is written back, where that starts a new revision. Raises Refused."""
    loop = Loop(hands, end=end)
    if held.state.phase is not Phase.ROLLED_BACK:
        raise Refused("it is not rolled back yet", "roll back first")
    return loop.run(loop.intend(held, Intend("restore", 0, reason="the old version's text")))


def _goals(state: State, to_weight: int, reason: str, *, gradual: bool) -> Iterator[Intend]:
    """None where it is back already. Raises Refused."""
    if state.phase in (Phase.ROLLED_BACK, Phase.FAILED) and not state.pending:
        return
    if state.phase is Phase.PROMOTED and state.ended:
        raise Refused(
            "it is promoted and the old version is gone",
            f"`k8sai canary start {state.target.title} -n {state.target.namespace}` with the old version",
        )
    for lower in reversed(state.steps if gradual else ()):
        if to_weight < lower < state.weight:
            yield Intend("rollback", lower, "asked", f"{reason}, gradually")
    yield Intend("rollback", to_weight, "asked", reason)


def _same(state: State, goal: Intend) -> bool:
    """It is on its way already."""
    pending = state.pending
    return bool(pending and pending.word == "rollback" and pending.weight == goal.weight)
