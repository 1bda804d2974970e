"""How a state changes: each change a new one, with its lines in the journal."""

from collections.abc import Iterable
from dataclasses import replace

from k8sai.ages import stamp
from k8sai.evict.running.actions import Change, Note
from k8sai.evict.state import KEPT, OVER, GangState, Line, NodeState, PodState, Stage, State


def title(one: NodeState | GangState | PodState) -> str:
    """As the journal names it: `node/gpu-1`, `jobset/llm-70b`, `pod/web-1`."""
    if isinstance(one, NodeState):
        return one.title
    return one.ref.title if isinstance(one, GangState) else f"pod/{one.pod.name}"


def changed(state: State, changes: Iterable[Change], now: float, by: str) -> State:
    """All of them at once."""
    for change in changes:
        state = put(state, change.to)
        state = noted(state, title(change.to), change.notes, now, by)
    return state


def put(state: State, one: NodeState | GangState | PodState) -> State:
    """In place of what has its name, id or uid."""
    if isinstance(one, NodeState):
        return replace(state, nodes=tuple(one if old.name == one.name else old for old in state.nodes))
    if isinstance(one, GangState):
        return replace(state, gangs=tuple(one if old.id == one.id else old for old in state.gangs))
    return replace(state, pods=tuple(one if old.pod.uid == one.pod.uid else old for old in state.pods))


def noted(state: State, on: str, notes: Iterable[Note], now: float, by: str) -> State:
    """More lines."""
    lines = tuple(Line(stamp(now), by, note.word, on, note.text) for note in notes)
    return replace(state, journal=(*state.journal, *lines)[-KEPT:])


def staged(state: State, stage: Stage, reason: str, now: float, by: str) -> State:
    """In another stage, with the line that says so."""
    word = {Stage.ABORTING: "EvictAborting", Stage.ABORTED: "EvictAborted", Stage.BLOCKED: "EvictBlocked"}.get(
        stage, f"Evict{stage}"
    )
    ended = stamp(now) if stage in OVER else ""
    state = replace(state, stage=stage, reason=reason, ended=ended)
    return noted(state, f"drain/{state.id}", (Note(word, reason),), now, by)


def gang_of(state: State, gang: GangState) -> GangState:
    """As it is in this state."""
    return next(one for one in state.gangs if one.id == gang.id)
