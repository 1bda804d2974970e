"""What comes next for a pod that is no gang's: evicted last, with its uid, as soon as its budget lets it."""

from dataclasses import replace

from k8sai.ages import epoch, stamp
from k8sai.evict.running.actions import Action, Change, Hold, Note, Push
from k8sai.evict.running.seen import PodSeen
from k8sai.evict.state import Intent, PodState, Settings


def over(pod: PodState) -> bool:
    """Nothing more is done for it: it is gone, or a budget has kept it for good."""
    return pod.done or (bool(pod.reason) and pod.pending is None)


def next_for(pod: PodState, see: PodSeen, settings: Settings, at: float, by: str, *, stays: str = "") -> Action | None:
    """None: nothing more. `stays` is why its node is drained no more."""
    title = f"pod/{pod.pod.name}"
    if over(pod):
        return None
    if stays and see.there and not see.going:
        return Change(replace(pod, pending=None, blocked="", reason=stays), (Note("PodLeft", f"it stays: {stays}"),))
    if not see.there:
        text = "it is gone" if pod.evicted_at else "it went by itself"
        return Change(replace(pod, done=True, pending=None, blocked="", reason=""), (Note("PodGone", text),))
    if see.going:
        return Hold(title, f"pod {pod.pod.name} to end")
    if pod.pending is None:
        return Change(replace(pod, pending=Intent("evict", stamp(at), by)))
    if not see.blocked:
        return Push(pod)
    if see.never or at - epoch(pod.pending.at) >= settings.pdb_wait:
        return Change(
            replace(pod, pending=None, blocked=see.blocked, reason=see.blocked), (Note("EvictBlocked", see.blocked),)
        )
    if pod.blocked != see.blocked:
        return Change(replace(pod, blocked=see.blocked))
    return Hold(title, see.blocked, see.retry) if see.retry > 0 else Push(pod)


def back(pod: PodState) -> Action | None:
    """Toward a pod that is left alone; what was evicted stays evicted."""
    return Change(replace(pod, pending=None, reason="aborted")) if pod.pending else None
