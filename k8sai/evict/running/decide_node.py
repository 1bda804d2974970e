"""What comes next for a node: cordoned and marked before anything is stopped; drained at the end; or given back."""

from dataclasses import replace

from k8sai.evict.running.actions import Action, Change, Hold, Note, Push
from k8sai.evict.running.seen import NodeSeen
from k8sai.evict.state import Intent, NodeState, Settings, Word


def ready(node: NodeState, see: NodeSeen) -> bool:
    """Nothing new lands on it, seen by reading it back."""
    return node.released or not see.there or (node.cordoned and see.cordoned and see.ours)


def cordon(node: NodeState, see: NodeSeen, settings: Settings, at: str, by: str) -> Action | None:
    """Toward a cordoned node; None: it is, or is nobody's any more."""
    if node.released:
        return None
    if not see.there:
        return _released(node, "it is gone")
    if node.pending:
        return _cordoned(node, see, settings) if node.pending.word == "cordon" else None
    if not node.cordoned:
        return Change(replace(node, pending=_intent("cordon", at, by, unschedulable=see.cordoned)))
    if not see.cordoned:
        return _released(node, "somebody has uncordoned it: what still runs there stays")
    if not see.ours:
        return _released(node, "somebody has taken our mark off it: what still runs there stays")
    return None


def _cordoned(node: NodeState, see: NodeSeen, settings: Settings) -> Action:
    if not (see.cordoned and see.ours and (see.marked == "draining" or not settings.conditions)):
        return Push(node)
    text = "cordoned" if see.by_us else "was cordoned already, and stays so"
    return Change(replace(node, pending=None, cordoned=True, ours=see.by_us), (Note("NodeCordoned", text),))


def drain(node: NodeState, see: NodeSeen, settings: Settings, at: str, by: str, *, over: bool) -> Action | None:
    """Once all gangs and pods are dealt with (`over`); None: there is nothing left to do for it."""
    if node.released or node.drained or not over:
        return None
    if not see.there:
        return _released(node, "it is gone")
    if see.left:
        more = f" and {len(see.left) - 3} more" if len(see.left) > 3 else ""
        reason = f"still there: {', '.join(see.left[:3])}{more}"
        return Change(replace(node, reason=reason), (Note("NodeNotDrained", reason),)) if not node.reason else None
    if see.going:
        return Hold(f"node/{node.name}", f"{see.going[0]} to end")
    if settings.conditions and see.marked != "drained":
        return Push(node) if node.pending else Change(replace(node, pending=_intent("mark", at, by)))
    return Change(replace(node, pending=None, drained=True, reason=""), (Note("NodeDrained", "drained"),))


def give_back(node: NodeState, see: NodeSeen, at: str, by: str) -> Action | None:
    """Toward a node as it was before we came; None: it is."""
    if node.released:
        return None
    if not see.there:
        return _released(node, "it is gone")
    if not (see.ours or see.by_us or see.marked):
        text = "uncordoned" if node.ours and not see.cordoned else "as it was"
        return Change(replace(node, pending=None, released=True), (Note("NodeReleased", text),))
    if node.pending and node.pending.word == "uncordon":
        return Push(node)
    return Change(replace(node, pending=_intent("uncordon", at, by)))


def _released(node: NodeState, why: str) -> Action:
    return Change(replace(node, pending=None, released=True, reason=why), (Note("NodeReleased", why),))


def _intent(word: Word, at: str, by: str, **before: object) -> Intent:
    return Intent(word, at, by, before=dict(before))
