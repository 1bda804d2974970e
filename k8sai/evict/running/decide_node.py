"""What comes next for a node: cordoned and marked before anything is stopped; drained at the end; or given back.

For one GPU it is the same, with a taint in place of the cordon, and without conditions.
"""

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
        return _cordoned(node, see, settings) if node.pending.word in ("cordon", "taint") else None
    if not node.cordoned:
        word: Word = "taint" if node.device else "cordon"
        return Change(replace(node, pending=_intent(word, at, by, unschedulable=see.cordoned)))
    if not see.cordoned:
        return _released(node, "somebody has opened it: what still runs there stays")
    if not see.ours:
        return _released(node, "somebody has taken our mark off it: what still runs there stays")
    return None


def _cordoned(node: NodeState, see: NodeSeen, settings: Settings) -> Action:
    marked = see.marked == "draining" or not settings.conditions or node.device is not None
    if not (see.cordoned and see.ours and marked):
        return Push(node)
    if node.device:
        text = "tainted: nothing new is allocated on it"
        to = replace(node, pending=None, cordoned=True, ours=True, uid=see.uid)
        return Change(to, (Note("DeviceTainted", text),))
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
        return (
            Change(replace(node, reason=reason), (Note(f"{_what(node)}NotDrained", reason),))
            if not node.reason
            else None
        )
    if see.going:
        return Hold(f"node/{node.name}", f"{see.going[0]} to end")
    if node.device:
        return Change(
            replace(node, drained=True, reason=""), (Note("DeviceFree", "nobody holds it, and it stays closed"),)
        )
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
        text = "its taint is gone" if node.device else text
        return Change(replace(node, pending=None, released=True), (Note(f"{_what(node)}Released", text),))
    if node.pending and node.pending.word in ("uncordon", "untaint"):
        return Push(node)
    return Change(replace(node, pending=_intent("untaint" if node.device else "uncordon", at, by)))


def _released(node: NodeState, why: str) -> Action:
    note = Note(f"{_what(node)}Released", why)
    return Change(replace(node, pending=None, released=True, reason=why), (note,))


def _what(node: NodeState) -> str:
    return "Device" if node.device else "Node"


def _intent(word: Word, at: str, by: str, **before: object) -> Intent:
    return Intent(word, at, by, before=dict(before))
