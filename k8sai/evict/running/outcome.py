"""How a drain ended: its stage, and the exit code of `run`, `resume` and `status`."""

from k8sai.errors import Exit
from k8sai.evict.facts import Phase
from k8sai.evict.running.decide_gang import BLOCKED
from k8sai.evict.running.gang_words import ENDED_WELL
from k8sai.evict.state import GangState, NodeState, Stage, State

_THERE = frozenset((Phase.REQUEUED, Phase.RUNNING, Phase.RESTORED))


def stage_of(state: State) -> tuple[Stage, str]:
    """With the reason in one sentence. Of a drain in which nothing is left to do."""
    if blocked := _blocked(state):
        return Stage.BLOCKED, blocked
    if why := _short(state):
        return Stage.PARTIAL, why
    return Stage.DONE, ""


def exit_of(state: State) -> Exit:
    """DESIGN's table: 0, 10 not running again, 11 a budget, 12 no checkpoint and kept, 14 only some of it."""
    if state.stage in (Stage.RUNNING, Stage.ABORTING):
        return Exit.WAITING
    if state.stage is Stage.ABORTED:
        return Exit.FAILED_SAFE if state.reason else Exit.OK
    if state.stage is Stage.BLOCKED:
        return Exit.BLOCKED
    if state.stage is Stage.DONE:
        return Exit.WAITING if any(late(one) for one in state.gangs) else Exit.OK
    kept = [one for one in state.gangs if one.phase in (Phase.TIMED_OUT, Phase.FAILED) and not one.stops]
    moved = any(one.stops for one in state.gangs)
    return Exit.FAILED_SAFE if kept and not moved else Exit.PARTIAL


def late(gang: GangState) -> bool:
    """Stopped as planned, and not running again in the time it was given."""
    return gang.phase is Phase.REQUEUED and bool(gang.reason)


def well(gang: GangState) -> bool:
    """It came out as it was planned."""
    if gang.phase is Phase.SKIPPED:
        return gang.reason.startswith(ENDED_WELL)
    if gang.phase is Phase.RESTORED:
        return not gang.reason
    return gang.phase in _THERE


def _blocked(state: State) -> str:
    for gang in state.gangs:
        if gang.reason.startswith(BLOCKED):
            return f"{gang.ref.title} is {gang.reason}"
    return next((f"pod {one.pod.name}: {one.blocked}" for one in state.pods if one.blocked and not one.done), "")


def _named(node: NodeState) -> str:
    return " ".join(node.title.split("/", 1))


def _short(state: State) -> str:
    gangs = [f"{one.ref.title} {one.phase}: {one.reason}" for one in state.gangs if not well(one)]
    nodes = [f"{_named(one)}: {one.reason or 'not drained'}" for one in state.nodes if not one.drained]
    return "; ".join((*gangs, *nodes)[:3])
