"""What a rollout's state means to a script, and the command to type next; the same for every verb.

Codes are those of the one table in `errors`.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.state import State
from k8sai.errors import Exit

_PAUSED: Final = {"inconclusive": Exit.INCONCLUSIVE, "no-data": Exit.INCONCLUSIVE, "split": Exit.INCONCLUSIVE}
_BACK: Final = {"asked": Exit.OK, "person": Exit.OK, "capacity": Exit.NO_CAPACITY, "inconclusive": Exit.INCONCLUSIVE}
_FAILED: Final = {"capacity": Exit.NO_CAPACITY, "drift": Exit.DRIFT}

# An operator carries it on.
MOVING: Final = frozenset((Phase.WARMING, Phase.SHIFTING, Phase.GATING, Phase.PROMOTING, Phase.ROLLING_BACK))


@dataclass(frozen=True, slots=True)
class Outcome:
    """`next` is a command of ours, without `k8sai` flags for the cluster; "" where there is nothing to do."""

    exit: Exit
    next: str = ""


def outcome(state: State | None, title: str, *, lost: bool = False, alone: bool = False) -> Outcome:
    """Of a rollout as it stands; `lost`: a goal is on its way and nobody holds the Lease; `alone`: nobody holds it."""
    if state is None:
        return Outcome(Exit.OK)
    if lost and state.phase not in ENDED:
        return Outcome(Exit.ORPHANED, f"canary run {title}")
    following = f"canary run {title}" if alone and state.phase in MOVING else _next(state, title)
    return Outcome(exit_of(state), following)


def exit_of(state: State) -> Exit:
    """0 at the end that was wanted, 10 while it is on its way."""
    match state.phase:
        case Phase.PROMOTED:
            return Exit.OK
        case Phase.ROLLED_BACK:
            return _BACK.get(state.cause, Exit.FAILED_SAFE)
        case Phase.DRIFTED:
            return Exit.DRIFT
        case Phase.FAILED:
            return _FAILED.get(state.cause, Exit.FINDINGS)
        case Phase.PAUSED:
            return _PAUSED.get(state.cause, Exit.WAITING)
        case _:
            return Exit.WAITING


def _next(state: State, title: str) -> str:
    match state.phase:
        case Phase.PROMOTED:
            return "" if state.ended else f"canary run {title}"
        case Phase.ROLLED_BACK | Phase.FAILED:
            return f"canary forget {title}"
        case Phase.DRIFTED:
            return f"canary rollback {title}"
        case Phase.PAUSED:
            return _from_pause(state, title)
        case Phase.PLANNED | Phase.PREFLIGHT:
            return f"canary start {title}"
        case _:
            return f"canary watch {title}"


def _from_pause(state: State, title: str) -> str:
    if state.paused_by:
        return f"canary resume {title}"
    if state.last and state.passed >= state.weight:
        return f"canary promote {title}"
    return f"canary run {title}"
